"""Functions T of the target: where T(y) is a sum of two terms, y is its inverse of that sum."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..formulas.tree import Apply, Node, number, power, product


@dataclass(frozen=True)
class Output:
    """T: its value and slope, whether it can be taken of a column, and the inverse as a formula."""

    name: str
    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    inverse: Callable[[Node], Node]
    allowed: Callable[[Tensor], bool]


def _positive(y: Tensor) -> bool:
    return float(y.min()) > 0


def _no_zero(y: Tensor) -> bool:
    return float(y.abs().min()) > 1e-9 * float(y.abs().max())


def _within(low: float, high: float) -> Callable[[Tensor], bool]:
    return lambda y: low <= float(y.min()) and float(y.max()) <= high


def _power(p: float, allowed: Callable[[Tensor], bool]) -> Output:
    return Output(
        f"y^{p:g}", lambda y: torch.pow(y, p), lambda y: p * torch.pow(y, p - 1), lambda z: power(z, 1 / p), allowed
    )


def _negative_branch(p: float) -> Output:
    """An even power of a negative target."""
    return Output(
        f"-y^{p:g}",
        lambda y: torch.pow(y, p),
        lambda y: p * torch.pow(y, p - 1),
        lambda z: product(number(-1.0), power(z, 1 / p)),
        lambda y: float(y.max()) < 0,
    )


OUTPUTS = (
    Output("y", lambda y: y, torch.ones_like, lambda z: z, lambda y: True),
    _power(-1.0, _no_zero),
    _power(2.0, lambda y: float(y.min()) >= 0),
    _power(-2.0, _positive),
    _power(0.5, lambda y: float(y.min()) >= 0),
    _power(-0.5, _positive),
    _negative_branch(2.0),
    _negative_branch(-2.0),
    Output("log y", torch.log, torch.reciprocal, lambda z: Apply("exp", z), _positive),
    Output("exp y", torch.exp, torch.exp, lambda z: Apply("log", z), _within(-30.0, 30.0)),
    Output("sin y", torch.sin, torch.cos, lambda z: Apply("arcsin", z), _within(-math.pi / 2, math.pi / 2)),
    Output("cos y", torch.cos, lambda y: -torch.sin(y), lambda z: Apply("arccos", z), _within(0.0, math.pi)),
    Output(
        "tan y",
        torch.tan,
        lambda y: 1 + torch.tan(y).square(),
        lambda z: Apply("arctan", z),
        _within(-math.pi / 2, math.pi / 2),
    ),
    Output("arctanh y", torch.atanh, lambda y: 1 / (1 - y.square()), lambda z: Apply("tanh", z), _within(-1.0, 1.0)),
    Output(
        "arcsin y", torch.asin, lambda y: torch.rsqrt(1 - y.square()), lambda z: Apply("sin", z), _within(-1.0, 1.0)
    ),
)
