"""Tables that a formula makes, the same in every run."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from edgewise.errors import require

Made = tuple[np.ndarray, np.ndarray]
SEED = 0
SHARED = 0.5  # part of the variance of each column of `large` that its neighbour shares


def tiny() -> Made:
    """50 x 3: y = x1 + x2^2 + 0.3 e, with inputs uniform on (-1, 1) and e normal."""
    stream = np.random.default_rng(SEED)
    X = stream.uniform(-1, 1, (50, 3))
    return X, X[:, 0] + X[:, 1] ** 2 + 0.3 * stream.standard_normal(50)


def friedman1() -> Made:
    """200 x 10, scikit-learn's make_friedman1 with noise 1."""
    return _friedman(1, 200, 1.0)


def friedman2() -> Made:
    """1000 x 4, scikit-learn's make_friedman2; noise 125 is a third of the spread, as in Friedman 1991."""
    return _friedman(2, 1000, 125.0)


def friedman3() -> Made:
    """5000 x 4, scikit-learn's make_friedman3; noise 0.1 is a third of the spread, as in Friedman 1991."""
    return _friedman(3, 5000, 0.1)


def heavy_tailed() -> Made:
    """600 x 4: y = log(1 + x1^2) + 2 x2 / (1 + |x2|) + x3 / 10 + e / 5.

    Inputs have Student's distribution with 2 degrees of freedom, e with 3.
    """
    stream = np.random.default_rng(SEED)
    X, noise = stream.standard_t(2, (600, 4)), stream.standard_t(3, 600)
    a, b, c, _ = X.T
    return X, np.log1p(a**2) + 2 * b / (1 + np.abs(b)) + c / 10 + noise / 5


def wide() -> Made:
    """500 x 100: y = sin(2 x1) + x2^2 / 2 + x3 x4 + e / 2, all normal; 96 columns are noise."""
    stream = np.random.default_rng(SEED)
    X = stream.standard_normal((500, 100))
    a, b, c, d = X.T[:4]
    return X, np.sin(2 * a) + b**2 / 2 + c * d + stream.standard_normal(500) / 2


def large() -> Made:
    """200,000 x 20, uniform on (0, 1), neighbours correlated. With e normal:

    y = 10 sin(pi x1 x3) + 20 (x5 - 1/2)^2 + 10 x7 + 5 |x9 - x11| + 5 sin(2 pi x13) x15 + exp(2 x17) + 2 e
    """
    stream = np.random.default_rng(SEED)
    normal = stream.standard_normal((200_000, 21))
    X = ndtr(np.sqrt(1 - SHARED) * normal[:, :-1] + np.sqrt(SHARED) * normal[:, 1:])
    a, b, c, d, e, f, g, h, i = X.T[0:17:2]
    y = 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * np.abs(e - f)
    y += 5 * np.sin(2 * np.pi * g) * h + np.exp(2 * i)
    return X, y + 2 * stream.standard_normal(len(y))


def huge() -> Made:
    """500,000 x 10, normal, two classes; the log odds are 2 sin(2 x1) + x2^2 - 1 + x3 x4 + |x5| - x6 / 2."""
    stream = np.random.default_rng(SEED)
    X = stream.standard_normal((500_000, 10))
    a, b, c, d, e, f = X.T[:6]
    odds = 2 * np.sin(2 * a) + b**2 - 1 + c * d + np.abs(e) - f / 2
    return X, (stream.uniform(size=len(X)) < expit(odds)).astype(np.int64)


def _friedman(number: int, rows: int, noise: float) -> Made:
    make: Any = getattr(require("sklearn.datasets"), f"make_friedman{number}")
    return make(n_samples=rows, noise=noise, random_state=SEED)
