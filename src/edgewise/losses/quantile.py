"""Quantiles, and the median, whose loss is the absolute error.

The loss has a kink, and no curvature anywhere else. It is smoothed: u q + h log(1 + exp(-u / h)), which is its
convolution with a logistic density of width h (Horowitz 1998, doi:10.2307/2999619; He et al. 2023,
doi:10.1016/j.jeconom.2021.07.010). A fit begins with a wide one and ends with a narrow one, both in units of the scale,
which is about the mean loss of what is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ..config import is_number
from ..errors import ConfigError, shown
from .location import Location
from .loss import middle
from .statistics import mean_of, weighted_quantile

FLOOR = 1e-6  # of residuals in the curvature of a kink, in units of the scale: its parabola would have none below


@dataclass(frozen=True)
class Kink(Location):
    """A loss with a kink at zero, and constant slopes on either side. A subclass gives `part`, the part of the targets
    that is to lie below, and `times`, the sum of both slopes."""

    width: float = field(default=0.0, kw_only=True)
    reach: float = field(default=0.5, kw_only=True, repr=False)  # of the kernel that tells a density, in units of scale
    times: ClassVar[float] = 1.0
    widths: ClassVar[tuple[float, ...]] = (0.5, 0.1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.width) or self.width < 0:
            raise ConfigError(f"width must be a number >= 0, got {shown(self.width)}")

    def at_width(self, width: float) -> Self:
        """Smoothed by this width."""
        return replace(self, width=width)

    @property
    def part(self) -> float:
        """The part of the targets that is to lie below the prediction."""
        raise NotImplementedError

    def rho(self, u: Tensor) -> Tensor:
        """The kink, or what smooths it."""
        below = self.width * softplus(-u / self.width) if self.width else (-u).clamp(min=0)
        return self.times * (self.part * u + below)

    def psi(self, u: Tensor) -> Tensor:
        """From one slope to the other."""
        step = torch.sigmoid(-u / self.width) if self.width else 0.5 * (1 - u.sign())
        return self.times * (self.part - step)

    def turn(self, u: Tensor) -> Tensor:
        """Of the smoothed loss; without smoothing that of a parabola that bounds the kink (Hunter & Lange 2000,
        doi:10.1080/10618600.2000.10474866)."""
        if not self.width:
            return self.times * 0.5 / u.abs().clamp(min=FLOOR)
        share = torch.sigmoid(-u / self.width)
        return self.times * share * (1 - share) / self.width

    def information(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Of a wide kernel: a narrow one would take the rows that a fit has caught for information."""
        return self.at_width(max(self.width, self.reach)).bends(prediction, target)

    def kink(self, residual: Tensor) -> Tensor:
        """The loss of residuals without smoothing, in their own units."""
        return self.times * (self.part * residual + (-residual).clamp(min=0))

    def spread_of(self, residual: Tensor, weight: Tensor | None, free: float, begin: float) -> float:
        """That of an asymmetric Laplace distribution, whose losses are exponential numbers, by their median: outliers
        move a mean. Koenker & Machado 1999, doi:10.1080/01621459.1999.10473882."""
        losses = self.kink(residual)
        found = float(weighted_quantile(losses, weight, 0.5)) / math.log(2)
        return (found if found > 0 else mean_of(losses, weight)) / free

    def about(self, target: Tensor, weight: Tensor | None = None) -> Self:
        """With the scale that targets (b, k) have about their quantile."""
        return self.tuned(target - middle(target, weight, self.part), weight, least=self.least_scale(target))

    def constant(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The quantile."""
        return middle(target, weight, self.part)


@dataclass(frozen=True)
class Quantile(Kink):
    """The loss whose minimum is a quantile: q (y - f) where y lies above, (1 - q) (f - y) below; in units of scale.

    Args:
        quantile (above 0, below 1): q, the part of the targets that is to lie below the prediction.
        scale: fixed, in units of the targets; None lets the fit find it.
        width: of the smoothing, in units of the scale. A fit sets it itself, from wide to narrow.

    >>> Quantile(0.9).rows(torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [-1.0]]))
    tensor([0.9000, 0.1000])
    """

    quantile: float = 0.5
    name = "quantile"
    headline: ClassVar[str] = "quantile_loss"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.quantile) or not 0 < self.quantile < 1:
            raise ConfigError(f"quantile must be a number above 0 and below 1, got {shown(self.quantile)}")

    @property
    def part(self) -> float:
        """The quantile."""
        return self.quantile

    def metrics(self, prediction: Tensor, target: Tensor, share: Tensor) -> dict[str, float]:
        """The loss in units of the targets, and the part of them below the predictions; no figure of a mean."""
        loss = float(share @ self.kink(target - prediction).mean(1))
        return {"quantile_loss": loss, "coverage": float(share @ (target <= prediction).double().mean(1))}


@dataclass(frozen=True)
class AbsoluteError(Kink):
    """The absolute error |y - f|, in units of scale; its minimum is the median.

    Args:
        scale: fixed, in units of the targets; None lets the fit find it.
        width: of the smoothing, in units of the scale. A fit sets it itself, from wide to narrow.

    >>> AbsoluteError().rows(torch.tensor([[0.0]]), torch.tensor([[-3.0]]))
    tensor([3.])
    """

    name = "absolute_error"
    headline: ClassVar[str] = "mae"
    times: ClassVar[float] = 2.0

    @property
    def part(self) -> float:
        """The median."""
        return 0.5
