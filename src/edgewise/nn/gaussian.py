"""GaussianLayer: edges of Gaussian bumps (radial basis functions), as in FastKAN."""

from __future__ import annotations

import torch
from torch import Tensor

from .basis_layer import BasisLayer
from .rebasing import Rebasing, whole_units


class GaussianLayer(BasisLayer):
    """Edges of Gaussians exp(-t^2), t = (u - centre) / spacing, whose centres lie evenly on the domain.

    Far outside of it only the base function is left. Arguments are those of `BasisLayer`.

    Source: Li 2024 (arXiv 2405.06721).

    >>> GaussianLayer(3, 2)(torch.zeros(7, 5, 3)).shape
    torch.Size([7, 5, 2])
    """

    least = 2

    def basis(self, u: Tensor, derivative: int = 0) -> Tensor:
        """The bumps, or a derivative: (..., i) -> (..., i, j). The n-th is (-1/spacing)^n H_n(t) exp(-t^2)."""
        spacing = 2.0 / (self.num_basis - 1)
        centres = torch.linspace(-1, 1, self.num_basis, dtype=u.dtype, device=u.device)
        t = (u[..., None] - centres) / spacing
        bump = torch.exp(-t.square())
        before, hermite = torch.zeros_like(t), torch.ones_like(t)
        for order in range(derivative):
            before, hermite = hermite, 2 * t * hermite - 2 * order * before
        return bump if derivative == 0 else (-1.0 / spacing) ** derivative * hermite * bump

    def extension(self, low: float, high: float) -> Rebasing:
        """Bumps at the same distances beyond the ends, with coefficients of zero."""
        spacing = (self.domain[1] - self.domain[0]) / (self.num_basis - 1)
        left, right = whole_units(self.domain[0] - low, spacing), whole_units(high - self.domain[1], spacing)
        matrix = torch.zeros(left + self.num_basis + right, self.num_basis, dtype=torch.float64)
        matrix[left : left + self.num_basis].fill_diagonal_(1.0)
        return Rebasing(len(matrix), (self.domain[0] - left * spacing, self.domain[1] + right * spacing), matrix)
