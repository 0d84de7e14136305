"""The five functions of the paper's section 3.1, and three more that are known to be hard for their shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from ..tables import Row

Widths = tuple[int, ...]


@dataclass(frozen=True)
class Toy:
    """A function on [-1, 1]^n, the shape that represents it exactly, the grids of its ample series, and those its
    exponent is measured over.

    `samples`: for a function without a series, the number of training points; it is then fitted once per seed, and
    `bar` is the error to stay below.
    """

    row: Row
    shape: Widths
    grids: tuple[int, ...] = ()
    measured: tuple[int, ...] = ()
    samples: int = 0
    bar: float = 0.0

    @property
    def name(self) -> str:
        """The name of the row."""
        return self.row.name

    def parameters(self, size: int) -> int:
        """Effective parameters of the shape at this grid size: per edge the spline's and the base's, a constant less,
        and one bias per node."""
        edges = sum(a * b for a, b in zip(self.shape, self.shape[1:], strict=False))
        return edges * (size + 3) + sum(self.shape[1:])


def _toy(name: str, expression: str, shape: Widths, function: Callable[..., np.ndarray], **settings: Any) -> Toy:
    names = tuple(f"x{k + 1}" for k in range(shape[0]))
    return Toy(
        Row(name, expression, names, ((-1.0, 1.0),) * shape[0], lambda X: function(*X.T), {"best": shape}),
        shape,
        **settings,
    )


def _hundred(*x: np.ndarray) -> np.ndarray:
    return np.exp(np.mean([np.sin(np.pi * column / 2) ** 2 for column in x], axis=0))


DOUBLED = (3, 6, 12, 24, 48, 96, 192)
MEASURED = (24, 48, 96, 192)


def _deep(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.exp((np.sin(np.pi * (a**2 + b**2)) + np.sin(np.pi * (c**2 + d**2))) / 2)


def _wall(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.tanh(5 * (a**4 + b**4 + c**4 - 1))


TOYS = (
    _toy(
        "bessel", "J0(20 x)", (1, 1), lambda x: scipy.special.j0(20 * x), grids=(*DOUBLED, 384, 1000), measured=MEASURED
    ),
    _toy(
        "exp_sin",
        "exp(sin(pi x1) + x2^2)",
        (2, 1, 1),
        lambda x, y: np.exp(np.sin(np.pi * x) + y**2),
        grids=(*DOUBLED, 384),
        measured=MEASURED,
    ),
    _toy("product", "x1 x2", (2, 2, 1), lambda x, y: x * y, grids=(3, 6, 12, 24, 48, 96), measured=(24, 48, 96)),
    _toy(
        "hundred",
        "exp(mean of sin^2(pi xi / 2), i = 1..100)",
        (100, 1, 1),
        _hundred,
        grids=(3, 6, 12),
        measured=(3, 6, 12),
    ),
    _toy(
        "deep",
        "exp((sin(pi (x1^2 + x2^2)) + sin(pi (x3^2 + x4^2))) / 2)",
        (4, 4, 2, 1),
        _deep,
        grids=(3, 6, 12, 24),
        measured=(6, 12, 24),
    ),
    _toy("tanh", "tanh(5 (x1^4 + x2^4 + x3^4 - 1))", (3, 1, 1), _wall, samples=10_000, bar=1e-6),
    _toy(
        "distance",
        "sqrt((x1 - x2)^2 + (x3 - x4)^2)",
        (4, 4, 2, 1),
        lambda a, b, c, d: np.hypot(a - b, c - d),
        samples=10_000,
        bar=5e-4,
    ),
    _toy(
        "sines",
        "sin(pi x1) sin(pi x2^2)",
        (2, 2, 1),
        lambda x, y: np.sin(np.pi * x) * np.sin(np.pi * y**2),
        samples=10_000,
        bar=1e-6,
    ),
)


def find(name: str) -> Toy:
    """The function of this name."""
    return next(toy for toy in TOYS if toy.name == name)
