"""Base functions of an edge: one more basis function, with exact derivatives of every order."""

from __future__ import annotations

from functools import cache
from operator import index

import torch
from torch import Tensor

from ..errors import ConfigError, did_you_mean, shown

BASE_CODES = {"none": 0, "silu": 1, "identity": 2}  # name -> number by which the kernels know it
MAX_DERIVATIVE = 180  # beyond it, coefficients of the base function's derivatives overflow


def check_base(name: str | None) -> str:
    """The canonical name of a base function (`None` means "none"); raises `ConfigError` for an unknown one."""
    if name is None:
        return "none"
    if not isinstance(name, str) or name not in BASE_CODES:
        names = tuple(BASE_CODES)
        raise ConfigError(f"base must be one of {names}, got {shown(name)}; {did_you_mean(name, names)}")
    return name


def whole_or_negative(value: object) -> int:
    """A whole number as it is, anything else as -1.

    >>> whole_or_negative(3), whole_or_negative(3.0)
    (3, -1)
    """
    try:
        return index(value)  # type: ignore[arg-type]
    except Exception:  # TypeError, or whatever the value's own method raises
        return -1


def check_derivative(order: object) -> int:
    """The order of a derivative, which is in its range. Raises `ConfigError` for any other."""
    number = whole_or_negative(order)
    if not 0 <= number <= MAX_DERIVATIVE:
        raise ConfigError(f"derivative must be >= 0 and at most {MAX_DERIVATIVE}, got {shown(order)}")
    return number


@cache
def sigmoid_polynomial(order: int) -> tuple[float, ...]:
    """Coefficients of R_n (ascending) with sigmoid^(n)(x) = s(1-s) R_n(y), s = sigmoid(x), y = tanh(x/2), for n >= 1.

    s(1-s) = (1-y^2)/4 and dy/dx = (1-y^2)/2, so R_1 = 1 and R_{n+1} = 1/2 d/dy[(1-y^2) R_n]. In y the polynomials
    are even or odd and do not cancel in the tails, where s(1-s) carries the decay.

    >>> sigmoid_polynomial(2)
    (0.0, -1.0)
    """
    if order <= 1:
        return (1.0,)
    previous = sigmoid_polynomial(order - 1)
    product = [0.0] * (len(previous) + 2)  # (1-y^2) R_n
    for power, value in enumerate(previous):
        product[power] += value
        product[power + 2] -= value
    return tuple(0.5 * power * value for power, value in enumerate(product))[1:]


def _horner(coefficients: tuple[float, ...], y: Tensor) -> Tensor:
    total = torch.full_like(y, coefficients[-1])
    for value in reversed(coefficients[:-1]):
        total = total * y + value
    return total


def _silu(x: Tensor, derivative: int) -> Tensor:
    # silu^(n) = x sigmoid^(n) + n sigmoid^(n-1)
    if derivative == 0:
        return x * torch.sigmoid(x)
    rising, falling = torch.sigmoid(x), torch.sigmoid(-x)
    weight = rising * falling
    if derivative == 1:
        return rising + x * weight
    y = rising - falling
    return weight * (
        x * _horner(sigmoid_polynomial(derivative), y) + derivative * _horner(sigmoid_polynomial(derivative - 1), y)
    )


def base_value(name: str | None, x: Tensor, derivative: int = 0) -> Tensor:
    """A base function of the edges, or one of its derivatives.

    Args:
        name: "silu", "identity", or "none" (also None) for zero.
        x (any shape): points; NaN gives NaN.
        derivative: order of the derivative by x, any from 0 on.

    Returns:
        The values, in the shape and dtype of x.

    Raises:
        ConfigError: the name is unknown, or the order negative.

    >>> base_value("silu", torch.zeros(1, dtype=torch.float64), derivative=1).item()
    0.5
    """
    name = check_base(name)
    derivative = check_derivative(derivative)
    if name == "silu":
        return _silu(x, derivative)
    if name == "identity" and derivative == 0:
        return x.clone()
    level = 1.0 if name == "identity" and derivative == 1 else 0.0
    return torch.where(torch.isnan(x), x, level)
