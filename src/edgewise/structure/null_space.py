"""Combinations of columns that vanish on every row: found by their singular values, written with simple numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from .finding import Evidence, judge
from .tuning import TUNED

# n rows, m parts, k combinations

Weight = Fraction | float


def directions(parts: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Combinations of parts, those that vanish best first, (m, m), a column each; and how large each is, (m,).

    Rows and parts are divided by their errors first, so that a size is the root mean square of a combination in units
    of its error, as in total least squares.

    Args:
        parts (n, m): what is combined.
        errors (n, m): the standard error of each entry.

    Source: Golub, Van Loan, SIAM J. Numer. Anal. 17 (1980), doi:10.1137/0717073.

    >>> u = np.linspace(1, 2, 50)
    >>> found, sizes = directions(np.stack([u, -2 * u, u**2], 1), np.full((50, 3), 1e-9))
    >>> bool(sizes[0] < 1), bool(abs(found[0, 0] - 2 * found[1, 0]) < 1e-6)
    (True, True)
    """
    errors = above_zero(errors)
    unit = np.sqrt(np.mean(errors**2, axis=0))  # (m,)
    row = np.sqrt(np.mean((errors / unit) ** 2, axis=1))[:, None]
    own = np.sqrt(np.mean((errors / row) ** 2, axis=0))
    whitened = parts / row / own / math.sqrt(len(parts))
    sizes, found = np.linalg.svd(whitened, full_matrices=False)[1:]
    return (found.T / own[:, None])[:, ::-1], sizes[::-1]


def above_zero(errors: np.ndarray) -> np.ndarray:
    """The errors, zeros among them replaced by the smallest other of their column.

    >>> above_zero(np.array([[0.0, 0.0], [2.0, 0.0]]))
    array([[2., 1.],
           [2., 1.]])
    """
    least = np.where(errors > 0, errors, np.inf).min(0)
    return np.where(errors > 0, errors, np.where(np.isfinite(least), least, 1.0))


def simplest_basis(basis: np.ndarray, free: Sequence[int]) -> np.ndarray:
    """A basis (m, k) of the same combinations, in which every vector has a free entry of 1 that the others lack.

    Of the choices of free entries that determine the rest, the one with the simplest weights is taken.

    Args:
        basis (m, k): any basis.
        free: positions that may be chosen.

    >>> simplest_basis(np.array([[1.0, 1.0], [1.0, -1.0], [2.0, 0.0]]), (0, 1, 2)).round(9) + 0.0
    array([[1., 0.],
           [0., 1.],
           [1., 1.]])
    """
    sizes = np.abs(basis).max(1, keepdims=True)
    scaled = basis / np.where(sizes > 0, sizes, 1.0)
    best, least = basis[:, :0], math.inf
    for choice in itertools.islice(itertools.combinations(free, basis.shape[1]), TUNED.bases):
        if np.linalg.cond(scaled[list(choice)]) > 1 / TUNED.snap:  # these hardly determine the rest
            continue
        candidate = basis @ np.linalg.inv(basis[list(choice)])
        cost = sum(_cost(float(entry)) for entry in candidate.ravel())
        if cost < least:
            best, least = candidate, cost
    return best


def _cost(weight: float) -> float:
    """How long a weight is in writing; the longest of all are those that are no simple number."""
    simple = simple_number(weight)
    if simple is None:
        return 2.0 * TUNED.denominators[-1]
    return abs(simple.numerator) + simple.denominator - 1.0 + (TUNED.minus if simple < 0 else 0.0)


def simple_number(weight: float) -> Fraction | None:
    """The simplest fraction near a weight, None where there is none.

    >>> simple_number(0.3334), simple_number(-2.001), simple_number(0.4567)
    (Fraction(1, 3), Fraction(-2, 1), None)
    """
    for denominator in TUNED.denominators:
        numerator = round(weight * denominator)
        near = abs(numerator / denominator - weight) <= TUNED.snap / denominator
        if near and abs(numerator) <= TUNED.largest_weight:
            return Fraction(numerator, denominator)
    return None


def vanishing(parts: np.ndarray, errors: np.ndarray, free: Sequence[int]) -> list[tuple[tuple[Weight, ...], Evidence]]:
    """A basis of the combinations that vanish on every row: weights (m,) of each, and its evidence.

    It is the largest of which every vector holds by itself. Where there is none, what came next to it is told.
    A weight is a fraction where that holds as well as a float.

    Args:
        parts (n, m): what is combined.
        errors (n, m): the standard error of each entry.
        free: positions that a vector may be led by.
    """
    if not free:
        return []
    found, sizes = directions(parts, errors)
    most = min(int((sizes <= TUNED.loose * TUNED.threshold).sum()), len(free))
    tried: list[tuple[tuple[Weight, ...], Evidence]] = []
    for count in range(most, 0, -1):
        basis = simplest_basis(found[:, :count], free)
        tried = [_written(parts, errors, vector) for vector in basis.T]
        if tried and all(evidence.holds for _, evidence in tried):
            return tried
    return tried


def _written(parts: np.ndarray, errors: np.ndarray, vector: np.ndarray) -> tuple[tuple[Weight, ...], Evidence]:
    """A vector (m,) in weights as simple as they hold, and its evidence."""
    exact = tuple(float(weight) for weight in vector)
    near = [simple_number(weight) for weight in exact]
    # a small weight may be none, or one in other units
    close = [one if one and abs(one - w) <= TUNED.snap * abs(w) else None for one, w in zip(near, exact, strict=True)]
    for simple in (near, close):
        weights = tuple(w if one is None else one for one, w in zip(simple, exact, strict=True))
        evidence = judge_combination(parts, errors, weights)
        if evidence.holds:
            return weights, evidence
    return exact, judge_combination(parts, errors, exact)


def judge_combination(parts: np.ndarray, errors: np.ndarray, weights: Sequence[Weight]) -> Evidence:
    """The evidence that a combination of parts vanishes; its terms are the scale.

    >>> u = np.linspace(1, 2, 50)
    >>> judge_combination(np.stack([u, -2 * u], 1), np.full((50, 2), 1e-9), (2, 1)).holds
    True
    """
    w = np.array([float(weight) for weight in weights])
    terms = parts * w
    error = np.sqrt(((errors * w) ** 2).sum(1))
    return judge(terms.sum(1), error, np.sqrt((terms**2).sum(1)))
