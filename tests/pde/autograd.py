"""The independent truth of the tests: derivatives and Jacobians by nested reverse-mode autograd."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def partial(module: nn.Module, x: Tensor, entry: tuple[int, ...]) -> Tensor:
    """The derivative of this multi-index at x (b, d), which requires a gradient: (b, o)."""
    found = []
    for column in module(x).unbind(1):
        for axis, times in enumerate(entry):
            for _ in range(times):
                slope = None
                if column.requires_grad:
                    slope = torch.autograd.grad(column.sum(), x, create_graph=True, allow_unused=True)[0]
                column = torch.zeros_like(column) if slope is None else slope[:, axis]
        found.append(column)
    return torch.stack(found, 1)


def jacobian(residual: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """(b, k, P) of residuals (b, k) by parameters, one after the other."""
    rows = []
    for value in residual.flatten():
        slopes = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
        parts = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, slopes, strict=True)]
        rows.append(torch.cat([part.reshape(-1) for part in parts]))
    return torch.stack(rows).view(*residual.shape, -1)
