"""Partial derivatives of a function that a user wrote in torch, by nested autograd.

Letters: a multi-index, b point, d input, c column.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .indices import Index, Indices


def function_jets(function: Callable[[Tensor], Tensor], x: Tensor, indices: Indices) -> Tensor:
    """Every partial derivative (a, b, c) of a function (b, d) -> (b, c) that treats points one by one, at x (b, d).

    >>> indices = Indices.closing([(2, 0), (0, 1)])
    >>> function_jets(lambda x: x[:, :1] ** 2 * x[:, 1:], torch.tensor([[3.0, 2.0]]), indices)[:, 0, 0].tolist()
    [18.0, 9.0, 12.0, 4.0]
    """
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        made: dict[Index, Tensor] = {indices.entries[0]: function(x)}
        slopes: dict[Index, Tensor] = {}  # (b, c, d) of each multi-index that was differentiated
        for entry in indices.entries[1:]:  # each from one of lower order, which stands before it
            axis = next(number for number, times in enumerate(entry) if times)
            below = tuple(times - (number == axis) for number, times in enumerate(entry))
            if below not in slopes:
                slopes[below] = _slopes(made[below], x, again=sum(entry) < indices.order)
            made[entry] = slopes[below][:, :, axis]
    return torch.stack([made[entry].detach() for entry in indices.entries])


def _slopes(y: Tensor, x: Tensor, *, again: bool) -> Tensor:
    """The derivatives (b, c, d) of y (b, c) by x (b, d); zero where y does not depend on x."""
    found = []
    for column in y.unbind(1):
        slope = None
        if column.requires_grad:
            (slope,) = torch.autograd.grad(column.sum(), x, create_graph=again, retain_graph=True, allow_unused=True)
        found.append(torch.zeros_like(x) if slope is None else slope)
    return torch.stack(found, 1)
