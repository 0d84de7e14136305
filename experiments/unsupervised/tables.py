"""Tables with known relations, and what is left of a relation on rows without noise."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KNOTS = Path(__file__).parents[1] / "data" / "knots.csv"
CLEAR = 0.99  # part of the variance that a relation tells, from which it is one; below, columns are loosely tied


@dataclass(frozen=True)
class Table:
    """Columns of which some are tied.

    Attributes:
        about: in words.
        make: rows (n, d) without noise, by the seed.
        names: of the columns.
        tied: the columns of each relation.
        noise: standard deviation of normal noise on every column, in units of the column's own.
        rows: how many.
        made: whether every relation of the table is known, so that a loose one is false, too.
    """

    about: str
    make: Callable[[np.random.Generator, int], np.ndarray]
    names: tuple[str, ...]
    tied: tuple[frozenset[str], ...]
    noise: float
    rows: int
    made: bool = True

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows to search, and other rows without noise that judge."""
        rng = np.random.default_rng([seed, self.rows])
        whole = self.make(rng, 2 * self.rows)
        X, judges = whole[: self.rows], whole[self.rows :]
        return X + self.noise * X.std(0) * rng.standard_normal(X.shape), judges


def numbered(count: int) -> tuple[str, ...]:
    """The names x1, x2, ..."""
    return tuple(f"x{place + 1}" for place in range(count))


def six(rng: np.random.Generator, rows: int) -> np.ndarray:
    """The six variables of the paper's section 4.2."""
    x1, x2, x4, x6 = rng.uniform(-1, 1, (4, rows))
    return np.stack([x1, x2, np.exp(np.sin(np.pi * x1) + x2**2), x4, x4**3, x6], 1)


def twenty(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Twelve columns in four relations, and eight free ones."""
    X = rng.uniform(1, 3, (rows, 20))
    x = X.T
    x[0] = x[1] * x[2]
    x[3] = np.sqrt(x[4] ** 2 + x[5] ** 2)
    x[6] = x[7] * np.exp(-x[8])
    x[9] = np.sin(2 * x[10]) + x[11] ** 2 / 4
    return X


def knots(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Rows of the table of knots, drawn without putting back."""
    names, table = knot_table()
    assert names == KNOT_NAMES
    return table[rng.permutation(len(table))[:rows]]


def knot_table() -> tuple[tuple[str, ...], np.ndarray]:
    """The columns of the table of knots, and its rows."""
    with KNOTS.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    return tuple(names), np.array(rows, dtype=float)


KNOT_NAMES = (
    *("crossings", "volume", "chern_simons", "cusp_volume", "longitude"),
    *("meridian_re", "meridian_im", "symmetry_order", "signature"),
)
TABLES = {
    "six": Table(
        "the paper's six variables, `x3 = exp(sin(pi x1) + x2^2)` and `x5 = x4^3`, `x6` free; no noise",
        six,
        numbered(6),
        (frozenset({"x1", "x2", "x3"}), frozenset({"x4", "x5"})),
        0.0,
        500,
    ),
    "twenty": Table(
        "`x1 = x2 x3`, `x4 = sqrt(x5^2 + x6^2)`, `x7 = x8 exp(-x9)`, `x10 = sin(2 x11) + x12^2/4`, eight free columns;"
        " noise of 1 % of its spread on every column",
        twenty,
        numbered(20),
        tuple(frozenset(f"x{first + step}" for step in range(3)) for first in (1, 4, 7, 10)),
        0.01,
        1000,
    ),
    "knots": Table(
        "hyperbolic knots, nine columns of geometry and topology, `cusp_volume = longitude |meridian_im| / 2`",
        knots,
        KNOT_NAMES,
        (frozenset({"cusp_volume", "longitude", "meridian_im"}),),
        0.0,
        500,
        made=False,
    ),
}


def off_by(relation: Any, names: tuple[str, ...], judges: np.ndarray) -> float | None:
    """What a relation's formula leaves on rows without noise: the root mean square, in units of the spread of what it
    tells; None without a formula."""
    import sympy

    if relation.expression is None:
        return None
    symbols = [sympy.Symbol(name) for name in names]
    read: Any = sympy.sympify
    target = read(relation.target, locals={name: sympy.Symbol(name) for name in names})
    left, right = (sympy.lambdify(symbols, side)(*judges.T) for side in (target, relation.expression))
    return float(np.sqrt(np.mean((left - right) ** 2)) / np.std(left))
