"""The equations: 100 of the AI Feynman benchmark, 27 of them without units, and laws of our own choice from textbooks,
with their rows.

The 27 are those of the KAN paper's Table 2 (`data/paper_tables.csv`). `data/dimensionless_groups.csv` says how each
follows from a law of the benchmark: law = factor * formula(groups), and no group has a unit (Buckingham's theorem).
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import sympy

from ..runner import ROOT
from ..tables import read_rows

FILES = {"feynman": "feynman_equations.csv", "textbook": "textbook_laws.csv"}
TABLES = (*FILES, "dimensionless")
IDLE_RANGE = (1.0, 5.0)  # of the columns that do not matter, that of most columns of the laws


@dataclass(frozen=True)
class Equation:
    """A law, and the ranges that its variables are drawn from."""

    table: str
    name: str
    formula: str
    variables: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]

    @property
    def expression(self) -> sympy.Expr:
        """The formula over plain symbols."""
        names = {name: sympy.Symbol(name) for name in self.variables}
        return sympy.parse_expr(self.formula.replace("^", "**"), local_dict=names)

    def rows(self, count: int, salt: str, wider: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """X (n, d) and y (n,) in these ranges, or in ranges that reach so many times further up; where y is a number.

        salt: tells apart the rows of one purpose from those of another.
        """
        rng = np.random.default_rng([zlib.crc32(text.encode()) for text in (self.table, self.name, salt)])
        low, high = np.array(self.ranges).T
        X = rng.uniform(low, low + wider * (high - low), (count, len(low)))
        y = evaluate(self.expression, self.variables, X)
        kept = np.isfinite(y)
        return X[kept], y[kept]


def given_rows(equation: Equation, count: int, noise: float, idle: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """X (n, d + idle), y (n,) and the names of the columns, as every search gets them.

    noise: standard deviation, as a part of the root mean square of y. idle: columns beside that do not matter.
    """
    X, y = equation.rows(count, "search")
    rng = np.random.default_rng(0)
    y = y + noise * np.sqrt((y**2).mean()) * rng.standard_normal(len(y))
    X = np.concatenate([X, rng.uniform(*IDLE_RANGE, (len(X), idle))], 1)
    return X, y, [*equation.variables, *(f"idle{n + 1}" for n in range(idle))]


def evaluate(expression: sympy.Expr, variables: tuple[str, ...], X: np.ndarray) -> np.ndarray:
    """The formula on rows X (n, d); NaN where it has no real value."""
    call = sympy.lambdify([sympy.Symbol(name) for name in variables], expression, "numpy")
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(call(*X.T), float), len(X)).copy()


def equations() -> dict[str, Equation]:
    """All equations by "table/name", in the order of the tables."""
    found = [equation for table in FILES for equation in _read(table)]
    found += [
        Equation("dimensionless", row.name, row.expression, row.inputs, row.ranges) for row in read_rows("feynman")
    ]
    return {f"{equation.table}/{equation.name}": equation for equation in found}


def _read(table: str) -> Iterator[Equation]:
    """The equations of a file, in its order."""
    with (ROOT / "experiments" / "data" / FILES[table]).open(encoding="utf-8", newline="") as lines:
        for record in csv.DictReader(lines):
            parts = [variable.split(":") for variable in record["variables"].split()]
            names, ranges = tuple(p[0] for p in parts), tuple((float(p[1]), float(p[2])) for p in parts)
            yield Equation(table, record["name"], record["formula"], names, ranges)
