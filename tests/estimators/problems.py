"""Rows for the tests of estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

QUICK: dict[str, Any] = {"hidden": (), "interactions": 0, "effort": "quick", "random_state": 0}


def rows(count: int = 80, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """X (n, 2), and a y (n,) that is a sum of two curves."""
    draw = np.random.default_rng(seed)
    X = draw.uniform(-1, 1, (count, 2))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + noise * draw.normal(size=count)


def labels(y: np.ndarray) -> np.ndarray:
    """Three classes of numbers, as text."""
    return np.array(["low", "middle", "high"])[np.digitize(y, [0.0, 0.7])]
