"""Batched cotangents: `torch.autograd.grad(..., is_grads_batched=True)` and
`torch.autograd.functional.jacobian(vectorize=True)`.

They run on torch's first vmap, which knows nothing of the rules in `batching`, and hands its wrapped tensors to the raw
kernels. Here they are unwrapped, sent through the same rules, and wrapped again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_is_wrapped = torch._C._functorch.is_legacy_batchedtensor  # type: ignore[attr-defined]


def batched(*tensors: Tensor | None) -> bool:
    """Whether one of the tensors is wrapped by the first vmap (60 ns a tensor)."""
    return any(t is not None and _is_wrapped(t) for t in tensors)


def call(rule: Callable[..., Any], tensors: tuple[Tensor | None, ...], *rest: Any) -> Any:
    """Apply a rule of `batching` to wrapped tensors; the result is wrapped."""
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    dims = tuple(0 if batched(t) else None for t in tensors)
    plain = [torch._remove_batch_dim(t, level, 1, 0) if d == 0 else t for t, d in zip(tensors, dims, strict=True)]  # type: ignore[arg-type]
    if batched(*plain):
        raise NotImplementedError(
            "batched cotangents inside batched cotangents; use torch.func.vmap for nested batches"
        )
    size = next(t.shape[0] for t, d in zip(plain, dims, strict=True) if d == 0 and t is not None)
    result, _ = rule(size, dims + (None,) * len(rest), *plain, *rest)
    if isinstance(result, tuple):
        return tuple(torch._add_batch_dim(t, 0, level) for t in result)
    return (
        torch._add_batch_dim(result, 0, level)
        if rule.__name__ != "to_coef"
        else (torch._add_batch_dim(result, 0, level), None)
    )
