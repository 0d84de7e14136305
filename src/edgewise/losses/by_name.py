"""Losses by their names."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError, did_you_mean, shown
from .cross_entropy import CrossEntropy
from .custom import Custom
from .huber import Huber
from .linked import Binomial, Gamma, Poisson
from .loss import Loss
from .quantile import AbsoluteError, Quantile
from .squared_error import SquaredError
from .student_t import StudentT

_ALL: tuple[Any, ...] = (
    SquaredError(),
    CrossEntropy(),
    Huber(),
    AbsoluteError(),
    Quantile(),
    StudentT(),
    Poisson(),
    Gamma(),
    Binomial(),
)
LOSSES: dict[str, Loss] = {loss.name: loss for loss in _ALL}
ALIASES = {"mse": "squared_error", "classification": "cross_entropy", "regression": "squared_error"}
PARTS = ("name", "rows", "gradient", "curvature")


def as_loss(loss: Any) -> Loss:
    """The loss of this name, the object itself, or what a function says. Raises `ConfigError`."""
    if isinstance(loss, str):
        name = ALIASES.get(loss, loss)
        if name not in LOSSES:
            raise ConfigError(f"unknown loss {shown(loss)}; {did_you_mean(loss, [*LOSSES, 'auto'])}")
        return LOSSES[name]
    if isinstance(loss, type):
        raise ConfigError(f"loss is the class {shown(loss.__name__)}; give an object of it, {loss.__name__}(...)")
    if all(hasattr(loss, part) for part in PARTS):
        return loss
    if callable(loss):
        return Custom(loss)
    raise ConfigError(
        f"loss must be a name ({', '.join(LOSSES)}), an object such as losses.Quantile(0.9), or a function"
        f" (prediction, target) -> a number for each row, got {shown(loss)}"
    )
