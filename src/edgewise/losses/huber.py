"""Huber's loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import is_number
from ..errors import ConfigError, shown
from .location import Location, at_rest
from .statistics import mean_of


@dataclass(frozen=True)
class Huber(Location):
    """Squares of small residuals, absolute values of large ones, so that none pulls harder than those at the threshold.

    With u = (y - f) / scale: u^2 / 2 up to |u| = delta, then delta (|u| - delta / 2). The scale is that of Huber's
    second proposal (Robust Statistics, 1981, section 6.4), found with the fit.

    Args:
        delta: the threshold in standard deviations of the noise. At 1.345, a mean of normal numbers is 95 % as sharp
            as with squares (Holland & Welsch 1977, doi:10.1080/03610927708827533).
        scale: fixed, in units of the targets; None lets the fit find it.

    >>> Huber(delta=1.0).rows(torch.tensor([[0.0]]), torch.tensor([[3.0]]))
    tensor([2.5000])
    """

    delta: float = 1.345
    name = "huber"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.delta) or not self.delta > 0:
            raise ConfigError(f"delta must be a number > 0, got {shown(self.delta)}")

    def rho(self, u: Tensor) -> Tensor:
        """u^2 / 2, then straight."""
        size = u.abs()
        return torch.where(size <= self.delta, 0.5 * u.square(), self.delta * (size - 0.5 * self.delta))

    def psi(self, u: Tensor) -> Tensor:
        """u between the thresholds."""
        return u.clamp(-self.delta, self.delta)

    def turn(self, u: Tensor) -> Tensor:
        """1 between the thresholds."""
        return (u.abs() <= self.delta).to(u)

    def spread_of(self, residual: Tensor, weight: Tensor | None, free: float, begin: float) -> float:
        """Residuals in units of it, cut at the threshold, have the variance of normal numbers cut there."""
        c = self.delta
        tail = 0.5 * math.erfc(c / math.sqrt(2))
        normal = 2 * c**2 * tail + 1 - 2 * tail - 2 * c * math.exp(-0.5 * c**2) / math.sqrt(2 * math.pi)

        def step(spread: float) -> float:
            return spread * (mean_of(self.psi(residual / spread).square(), weight) / (normal * free)) ** 0.5

        return at_rest(step, begin)
