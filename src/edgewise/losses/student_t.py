"""The likelihood of Student's t distribution."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import is_number
from ..errors import ConfigError, shown
from .location import Location, at_rest
from .statistics import mean_of


@dataclass(frozen=True)
class StudentT(Location):
    """Negative log-likelihood of noise from Student's t distribution: the farther a row is off, the less it pulls.

    With u = (y - f) / scale: (freedom + 1) / 2 log(1 + u^2 / freedom). The scale is that of the highest likelihood,
    found with the fit.

    Args:
        freedom: degrees of freedom; fewer mean heavier tails. 4 serves most tables (Lange, Little & Taylor 1989,
            doi:10.1080/01621459.1989.10478852).
        scale: fixed, in units of the targets; None lets the fit find it.

    >>> StudentT(freedom=1.0).rows(torch.tensor([[0.0]]), torch.tensor([[1.0]]))
    tensor([0.6931])
    """

    freedom: float = 4.0
    name = "student_t"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.freedom) or not self.freedom > 0:
            raise ConfigError(f"freedom must be a number > 0, got {shown(self.freedom)}")

    def rho(self, u: Tensor) -> Tensor:
        """It grows like a logarithm."""
        return 0.5 * (self.freedom + 1) * torch.log1p(u.square() / self.freedom)

    def psi(self, u: Tensor) -> Tensor:
        """It falls again beyond the root of the degrees of freedom."""
        return self._weight(u) * u

    def turn(self, u: Tensor) -> Tensor:
        """That of the parabola that touches the loss here and bounds it from above."""
        return self._weight(u)

    def information(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The parabola is steeper than the loss: by so much, in the mean over the distribution."""
        return (self.freedom + 1) / (self.freedom + 3) * self.bends(prediction, target)

    def _weight(self, u: Tensor) -> Tensor:
        return (self.freedom + 1) / (self.freedom + u.square())

    def spread_of(self, residual: Tensor, weight: Tensor | None, free: float, begin: float) -> float:
        """Of the highest likelihood."""

        def step(spread: float) -> float:
            u = residual / spread
            return spread * (mean_of(self._weight(u) * u.square(), weight) / free) ** 0.5

        return at_rest(step, begin)
