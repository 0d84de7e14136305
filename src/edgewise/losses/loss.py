"""What training needs to know of a loss, and losses of numbers, each output by itself.

Letters: b batch, k outputs. Every loss is a weighted mean over the batch; gradient and curvature are per row, before
the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from ..errors import DataError, shown
from .statistics import mean_of, weighted_quantile


class Loss(Protocol):
    """What training needs to know of a loss."""

    @property
    def name(self) -> str:
        """What the loss is called in results and files."""
        ...

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Loss of every row: prediction (b, k), target (b, k) or class numbers (b,) -> (b,)."""
        ...

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """d rows / d prediction: (b, k)."""
        ...

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """Second derivative per row, (b, k, k), positive semi-definite; a number c stands for c times the identity."""
        ...


class Numbers:
    """A loss of numbers that is a sum over the outputs, each by itself. A subclass gives the three functions of a
    single output, and says which targets it takes."""

    name: str = ""  # what the loss is called in results and files
    headline: ClassVar[str] = "rmse"  # the metric that a sentence quotes
    wanted: ClassVar[str] = "finite numbers"  # of targets, in words
    steady: ClassVar[bool] = False  # whether every row says as much of every prediction: its information is 1

    def values(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The loss of each output, of any shape: never below zero, in nats but for a dispersion."""
        raise NotImplementedError

    def slopes(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Its derivative by the prediction."""
        raise NotImplementedError

    def bends(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Its second derivative, or what stands in for it where that may be negative: never below zero."""
        raise NotImplementedError

    def information(self, prediction: Tensor, target: Tensor) -> Tensor:
        """What a row says of the prediction, in the mean: the second derivative, or what it is expected to be."""
        return self.bends(prediction, target)

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,): sum over the outputs."""
        return self.values(prediction, target).sum(-1)

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k)."""
        return self.slopes(prediction, target)

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor | float:
        """(b, k, k): a diagonal."""
        return torch.diag_embed(self.bends(prediction, target))

    def mean(self, prediction: Tensor) -> Tensor:
        """What an output stands for, in the units of the targets."""
        return prediction

    def constant(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The output (k,) that is best without any input, for targets (b, k) and weights (b,)."""
        raise NotImplementedError

    def faulty(self, target: Tensor) -> Tensor:
        """Which targets (b, k) the loss does not take."""
        return torch.zeros_like(target, dtype=torch.bool)

    def least_dispersion(self, target: Tensor) -> float:
        """The least that the dispersion can be, whatever residuals say."""
        return 0.0

    def check(self, target: Tensor, what: str = "y", lines: Sequence[int] = ()) -> None:
        """Raise `DataError` for targets (b, k) that the loss does not take. `lines` (b): where they stood in a file."""
        bad = self.faulty(target).nonzero()
        if len(bad):
            row, column = bad[0].tolist()
            more = f", and in {len(bad) - 1} more places" if len(bad) > 1 else ""
            place = f"line {lines[row]}" if lines else f"row {row}"
            raise DataError(
                f"{what} holds {float(target[row, column]):g} in {place}{more}; the loss {shown(self.name)} takes"
                f" {self.wanted}. Mend these rows, or take another loss"
            )

    def metrics(self, prediction: Tensor, target: Tensor, share: Tensor) -> dict[str, float]:
        """Figures for people: of outputs (b, k) on targets (b, k), rows counting with their share (b,)."""
        mean = self.mean(prediction)
        square = float(share @ (mean - target).square().mean(1))
        spread = float((share @ (target - share @ target).square()).mean())
        return {
            "rmse": square**0.5,
            "mae": float(share @ (mean - target).abs().mean(1)),
            "r2": 1.0 - square / spread if spread > 0 else float("nan"),
        }


@dataclass(frozen=True)
class Within:
    """A loss for a network whose outputs are in other units: those that the loss knows are shift + unit * output."""

    loss: Loss
    shift: Tensor
    unit: Tensor

    @property
    def name(self) -> str:
        """That of the loss."""
        return self.loss.name

    def outside(self, prediction: Tensor) -> Tensor:
        """Outputs in the units that the loss knows."""
        return self.shift + self.unit * prediction

    def rows(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b,)."""
        return self.loss.rows(self.outside(prediction), target)

    def gradient(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k)."""
        return self.unit * self.loss.gradient(self.outside(prediction), target)

    def curvature(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(b, k, k)."""
        bend = self.loss.curvature(self.outside(prediction), target)
        if not isinstance(bend, Tensor):
            bend = torch.diag_embed(torch.full_like(prediction, bend))
        return self.unit[:, None] * self.unit * bend


def within(loss: Any, shift: Tensor, unit: Tensor) -> Any:
    """The loss for a network whose outputs (k,) are to be multiplied by unit and shifted. One of numbers is always
    wrapped, any other where that changes something."""
    same = bool((unit == 1).all()) and bool((shift == 0).all())
    return loss if same and not isinstance(loss, Numbers) else Within(loss, shift, unit)


def dispersion(loss: Numbers, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> float:
    """By what a loss is to be divided to be a negative log-likelihood: the mean square of its slopes over their
    mean information, which are equal for a likelihood that holds (White 1982, doi:10.2307/1912526). The variance of the
    noise for squares; Pearson's for counts."""
    slopes = mean_of(loss.slopes(prediction, target).square().sum(-1), weight)
    known = mean_of(loss.information(prediction, target).sum(-1), weight)
    return max(slopes / max(known, 1e-300), loss.least_dispersion(target))


def middle(target: Tensor, weight: Tensor | None, part: float = 0.5) -> Tensor:
    """The quantile of each column of targets (b, k): (k,)."""
    return torch.stack([weighted_quantile(column, weight, part) for column in target.T])
