"""ChebyshevLayer: edges of Chebyshev polynomials."""

from __future__ import annotations

import torch
from torch import Tensor

from .basis_layer import BasisLayer
from .rebasing import Rebasing, padded


class ChebyshevLayer(BasisLayer):
    """Edges of Chebyshev's polynomials T_1(u) ... T_j(u). Outside the domain each goes on along its tangent.

    Arguments are those of `BasisLayer`. T_0 is left out: constants belong into the bias.

    Source: Sidharth et al. 2024 (arXiv 2405.07200), there of tanh(x), which flattens the ends.

    >>> ChebyshevLayer(3, 2)(torch.zeros(7, 5, 3)).shape
    torch.Size([7, 5, 2])
    """

    def basis(self, u: Tensor, derivative: int = 0) -> Tensor:
        """The polynomials, or a derivative: (..., i) -> (..., i, j)."""
        inside = u.clamp(-1, 1)
        orders = self._orders(inside, max(1, derivative))
        if derivative == 0:
            return orders[0] + orders[1] * (u - inside)[..., None]
        if derivative == 1:
            return orders[1]
        return torch.where((u == inside)[..., None], orders[derivative], 0.0)

    def refinement(self, num_basis: int) -> Rebasing:
        """Polynomials of higher degrees, with coefficients of zero."""
        return Rebasing(num_basis, self.domain, padded(num_basis, self.num_basis))

    def _orders(self, u: Tensor, highest: int) -> list[Tensor]:
        """T_1 ... T_j and their derivatives up to an order, by T_n+1^(v) = 2 u T_n^(v) + 2 v T_n^(v-1) - T_n-1^(v)."""
        zero, one = torch.zeros_like(u), torch.ones_like(u)
        before = [one, *[zero] * highest]
        now = [u, one, *[zero] * (highest - 1)]
        columns = [now]
        for _ in range(self.num_basis - 1):
            following = [2 * u * now[v] + (2 * v * now[v - 1] if v else 0.0) - before[v] for v in range(highest + 1)]
            before, now = now, following
            columns.append(now)
        return [torch.stack([column[v] for column in columns], -1) for v in range(highest + 1)]
