"""The independent truth of the tests: derivatives and Jacobians by nested reverse-mode autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from edgewise.model import KAN


def factor_by_factor(model: KAN) -> Callable[[Tensor], Tensor]:
    """The network as a function whose nodes multiply one factor after the other.

    torch differentiates `prod` by dividing by each factor, so near a zero of a factor every order loses three digits.
    """

    def forward(x: Tensor) -> Tensor:
        a = model.scale_inputs(x)
        for number, layer in enumerate(model.edge_layers, start=1):
            subnodes, nodes, position = layer(a), [], 0
            for factors in model.topology.factors[number]:
                node = subnodes[:, position]
                for other in range(1, len(factors)):
                    node = node * subnodes[:, position + other]
                nodes.append(node)
                position += len(factors)
            a = torch.stack(nodes, 1)
        return model.unscale(a)

    return forward


def partial(module: Callable[[Tensor], Any], x: Tensor, entry: tuple[int, ...]) -> Tensor:
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
