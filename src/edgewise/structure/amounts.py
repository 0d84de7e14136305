"""Factors and constants of parts of a function, with their errors, and as short as these let them be written."""

from __future__ import annotations

import numpy as np

from .tuning import TUNED

# n rows


def multiple(f: np.ndarray, values: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """The factor a of f = a values by least squares, and its error; arrays (n,), the error that of f.

    >>> multiple(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]), np.zeros(3))
    (2.0, 0.0)
    """
    there = np.isfinite(f) & np.isfinite(values)
    f, values, error = f[there], values[there], error[there]
    size = float(values @ values)
    if not size:
        return 1.0, np.inf
    factor = float(values @ f) / size
    return factor, _unsure(f - factor * values, error) * (len(f) / size) ** 0.5


def straight(f: np.ndarray, values: np.ndarray, error: np.ndarray) -> tuple[float, float, float]:
    """The factor a of f = a values + b by least squares, its error, and b.

    >>> straight(np.array([3.0, 5.0, 7.0]), np.array([1.0, 2.0, 3.0]), np.zeros(3))
    (2.0, 0.0, 1.0)
    """
    there = np.isfinite(f) & np.isfinite(values)
    middle, start = float(values[there].mean()), float(f[there].mean())
    factor, unsure = multiple(f - start, values - middle, error)
    return factor, unsure, start - factor * middle


def shortest(value: float, error: float) -> float:
    """The number with the fewest digits that a value may be: its errors may be told too small by a factor of two.

    >>> shortest(3.0004, 1e-3), shortest(2.71828, 1e-3), shortest(1e-5, 1e-4)
    (3.0, 2.72, 0.0)
    """
    near = TUNED.threshold * error
    if abs(value) <= near:
        return 0.0
    rounded = (float(f"{value:.{digits}g}") for digits in range(1, 7))
    return next((one for one in rounded if abs(one - value) <= near), value)


def _unsure(left: np.ndarray, error: np.ndarray) -> float:
    """The error of values of which this is left: what is known of it, or what shows, as errors are often smooth."""
    return float(np.sqrt(max(np.mean(error**2), np.mean(left**2))))
