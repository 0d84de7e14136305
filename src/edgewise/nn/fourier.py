"""FourierLayer: edges of waves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .basis_layer import BasisLayer
from .rebasing import Rebasing, padded, whole_units


class FourierLayer(BasisLayer):
    """Edges of waves sin(w u), cos(w u) with w = pi/2, 2 pi/2, ...: so the ends of the domain need not agree.

    Arguments are those of `BasisLayer`; an odd number of basis functions ends with a sine. Take it for functions that
    are periodic, or rough everywhere alike.

    Source: Xu et al. 2024 (arXiv 2406.01034).

    >>> FourierLayer(3, 2)(torch.zeros(7, 5, 3)).shape
    torch.Size([7, 5, 2])
    """

    def basis(self, u: Tensor, derivative: int = 0) -> Tensor:
        """The waves, or a derivative: (..., i) -> (..., i, j). A derivative turns a wave by a quarter."""
        number = torch.arange(self.num_basis, dtype=u.dtype, device=u.device)
        frequency = 0.5 * math.pi * (1 + (number / 2).floor())
        phase = 0.5 * math.pi * (number % 2 + derivative)
        return frequency**derivative * torch.sin(frequency * u[..., None] + phase)

    def refinement(self, num_basis: int) -> Rebasing:
        """Waves of higher frequencies, with coefficients of zero."""
        return Rebasing(num_basis, self.domain, padded(num_basis, self.num_basis))

    def extension(self, low: float, high: float) -> Rebasing:
        """A domain s times as long around the same centre: every wave is the one of s times its number there."""
        middle, half = 0.5 * (self.domain[0] + self.domain[1]), 0.5 * (self.domain[1] - self.domain[0])
        times = 1 + whole_units(max(middle - low, high - middle) - half, half, self.num_basis)
        old = torch.arange(self.num_basis)
        new = 2 * ((1 + old // 2) * times - 1) + old % 2
        matrix = torch.zeros(int(new[-1]) + 1, self.num_basis, dtype=torch.float64)
        matrix[new, old] = 1.0
        return Rebasing(len(matrix), (middle - times * half, middle + times * half), matrix)
