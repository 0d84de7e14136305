"""The examples: tables whose law is known, with new rows for every seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import j0

Rows = tuple[np.ndarray, np.ndarray]
Rng = np.random.Generator


@dataclass(frozen=True)
class Example:
    """A law of two columns.

    Attributes:
        law: in words of a formula.
        draw: X (n, 2) and y (n,) by a generator and a number of rows.
        beyond: the same on rows that the search cannot have seen: beyond the ranges, where the law goes on there.
    """

    law: str
    draw: Callable[[Rng, int], Rows]
    beyond: Callable[[Rng, int], Rows]


def function(law: str, call: Callable[[np.ndarray, np.ndarray], np.ndarray], low: float, high: float) -> Example:
    """A function on a square, whose judges reach half a width further up."""

    def draw(rng: Rng, count: int, top: float = high) -> Rows:
        X = rng.uniform(low, top, (count, 2))
        return X, call(X[:, 0], X[:, 1])

    return Example(law, draw, lambda rng, count: draw(rng, count, high + (high - low) / 2))


def moons(rng: Rng, count: int) -> Rows:
    """Two half circles without noise; y tells them apart. scikit-learn's `make_moons`, at random angles."""
    angle, y = rng.uniform(0, np.pi, count), rng.integers(0, 2, count)
    upper = np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.where(y[:, None] == 0, upper, [1.0, 0.5] - upper), y.astype(float)


EXAMPLES = {
    "exp_sin": function("exp(sin(pi x1) + x2^2)", lambda a, b: np.exp(np.sin(np.pi * a) + b**2), -1, 1),
    "product": function("x1 x2", lambda a, b: a * b, -1, 1),
    "velocities": function("(x1 + x2) / (1 + x1 x2)", lambda a, b: (a + b) / (1 + a * b), 0, 0.9),
    "bessel": function("exp(J0(20 x1) + x2^2)", lambda a, b: np.exp(j0(20 * a) + b**2), -1, 1),
    "logarithms": function("sin(2 log x1 + 2 log x2)", lambda a, b: np.sin(2 * np.log(a) + 2 * np.log(b)), 0.2, 5),
    "distance": function("sqrt(x1^2 + x2^2)", lambda a, b: np.sqrt(a**2 + b**2), -1, 1),
    "moons": Example("two half circles, 0 or 1", moons, moons),
}
