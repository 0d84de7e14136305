"""Gradients of a function that has only values: central differences, extrapolated, each with its error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .tuning import TUNED

# n rows, d columns, s steps

Values = Callable[[np.ndarray], np.ndarray]  # (n, d) -> (n,)


def gradient(values: Values, X: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradient at every row, and its error, both (n, d).

    Each column is moved by steps that halve. Ridders' extrapolation takes the powers of the step out, and the estimate
    of the smallest error stays. Steps that leave the domain, where values are not finite, do not count.

    Args:
        values: the function.
        X (n, d): the rows.
        noise (n,): what is uncertain in a value, such as round-off.

    Source: Ridders, Advances in Engineering Software 4 (1982), doi:10.1016/S0141-1195(82)80057-0.

    >>> X = np.linspace(1, 2, 30)[:, None]
    >>> found, error = gradient(lambda X: np.exp(X[:, 0]), X, np.full(30, 1e-16))
    >>> bool(np.all(np.abs(found - np.exp(X)) <= 5 * error)), bool(np.all(error < 1e-8))
    (True, True)
    """
    ranges = np.ptp(X, axis=0)
    columns = [_partial(values, X, column, float(ranges[column]), noise) for column in range(X.shape[1])]
    return np.stack([one for one, _ in columns], 1), np.stack([error for _, error in columns], 1)


def _partial(values: Values, X: np.ndarray, column: int, width: float, noise: np.ndarray) -> tuple[np.ndarray, ...]:
    """The derivative along one column and its error, both (n,)."""
    n = len(X)
    width = width if width > 0 else max(1.0, float(np.abs(X[:, column]).max()))
    sizes = width * TUNED.widest_step * TUNED.shrink ** -np.arange(TUNED.steps)  # (s,)
    up, down = (np.repeat(X[None], len(sizes), 0) for _ in range(2))  # (s, n, d)
    up[:, :, column] += sizes[:, None]
    down[:, :, column] -= sizes[:, None]
    spans = up[:, :, column] - down[:, :, column]  # as rounded, so that the step itself is exact
    both = values(np.concatenate([up, down]).reshape(-1, X.shape[1])).reshape(2, len(sizes), n)
    with np.errstate(all="ignore"):
        table = (both[0] - both[1]) / spans  # (s, n): the first column of Ridders' tableau
        uncertain = noise * np.sqrt(2) / spans
        best, least = np.full(n, np.nan), np.full(n, np.inf)
        for order in range(TUNED.orders):
            factor = TUNED.shrink ** (2 * (order + 1))
            finer = (factor * table[1:] - table[:-1]) / (factor - 1)
            unsure = (factor * uncertain[1:] + uncertain[:-1]) / (factor - 1)
            # an entry is as wrong as it differs from both that it was made of
            error = np.maximum(np.abs(finer - table[1:]), np.abs(finer - table[:-1])) + unsure
            error = np.where(np.isfinite(finer) & np.isfinite(error), error, np.inf)
            # two wrong entries may agree by chance on a row: no row is much better than most
            relative = error / np.abs(finer)
            usual = np.median(np.where(np.isfinite(relative), relative, np.inf), axis=1, keepdims=True)
            error = np.fmax(error, TUNED.luck * usual * np.abs(finer))
            place = error.argmin(0)
            rows = np.arange(n)
            better = error[place, rows] < least
            best = np.where(better, finer[place, rows], best)
            least = np.where(better, error[place, rows], least)
            table, uncertain = finer, unsure
    return best, TUNED.honest * least
