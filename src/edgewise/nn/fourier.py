"""FourierLayer: edges of waves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .basis_layer import BasisLayer


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
