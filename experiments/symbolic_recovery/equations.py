"""The equations: 100 of the AI Feynman benchmark, and laws of our own choice from textbooks, with their rows."""

from __future__ import annotations

import csv
import zlib
from dataclasses import dataclass

import numpy as np
import sympy

from ..runner import ROOT

TABLES = {"feynman": "feynman_equations.csv", "textbook": "textbook_laws.csv"}


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


def evaluate(expression: sympy.Expr, variables: tuple[str, ...], X: np.ndarray) -> np.ndarray:
    """The formula on rows X (n, d); NaN where it has no real value."""
    call = sympy.lambdify([sympy.Symbol(name) for name in variables], expression, "numpy")
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(call(*X.T), float), len(X)).copy()


def equations() -> dict[str, Equation]:
    """All equations by "table/name", in the order of the tables."""
    found = {}
    for table, file in TABLES.items():
        with (ROOT / "experiments" / "data" / file).open(encoding="utf-8", newline="") as lines:
            for record in csv.DictReader(lines):
                parts = [variable.split(":") for variable in record["variables"].split()]
                names, ranges = tuple(p[0] for p in parts), tuple((float(p[1]), float(p[2])) for p in parts)
                name = f"{table}/{record['name']}"
                found[name] = Equation(table, record["name"], record["formula"], names, ranges)
    return found
