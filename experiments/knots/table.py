"""The table of knots, in rows that fit and rows that judge, and the rule of the literature."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FITTED = 12_000  # rows; the others judge


@dataclass(frozen=True)
class Knots:
    """Columns X (n, d) by name, and the signature y (n,)."""

    names: tuple[str, ...]
    X: np.ndarray
    y: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """A column (n,) by its name."""
        return self.X[:, self.names.index(name)]


@cache
def table() -> Knots:
    """All rows."""
    with gzip.open(Path(__file__).with_name("knots.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    whole = np.array(rows, dtype=float)
    return Knots(tuple(names[:-1]), whole[:, :-1], whole[:, -1])


def split(seed: int, smoke: bool) -> tuple[Knots, Knots]:
    """Rows that fit, and rows that judge."""
    whole = table()
    order = np.random.default_rng(seed).permutation(len(whole.y))
    fitted, judging = order[:FITTED], order[FITTED:]
    if smoke:
        fitted, judging = fitted[:300], judging[:500]
    return tuple(Knots(whole.names, whole.X[rows], whole.y[rows]) for rows in (fitted, judging))  # type: ignore[return-value]


def slope(knots: Knots) -> np.ndarray:
    """Re(longitude / meridian), of which minus a half is close to the signature (Davies et al. 2021)."""
    real, imaginary = knots.column("meridian_re"), knots.column("meridian_im")
    return knots.column("longitude") * real / (real**2 + imaginary**2)


def rounded(values: np.ndarray) -> np.ndarray:
    """The nearest even numbers: the signature of a knot is even."""
    return 2 * np.round(values / 2)
