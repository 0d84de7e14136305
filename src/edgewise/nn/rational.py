"""RationalLayer: edges of quotients of polynomials, with denominators that are learned."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from .basis_layer import BasisLayer


class RationalLayer(BasisLayer):
    """Edges P(u) / Q(u): the numerator is the edge's own, the denominator that of its input node.

    Q = 1 + sum_k (q_k u^k)^2 for k = 1 ... j // 2: no edge has a pole, and all stay bounded. Arguments are those of
    `BasisLayer`, of which `num_basis` are the coefficients of P. Take it for functions with steep places and flat ends.

    Attributes:
        denominator (i, j // 2): the numbers q_k.

    Source: Molina et al. 2020 (arXiv 1907.06732); shared denominators as in Yang & Wang 2024 (arXiv 2409.10594).

    >>> RationalLayer(3, 2)(torch.zeros(7, 5, 3)).shape
    torch.Size([7, 5, 2])
    """

    denominator: nn.Parameter
    least = 2

    def _own_parameters(self, options: dict[str, Any]) -> None:
        self.denominator = nn.Parameter(torch.empty(self.in_features, self.num_basis // 2, **options))

    def _reset_own(self) -> None:
        nn.init.ones_(self.denominator)

    def basis(self, u: Tensor, derivative: int = 0) -> Tensor:
        """u^0 / Q ... u^(j-1) / Q, or a derivative: (..., i) -> (..., i, j).

        From (B Q)^(n) = (u^m)^(n) follows B^(n) Q = (u^m)^(n) - sum over k from 1 to n of C(n,k) Q^(k) B^(n-k).
        """
        squares = torch.cat([torch.ones_like(self.denominator[:, :1]), self.denominator.square()], 1)
        even = range(0, 2 * squares.shape[1], 2)
        found: list[Tensor] = []
        q = [self._powers(u, even, order).mul(squares).sum(-1) for order in range(derivative + 1)]
        for n in range(derivative + 1):
            value = self._powers(u, range(self.num_basis), n)
            for k in range(1, n + 1):
                value = value - math.comb(n, k) * q[k][..., None] * found[n - k]
            found.append(value / q[0][..., None])
        return found[derivative]

    @staticmethod
    def _powers(u: Tensor, powers: range, order: int) -> Tensor:
        """A derivative of u to each of these powers: (..., i) -> (..., i, powers)."""
        columns = [
            math.perm(m, order) * (u ** (m - order) if m > order else torch.ones_like(u))
            if m >= order
            else torch.zeros_like(u)
            for m in powers
        ]
        return torch.stack(columns, -1)
