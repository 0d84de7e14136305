"""The raw kernels for callers that may hold batched cotangents.

`torch.autograd.grad(..., is_grads_batched=True)` and `torch.autograd.functional.jacobian(vectorize=True)` run on
torch's first vmap. It knows nothing of the rules in `batching`, and hands its wrapped tensors to the raw kernels. Here
they are unwrapped, sent through the same rules, and wrapped again; all other tensors go to `dispatch`.

`kernels` are the differentiable kernels that the rules call again. Other arguments are those of `dispatch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import batching, dispatch
from .kernels import Kernels
from .reference import Spec, without_base

_is_wrapped = torch._C._functorch.is_legacy_batchedtensor  # type: ignore[attr-defined]


def batched(*tensors: Tensor | None) -> bool:
    """Whether one of the tensors is wrapped by the first vmap (60 ns a tensor)."""
    for t in tensors:  # a loop: `any` over a generator takes twice as long
        if t is not None and _is_wrapped(t):
            return True
    return False


def _call(rule: Callable[..., Any], kernels: Kernels, tensors: tuple[Tensor | None, ...], *rest: Any) -> Any:
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
    result, _ = rule(kernels, size, dims + (None,) * len(rest), *plain, *rest)
    if isinstance(result, tuple):
        return tuple(torch._add_batch_dim(t, 0, level) for t in result)
    return torch._add_batch_dim(result, 0, level)


def to_out(
    kernels: Kernels,
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    bias: Tensor | None = None,
) -> Tensor:
    """Raw kernel dS/dg (+ bias), (b, o)."""
    if batched(x, h, coef, scale):
        out = _call(batching.to_out, kernels, (x, h, coef, scale, knots), spec, nu)
        return out if bias is None else out + bias
    return dispatch.to_out(x, h, coef, scale, knots, spec, nu, bias)


def to_in(
    kernels: Kernels,
    x: Tensor,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
) -> Tensor:
    """Raw kernel dS/dh, (b, i)."""
    if batched(x, g, coef, scale):
        return _call(batching.to_in, kernels, (x, g, coef, scale, knots), spec, nu)
    return dispatch.to_in(x, g, coef, scale, knots, spec, nu)


def to_coef(
    kernels: Kernels, x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """Raw kernel dS/dc, (i, j, o) and (i, o) or None."""
    if batched(x, h, g):
        result = _call(batching.to_coef, kernels, (x, h, g, knots), spec, nu)
        return result if isinstance(result, tuple) else (result, None)
    return dispatch.to_coef(x, h, g, knots, spec, nu)


def backward(
    kernels: Kernels,
    x: Tensor,
    h: Tensor | None,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    with_bias: bool = False,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """The first derivatives of `to_out` at once; h and g may be wrapped: see `dispatch.backward`."""
    if not batched(h, g):
        return dispatch.backward(x, h, g, coef, scale, knots, spec, nu, with_bias)
    dx = to_in(kernels, x, g, coef, scale, knots, spec, nu + 1)
    dc, ds = to_coef(kernels, x, h, g, knots, without_base(spec, scale), nu)
    return dx if h is None else h * dx, dc, ds, g.sum(0) if with_bias else None


def basis(kernels: Kernels, x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """Raw local basis, (b, i) and (b, i, p+1)."""
    if batched(x):
        return _call(batching.basis, kernels, (x, knots), spec, nu)
    return dispatch.basis(x, knots, spec, nu)
