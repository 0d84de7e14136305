"""Implicit relations: functions of single columns whose sum does not vary, as in x^2 + y^2 = 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh

from ...fitting import dense_basis
from ...knots_by_samples import from_samples
from .parts import Parts
from .tuning import TUNED

# n rows, j basis functions of a column


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one column: a spline with mean zero on the rows it was made from."""

    knots: torch.Tensor  # (1, j + degree + 1)
    coef: np.ndarray  # (j,)
    mean: np.ndarray  # (j,)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return (_basis(x, self.knots) - self.mean) @ self.coef


@dataclass(frozen=True, eq=False)
class ConservedSum:
    """A sum of functions of single columns that hardly varies.

    Attributes:
        columns: the columns.
        curves: a function of each.
        left: variance of the sum over the sum of the variances, on the rows that choose; 1 for independent columns.
    """

    columns: tuple[int, ...]
    curves: tuple[Curve, ...]
    left: float

    def terms(self, X: np.ndarray) -> np.ndarray:
        """The functions at rows (n, d), one for each of the columns."""
        return np.stack([curve(X[:, column]) for column, curve in zip(self.columns, self.curves, strict=True)], 1)


def left_over(terms: np.ndarray) -> float:
    """How much the sum of terms (n, k) varies, in units of what it would if they were independent."""
    apart = terms.var(0).sum()
    return float(terms.sum(1).var() / apart) if apart > 0 else np.inf


def conserved(parts: Parts, pool: Sequence[int]) -> ConservedSum | None:
    """The sum of functions of single columns that varies least, of as few columns as do; None where each varies.

    It is the smallest additive principal component. Columns are taken out, the one that is missed least first, as long
    as the sum of the others still hardly varies on rows that took no part.

    Source: Donnell, Buja, Stuetzle, Annals of Statistics 22 (1994), doi:10.1214/aos/1176325746.
    """
    best = _smallest(parts, tuple(pool))
    if best is None or best.left > TUNED.unexplained:
        return None
    while len(best.columns) > 2:
        without = [_smallest(parts, tuple(c for c in best.columns if c != one)) for one in best.columns]
        smallest = min((one for one in without if one is not None), key=lambda one: one.left, default=None)
        if smallest is None or smallest.left > max(TUNED.spared * best.left, TUNED.directions):
            return best
        best = smallest
    return best


def _smallest(parts: Parts, columns: tuple[int, ...]) -> ConservedSum | None:
    """The sum of functions of all these columns that varies least."""
    if len(columns) < 2:
        return None
    rows = parts.fitting
    blocks, maps, knots, means = [], [], [], []
    for column in columns:
        x = torch.tensor(rows[:, [column]])
        grid = from_samples(x, TUNED.intervals, TUNED.degree, quantile=0.5)
        basis = _basis(rows[:, column], grid)
        mean = basis.mean(0)
        _, sizes, directions = np.linalg.svd((basis - mean) / len(rows) ** 0.5, full_matrices=False)
        kept = sizes > TUNED.rough * sizes[0]
        whiten = directions[kept].T / sizes[kept]  # (j, r): functions of variance 1 that are uncorrelated
        blocks.append((basis - mean) @ whiten)
        maps.append(whiten)
        knots.append(grid)
        means.append(mean)
    design = np.concatenate(blocks, 1)
    vector = eigh(design.T @ design / len(rows), subset_by_index=[0, 0])[1][:, 0]
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    curves = tuple(
        Curve(grid, whiten @ piece, mean)
        for grid, whiten, piece, mean in zip(knots, maps, np.split(vector, ends), means, strict=True)
    )
    found = ConservedSum(columns, curves, 1.0)
    return ConservedSum(columns, curves, left_over(found.terms(parts.choosing)))


def _basis(x: np.ndarray, knots: torch.Tensor) -> np.ndarray:
    """All splines of a column at values (n,): (n, j)."""
    return dense_basis(torch.tensor(x)[:, None], knots, degree=TUNED.degree)[:, 0].numpy()
