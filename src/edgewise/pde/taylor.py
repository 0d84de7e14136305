"""Truncated Taylor polynomials in several variables, as tensors (a, ...) of their coefficients.

a: position in `Indices`; whatever comes after it is alike for all coefficients. A coefficient is a derivative divided
by the factorials of its multi-index.

Source: Griewank & Walther, "Evaluating Derivatives" (2008), chapter 13.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .indices import Indices


def multiply(left: Tensor, right: Tensor, indices: Indices) -> Tensor:
    """The product of two polynomials."""
    total = torch.zeros_like(left)
    for pair in indices.pairs:
        total[pair.total].addcmul_(left[pair.left], right[pair.right])
    return total


def pull(cotangent: Tensor, factor: Tensor, indices: Indices) -> Tensor:
    """What the cotangent of a product is to one of its factors, given the other: the transpose of `multiply`."""
    total = torch.zeros_like(cotangent)
    for pair in indices.pairs:
        total[pair.left] += cotangent[pair.total] * factor[pair.right]
    return total


def powers(inner: Tensor, indices: Indices) -> list[Tensor]:
    """v^k / k! for k = 0, 1, ... with v the polynomial without its constant.

    The k-th has no coefficients below order k, which are left out: it is (a - starts[k], ...). So f(inner) is the sum
    over k of the k-th derivative of f at the constant times the k-th of these.
    """
    found = [torch.ones_like(inner[:1])]
    if indices.order:
        found.append(inner[1:])
    for k in range(2, indices.order + 1):
        start, before = indices.starts[k], indices.starts[k - 1]
        raised = torch.zeros_like(inner[start:])
        for pair in indices.pairs:
            if pair.left >= before and pair.right >= 1 and pair.total >= start:
                raised[pair.total - start].addcmul_(found[-1][pair.left - before], inner[pair.right], value=1.0 / k)
        found.append(raised)
    return found


def composed(derivatives: list[Tensor], raised: list[Tensor], indices: Indices) -> Tensor:
    """f(inner) from f, f', f'', ... at the constant, each (...), and the `powers` of the inner polynomial.

    Powers (a, b, i, 1) go with derivatives (b, i, r) of r functions each.
    """
    shape = torch.broadcast_shapes(raised[0].shape[1:], derivatives[0].shape)
    total = derivatives[0].new_zeros(len(indices), *shape)
    total[0] = derivatives[0]
    for k in range(1, indices.order + 1):
        total[indices.starts[k] :] += raised[k] * derivatives[k]
    return total
