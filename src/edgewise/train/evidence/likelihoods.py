"""What rows say of predictions, as a likelihood in nats: of classes, or of numbers under a loss.

A loss over its dispersion is taken for a negative log-likelihood. The dispersion makes the variance of its slopes equal
to its curvature, as those of a likelihood are (Lyddon, Holmes & Walker 2019, doi:10.1093/biomet/asz006, set the rate of
a general posterior by that). So an outlier, or counts that vary more than Poisson's, do not pass for information.

Letters: n rows, k classes, l predictions of a row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import torch
from torch import Tensor

from ...losses import Location, Numbers, dispersion
from ...losses.location import first_spread
from ...losses.quantile import Kink
from ...losses.statistics import mean_of

SLOPES = -0.4  # power of the rows that a kink's width falls with (He et al. 2023, doi:10.1016/j.jeconom.2021.07.010)
KNOWN = -0.2  # the same where a density is estimated; a narrow one would follow the rows that the fit has caught
LEAST = 1e-12  # dispersion: below, round-off would decide

Pairs = Sequence[tuple[int, int]]  # of predictions of a row


class Likelihood(Protocol):
    """A likelihood of targets y (n,) under predictions (n, l)."""

    def losses(self, predicted: Tensor, y: Tensor) -> Tensor:
        """In nats: (n,)."""
        ...

    def slopes(self, predicted: Tensor, y: Tensor) -> Tensor:
        """Derivatives by the predictions: (n, l)."""
        ...

    def bends(self, weight: Tensor, predicted: Tensor, y: Tensor, pairs: Pairs) -> Tensor:
        """Second derivatives by pairs of predictions, times the weight (n,): (p, n)."""
        ...

    def updated(self, predicted: Tensor, y: Tensor, weight: Tensor, effective: float) -> Self:
        """The likelihood whose own parameters are those of these predictions, by so many effective parameters."""
        ...

    def gain(self, alone: float, value: float, rows: float, effective: float) -> float:
        """How much higher the log likelihood of so many rows is than that of the best constant, each with parameters of
        its own; from the sums of the losses, those of the constant under the parameters about it."""
        ...

    @property
    def state(self) -> Tensor:
        """Logarithms of its own parameters: what comes to rest."""
        ...


@dataclass(frozen=True)
class Classes:
    """Cross-entropy: of the second of two classes by its log odds, or of all by their logits."""

    def losses(self, predicted: Tensor, y: Tensor) -> Tensor:
        """Negative log probability of the class y of each row (n,)."""
        if predicted.shape[1] == 1:
            return torch.nn.functional.softplus(torch.where(y > 0, -predicted[:, 0], predicted[:, 0]))
        return torch.nn.functional.cross_entropy(predicted, y, reduction="none")

    def slopes(self, predicted: Tensor, y: Tensor) -> Tensor:
        """Probabilities less what they would be if the classes were certain."""
        return shares_of(predicted) - targets(y, predicted.shape[1])

    def bends(self, weight: Tensor, predicted: Tensor, y: Tensor, pairs: Pairs) -> Tensor:
        """Of probabilities."""
        shares = shares_of(predicted).T
        one, other = ([pair[place] for pair in pairs] for place in (0, 1))
        same = weight.new_tensor([float(a == b) for a, b in pairs])
        return weight * shares[one] * (same[:, None] - shares[other])

    def updated(self, predicted: Tensor, y: Tensor, weight: Tensor, effective: float) -> Self:
        """There is nothing to update."""
        return self

    def gain(self, alone: float, value: float, rows: float, effective: float) -> float:
        """The difference."""
        return alone - value

    @property
    def state(self) -> Tensor:
        """Nothing."""
        return torch.zeros(0)


@dataclass(frozen=True)
class Scored:
    """Numbers under a loss, divided by its dispersion. `mean`: the mean loss, of a kink in units of the targets and
    without smoothing. `fixed`: whether the scale was given. `constant`: loss, dispersion and mean about the best
    constant."""

    loss: Numbers
    dispersion: float
    mean: float
    fixed: bool
    constant: tuple[Numbers, float, float]

    @staticmethod
    def of(loss: Numbers, y: Tensor, weight: Tensor) -> Scored:
        """About the best constant of targets y (n,)."""
        fixed = isinstance(loss, Location) and loss.scale is not None
        if isinstance(loss, Location) and not fixed:
            loss = loss.begun(y[:, None], weight)
        begun = Scored(loss, 1.0, 1.0, fixed, (loss, 1.0, 1.0))
        begun = begun.updated(loss.constant(y[:, None], weight).expand(len(y), 1), y, weight, 1.0)
        return replace(begun, constant=(begun.loss, begun.dispersion, begun.mean))

    def losses(self, predicted: Tensor, y: Tensor) -> Tensor:
        """Over the dispersion."""
        return self.loss.values(predicted, y[:, None])[:, 0] / self.dispersion

    def slopes(self, predicted: Tensor, y: Tensor) -> Tensor:
        """Over the dispersion."""
        return self.loss.slopes(predicted, y[:, None]) / self.dispersion

    def bends(self, weight: Tensor, predicted: Tensor, y: Tensor, pairs: Pairs) -> Tensor:
        """The information, over the dispersion."""
        return (weight * self.loss.information(predicted, y[:, None])[:, 0] / self.dispersion).expand(len(pairs), -1)

    def left(self, predicted: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Slopes and curvature (n, 1) for a look at what else might explain them. A row far off has no curvature, but
        its slope: with a scale, the mean counts."""
        known = self.loss.information(predicted, y[:, None]) / self.dispersion
        return self.slopes(predicted, y), known.mean(0).expand_as(known) if isinstance(self.loss, Location) else known

    def updated(self, predicted: Tensor, y: Tensor, weight: Tensor, effective: float) -> Scored:
        """With the scale and the dispersion of what these predictions leave."""
        free = self._free(weight, effective)
        loss, target = self.loss, y[:, None]
        residual = target - predicted
        if isinstance(loss, Location) and not self.fixed:
            loss = loss.tuned(residual, weight, free, loss.least_scale(target))
        if isinstance(loss, Kink):
            width, reach = (self._width(loss, residual, weight, power) for power in (SLOPES, KNOWN))
            loss = replace(loss, width=width, reach=reach)
        of_rows = loss.kink(residual) if isinstance(loss, Kink) else loss.values(predicted, target)
        spread = dispersion(loss, predicted, target, weight) / free
        spread = max(spread, loss.least_dispersion(target), LEAST)
        return replace(self, loss=loss, dispersion=spread, mean=mean_of(of_rows[:, 0], weight))

    def _width(self, loss: Kink, residual: Tensor, weight: Tensor, power: float) -> float:
        """Of the smoothing of a kink, in units of the scale: it falls with the rows, like this power of them."""
        scale = float(loss.scale[0] if isinstance(loss.scale, tuple) else loss.scale or 1.0)
        return float(weight.sum()) ** power * first_spread(residual[:, 0], weight) / scale

    def _free(self, weight: Tensor, effective: float) -> float:
        rows = float(weight.sum())
        return max(rows - effective, 1.0) / rows

    def gain(self, alone: float, value: float, rows: float, effective: float) -> float:
        """The likelihood of numbers with a scale falls like its power. That of a kink is as sharp as its dispersion
        says: like the power of the mean loss that has the same slope here. Others are extended quasi-likelihoods
        (Nelder & Pregibon 1987, doi:10.1093/biomet/74.2.221)."""
        loss, spread, mean = self.constant
        if isinstance(self.loss, Kink):
            return value * math.log(mean / self.mean) if self.mean > 0 else math.inf
        if isinstance(self.loss, Location) and not self.fixed:
            pair: tuple[Any, Any] = loss, self.loss
            first, last = (one.scale[0] for one in pair)
            return rows * math.log(first / last) + 0.5 * (effective - 1.0)
        return alone - value + 0.5 * rows * math.log(spread / self.dispersion)

    def variance(self, predicted: Tensor, y: Tensor, weight: Tensor) -> float:
        """That of a prediction from one row: noise, for numbers with a scale."""
        known = float(weight @ self.loss.information(predicted, y[:, None])[:, 0] / weight.sum())
        return self.dispersion / max(known, 1e-300)

    def centred(self, predicted: Tensor, y: Tensor, weight: Tensor) -> float:
        """What the predictions lack so that the wanted part of the targets lies below; 0 but for a kink."""
        if not isinstance(self.loss, Kink):
            return 0.0
        return float(self.loss.constant(y[:, None] - predicted, weight))

    @property
    def state(self) -> Tensor:
        """Logarithms of scale and dispersion."""
        scale = self.loss.scale if isinstance(self.loss, Location) and isinstance(self.loss.scale, tuple) else (1.0,)
        return torch.tensor([*scale, self.dispersion], dtype=torch.float64).log()


def shares_of(logits: Tensor) -> Tensor:
    """Probabilities of the classes that have a logit: all of them, or the second of two."""
    return logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid()


def targets(y: Tensor, logits: int) -> Tensor:
    """The probabilities that classes y (n,) would have if they were certain: (n, l)."""
    return y[:, None].double() if logits == 1 else torch.nn.functional.one_hot(y, logits).double()
