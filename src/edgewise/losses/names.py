"""Losses by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from torch import nn

from ..errors import ConfigError, did_you_mean, shown
from .cross_entropy import CrossEntropy
from .custom import Custom, Function
from .huber import Huber
from .linked import Binomial, Gamma, Poisson
from .loss import Loss
from .of_torch import of_torch
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
PARAMETERS: dict[str, tuple[str, Callable[[float], Loss]]] = {
    "huber": ("delta", lambda value: Huber(value)),
    "quantile": ("quantile", lambda value: Quantile(value)),
    "student_t": ("freedom", lambda value: StudentT(value)),
}
PARTS = ("name", "rows", "gradient", "curvature")


def as_loss(loss: Any) -> Loss:
    """The loss of this name, the object itself, or what a function says. A name may have a parameter behind it.

    Raises:
        ConfigError: for what is no loss.

    >>> as_loss("quantile=0.9")
    Quantile(scale=None, width=0.0, quantile=0.9)
    """
    if isinstance(loss, str):
        name, _, parameter = loss.partition("=")
        name = ALIASES.get(name, name)
        if name not in LOSSES:
            raise ConfigError(f"unknown loss {shown(loss)}; {did_you_mean(name, [*LOSSES, 'auto'])}")
        return _with(name, parameter) if "=" in loss else LOSSES[name]
    if isinstance(loss, type):
        raise ConfigError(f"loss is the class {shown(loss.__name__)}; give an object of it, {loss.__name__}(...)")
    if isinstance(loss, nn.Module):
        return of_torch(loss)
    if all(hasattr(loss, part) for part in PARTS):
        return loss
    if callable(loss):
        return Custom(cast(Function, loss))
    raise ConfigError(
        f"loss must be a name ({', '.join(LOSSES)}), an object such as losses.Quantile(0.9), or a function"
        f" (prediction, target) -> a number for each row, got {shown(loss)}"
    )


def _with(name: str, parameter: str) -> Loss:
    """The loss of this name with a parameter in words. Raises `ConfigError`."""
    if name not in PARAMETERS:
        raise ConfigError(f"loss {shown(name)} has no parameter, got {shown(parameter)}; those with one: {_examples()}")
    try:
        value = float(parameter)
    except ValueError:
        raise ConfigError(
            f"the parameter of a loss is a number, got {shown(parameter)}; such as {_examples()}"
        ) from None
    return PARAMETERS[name][1](value)


def _examples() -> str:
    return ", ".join(told(LOSSES[name]) for name in PARAMETERS)


def told(loss: Any) -> str:
    """A loss in words, as `as_loss` takes them.

    >>> told(Huber()), told(Poisson())
    ('huber=1.345', 'poisson')
    """
    if isinstance(loss, str):
        return loss
    name = loss.name
    return f"{name}={getattr(loss, PARAMETERS[name][0]):g}" if name in PARAMETERS else name
