"""The error of surrogates, from how far two of them lie apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from .function import as_function
from .probe import column_names
from .tuning import TUNED


def disagreement(one: Any, other: Any, X: np.ndarray) -> tuple[float, tuple[float, ...]]:
    """The standard error of two surrogates of one function, fitted to other halves of the rows or from other seeds.

    It is what `noise` takes: that of the values, and that of each derivative. Where data are noisy, the error on
    held-out rows is larger, since it holds their noise as well.

    Args:
        one, other: two functions of rows, as for `as_function`.
        X (n, d): rows on which they are compared.

    >>> X = np.random.default_rng(0).random((100, 1))
    >>> value, (slope,) = disagreement(lambda X: X[:, 0] + 0.01, lambda X: X[:, 0] - 0.01, X)
    >>> round(value, 4), slope < 1e-9
    (0.0141, True)
    """
    names = column_names(X, X.shape[1])
    first, second = (as_function(f, X, names, noise=0.0).at(X) for f in (one, other))
    there = first.finite & second.finite
    apart = trimmed(first.f[there] - second.f[there])
    slopes = (trimmed(column) for column in (first.gradient[there] - second.gradient[there]).T)
    return apart / 2**0.5, tuple(slope / 2**0.5 for slope in slopes)


def trimmed(values: np.ndarray) -> float:
    """The root mean square without the outermost values, whose errors at the ends of ranges are not those inside."""
    size = np.abs(values)
    return float(np.sqrt(np.mean(size[size <= np.quantile(size, 1 - TUNED.trimmed)] ** 2)))
