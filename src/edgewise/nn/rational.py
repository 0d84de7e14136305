"""RationalLayer: edges of quotients of polynomials, with denominators that are learned."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import GridError, StructureError
from ..grid import MOST_ADDED
from .basis_layer import BasisLayer
from .rebasing import Rebasing


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

        From (B Q)^(n) = (u^m)^(n) follows B^(n) Q = (u^m)^(n) - sum over k from 1 to n of C(n,k) Q^(k) B^(n-k). For
        |u| > 1 both sides are divided by the highest power of u in Q, so that none overflows.
        """
        squares = torch.cat([torch.ones_like(self.denominator[:, :1]), self.denominator.square()], 1)
        even = range(0, 2 * squares.shape[1], 2)
        found: list[Tensor] = []
        q = [_powers(u, even, order, even[-1]).mul(squares).sum(-1) for order in range(derivative + 1)]
        for n in range(derivative + 1):
            value = _powers(u, range(self.num_basis), n, even[-1])
            for k in range(1, n + 1):
                value = value - math.comb(n, k) * q[k][..., None] * found[n - k]
            found.append(value / q[0][..., None])
        return found[derivative]

    def refinement(self, num_basis: int) -> Rebasing:
        """Numerator and denominator times 1 + u^2 + ... + u^2m: no new q_k is 0, where its gradient would be 0 too."""
        if self.num_basis % 2 and not num_basis % 2:
            raise StructureError(
                f"a quotient of {self.num_basis} basis functions is none of {num_basis}, as its polynomials grow by"
                f" even powers; take grid_size={num_basis + 1}"
            )
        halves = 1 + num_basis // 2, 1 + self.num_basis // 2
        own = {"denominator": _steps(*halves, 1)[1:]}
        return Rebasing(num_basis, self.domain, _steps(num_basis, self.num_basis, 2), own=own)

    def extension(self, low: float, high: float) -> Rebasing:
        """A domain around the same centre, in the unit of which u^k is another multiple."""
        middle, half = 0.5 * (self.domain[0] + self.domain[1]), 0.5 * (self.domain[1] - self.domain[0])
        reach = max(middle - low, high - middle, half)
        if reach > MOST_ADDED * half:  # no grid would be extended over so many intervals of half a domain
            raise GridError(
                f"rows lie {reach / half:.3g} times as far outside as the domain reaches; use adapt(module, X)"
            )
        powers = (reach / half) ** torch.arange(self.num_basis, dtype=torch.float64)
        own = self.follow_domain(self.num_basis, reach / half)
        return Rebasing(self.num_basis, (middle - reach, middle + reach), powers.diag(), own=own)

    def follow_domain(self, num_basis: int, stretch: float) -> dict[str, Tensor]:
        """The squares of the q_k for `stretch` times u; new ones are 1, as in a fresh layer."""
        before, after = self.num_basis // 2, num_basis // 2
        matrix = torch.zeros(after, 1 + before, dtype=torch.float64)
        matrix[:before, 1:] = (stretch ** (2 * torch.arange(1, 1 + before, dtype=torch.float64))).diag()[:after]
        matrix[before:, 0] = 1.0
        return {"denominator": matrix}


def _powers(u: Tensor, powers: range, order: int, highest: int) -> Tensor:
    """A derivative of u to each of these powers, over u^highest where |u| > 1: (..., i) -> (..., i, powers).

    >>> _powers(torch.tensor([4.0]), range(3), 1, 2)
    tensor([[0.0000, 0.0625, 0.5000]])
    """
    far = u.abs() > 1
    t = torch.where(far, 1 / torch.where(far, u, 1.0), u)  # |t| <= 1; no 1/0 whose gradient would be NaN
    columns = [
        math.perm(m, order) * torch.where(far, _power(t, highest + order - m), _power(t, m - order))
        if m >= order
        else torch.zeros_like(u)
        for m in powers
    ]
    return torch.stack(columns, -1)


def _power(t: Tensor, exponent: int) -> Tensor:
    return t**exponent if exponent else torch.ones_like(t)


def _steps(rows: int, columns: int, step: int) -> Tensor:
    """The matrix (rows, columns) that multiplies a polynomial by 1 + u^step + u^(2 step) + ..., to the power rows - 1.

    >>> _steps(4, 2, 2).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    up = torch.arange(rows)[:, None] - torch.arange(columns)
    return ((up >= 0) & (up % step == 0) & (up <= rows - columns)).double()
