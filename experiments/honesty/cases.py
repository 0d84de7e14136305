"""The tables that claims are checked on: noise without any law, functions under noise, and real tables."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tables import Row

NEW = 10_000  # rows that no fit has seen; the truth about a model is its error on them
FOLDS = 5  # of a real table: each is new to the model that the other four made
NOISE_TABLES = 10  # of each kind of inputs
ROWS_OF_NOISE = (100, 500)  # fewest and most rows of a table of noise
COLUMNS_OF_NOISE = (3, 10)


@dataclass(frozen=True)
class Table:
    """Rows to fit and rows that are new to the fit: X (n, d), y (n,), numbers or class codes."""

    X: np.ndarray
    y: np.ndarray
    new_X: np.ndarray
    new_y: np.ndarray

    @property
    def classes(self) -> int:
        """How many classes there are, 0 where the targets are numbers."""
        return 0 if self.y.dtype.kind == "f" else int(self.y.max()) + 1


@dataclass(frozen=True)
class Noisy:
    """A function, how many rows of it a user has, and how much noise is on them, relative to its spread."""

    row: Row
    rows: int
    noise: float

    def table(self, seed: int) -> Table:
        """The table of this seed. The new rows carry the same noise as the others."""
        return Table(
            *self.row.sample(self.rows, f"honesty {seed}", noise=self.noise),
            *self.row.sample(NEW, f"honesty {seed}, new rows", noise=self.noise),
        )


def noise_table(name: str, seed: int) -> Table:
    """Normal targets that have nothing to do with the inputs, which are uniform or normal, as the name says; name and
    seed fix the size, too."""
    stream = np.random.default_rng([zlib.crc32(name.encode()), seed])
    rows = int(stream.integers(ROWS_OF_NOISE[0], ROWS_OF_NOISE[1], endpoint=True))
    columns = int(stream.integers(COLUMNS_OF_NOISE[0], COLUMNS_OF_NOISE[1], endpoint=True))
    shape = (rows + NEW, columns)
    X = stream.uniform(-1, 1, shape) if name.startswith("uniform") else stream.standard_normal(shape)
    y = stream.standard_normal(rows + NEW)
    return Table(X[:rows], y[:rows], X[rows:], y[rows:])


def _noisy(name: str, text: str, inputs: int, rows: int, noise: float, function: Callable[..., np.ndarray]) -> Noisy:
    names = tuple("abcde"[:inputs])
    return Noisy(Row(name, text, names, ((-1.0, 1.0),) * inputs, lambda X: function(*X.T)), rows, noise)


FUNCTIONS = {
    case.row.name: case
    for case in (
        _noisy("exp_sin", "exp(sin(pi a) + b^2)", 2, 500, 0.1, lambda a, b: np.exp(np.sin(math.pi * a) + b**2)),
        _noisy("line", "2a - b", 2, 200, 0.3, lambda a, b: 2 * a - b),
        _noisy("product", "a b c", 3, 800, 0.3, lambda a, b, c: a * b * c),
        _noisy("ripples", "sin(6a) cos(3b)", 2, 2000, 0.3, lambda a, b: np.sin(6 * a) * np.cos(3 * b)),
        _noisy("bump", "exp(-10 (a^2 + b^2))", 2, 600, 0.5, lambda a, b: np.exp(-10 * (a**2 + b**2))),
        _noisy("kink", "|a + b| - |b|", 2, 300, 0.1, lambda a, b: np.abs(a + b) - np.abs(b)),
        _noisy("step", "sign(a + b/2) + c", 3, 1000, 0.2, lambda a, b, c: np.sign(a + b / 2) + c),
        _noisy("largest", "max(a, b, c)", 3, 400, 0.2, lambda a, b, c: np.maximum(np.maximum(a, b), c)),
        _noisy(
            "distance",
            "sqrt((a - b)^2 + (c - d)^2)",
            4,
            1500,
            0.05,
            lambda a, b, c, d: np.hypot(a - b, c - d),
        ),
        _noisy(
            "friedman",
            "sin(pi a b) + 2 c^2 + d + e/2",  # after Friedman 1991, on [-1, 1]^5
            5,
            1000,
            0.2,
            lambda a, b, c, d, e: np.sin(math.pi * a * b) + 2 * c**2 + d + e / 2,
        ),
    )
}
REAL = ("diabetes", "iris", "wine", "breast_cancer")  # they come with scikit-learn
NOISE = tuple(f"{inputs}_{number}" for inputs in ("uniform", "normal") for number in range(1, NOISE_TABLES + 1))
NAMES = (*NOISE, *FUNCTIONS, *REAL)


def kind_of(name: str) -> str:
    """What a table is: "noise", "function" or "real".

    >>> kind_of("normal_7"), kind_of("kink"), kind_of("iris")
    ('noise', 'function', 'real')
    """
    return "function" if name in FUNCTIONS else "real" if name in REAL else "noise"


def fold_table(name: str, seed: int, fold: int) -> Table:
    """A table of scikit-learn with one fold of its rows, shuffled by the seed, as the new ones."""
    import sklearn.datasets

    loaded: Any = getattr(sklearn.datasets, f"load_{name}")()
    X, y = np.asarray(loaded.data, dtype=float), np.asarray(loaded.target)
    order = np.random.default_rng([zlib.crc32(name.encode()), seed]).permutation(len(y))
    new, old = order[fold::FOLDS], np.delete(order, slice(fold, None, FOLDS))
    return Table(X[old], y[old], X[new], y[new])


def folds_of(name: str) -> range:
    """The folds of a row: those of a real table, one of any other."""
    return range(FOLDS if kind_of(name) == "real" else 1)


def table_of(name: str, seed: int, fold: int) -> Table:
    """The table of a row, drawn or shuffled by the seed."""
    if kind_of(name) == "real":
        return fold_table(name, seed, fold)
    return FUNCTIONS[name].table(seed) if kind_of(name) == "function" else noise_table(name, seed)
