"""What a fit gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from ..losses import CrossEntropy, Loss, Numbers, SquaredError
from .held_out import HeldOut
from .priors.memory import Memory
from .priors.seen import Seen
from .refitting import Ending
from .solvers.optimizer_steps import by_rows
from .solvers.status import Status
from .streaming.tally import tallied

BLOCK = 1 << 14  # rows in one forward pass
DEEP_BLOCK = 256  # images, series or tokens in one, whose layers may hold far more numbers than the rows


@dataclass(frozen=True)
class FitResult:
    """A trained copy and how it came about.

    train_loss and validation_loss are the loss itself, never its root. validation_loss, and the metrics with the prefix
    'validation_', come from rows that took part in nothing: they trained no state and chose none. They are None, or
    missing, where rows are few; where the caller gave `validation`, they come from those rows, which also chose.
    choosing_loss: the loss of the state that was chosen on the rows that chose it, too low as an estimate. `held_out`
    says which rows the fit left out: `fit(..., validation=result)` on the same rows leaves the same ones out, and so
    does every later fit of its model on them. metrics: 'rmse', 'mae' and 'r2', or 'accuracy' and 'cross_entropy', of
    the training and of the held-out rows, and those that suit other losses (docs/losses.md). 'expected_rmse': the error
    to expect of new rows, tails included, which held-out rows rarely show (`train/expected_error.py`). history: one row
    (dict) per step, whose validation_loss is that of the rows that choose. message: one paragraph in words.
    """

    model: Any
    history: list[dict[str, Any]]
    status: Status
    message: str
    train_loss: float
    validation_loss: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    seen: Seen | None = field(default=None, repr=False, compare=False)  # the training rows, until the result is let go
    choosing_loss: float | None = None
    held_out: HeldOut | None = field(default=None, repr=False, compare=False)
    ending: Ending | None = field(default=None, repr=False, compare=False)  # what `refit` goes on from

    @cached_property
    def memory(self) -> Memory:
        """What `fit(..., memory=...)` needs so that a later fit does not forget these rows, and those remembered before
        them; holds none of them.

        Computed when first asked for, at the cost of one step of Levenberg-Marquardt at most; until then, and in a
        pickle, the result itself holds its rows. Raises `ConfigError` after a fit of another module than a KAN, or to
        a residual, and where several fits were put together.
        """
        if self.seen is None:
            raise ConfigError(
                "only a fit of an edgewise.KAN to X and y has a memory; this one was of another module, to a residual,"
                " or put together from several fits"
            )
        return self.seen.remember()

    def __repr__(self) -> str:
        return f"FitResult({self.status.name}: {self.message})"


def split_of(validation: Any) -> Any:
    """The split of a result that is given as `validation`, anything else as it is. Raises `ConfigError`."""
    if not isinstance(validation, FitResult):
        return validation
    if validation.held_out is None:
        raise ConfigError(
            "validation is a result that held no rows out itself; give validation=(Xv, yv), as its fit was given, or"
            " leave it out"
        )
    return validation.held_out


def ending_of(result: Any) -> Ending:
    """What `refit` goes on from. Raises `ConfigError` for whatever has no such thing."""
    ending = result.ending if isinstance(result, FitResult) else None
    if ending is None:
        raise ConfigError(
            "refit goes on from a finished fit of an edgewise.KAN by Levenberg-Marquardt, evidence or ridge to X and y;"
            " this result is of another kind. Fit with optimizer='lm', or keep the model as it is."
        )
    return ending


def headline(loss: Loss, metrics: dict[str, float]) -> str:
    """The metric that stands for the others in a sentence; "" where there is none."""
    wanted = loss.headline if isinstance(loss, Numbers) else "accuracy" if isinstance(loss, CrossEntropy) else "rmse"
    return wanted if wanted in metrics else ""


def measure(
    module: nn.Module, x: Tensor, y: Tensor, loss: Loss, weight: Tensor | None = None
) -> tuple[float, dict[str, float]]:
    """The (weighted) loss of a module on data, and the metrics that suit the loss: predictions in the module's own
    number format, in blocks of rows, everything after that in float64."""
    if x.ndim != 2 or not x.is_floating_point() or (y.ndim > 1 and not y.is_floating_point()):
        parts = [values.split(DEEP_BLOCK) for values in ((x, y) if weight is None else (x, y, weight))]
        return tallied(module, zip(*parts, strict=True), loss)
    with torch.no_grad():
        prediction = torch.cat([module(part) for part in x.split(BLOCK)]).double()
        prediction = by_rows(prediction, y)
        y = y.double() if y.is_floating_point() else y
        rows = loss.rows(prediction, y)
        share = (
            torch.full_like(rows, 1.0 / rows.shape[0]) if weight is None else weight.double() / weight.double().sum()
        )
        value = float(share @ rows)
        metrics: dict[str, float] = {}
        if isinstance(loss, Numbers):
            metrics = loss.metrics(prediction, y, share)
        elif isinstance(loss, SquaredError):
            residual = prediction - y
            spread = float((share @ (y - share @ y).square()).mean())
            metrics = {
                "rmse": value**0.5,
                "mae": float(share @ residual.abs().mean(1)),
                "r2": 1.0 - value / spread if spread > 0 else float("nan"),
            }
        elif isinstance(loss, CrossEntropy):
            right = (prediction.argmax(1) == y).to(share)
            metrics = {
                "cross_entropy": value,
                "accuracy": float((share * right).sum() / share.sum()),
            }  # all right is 1 exactly
    return value, metrics
