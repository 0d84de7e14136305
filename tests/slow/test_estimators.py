"""Estimators as they come, and additive: scikit-learn's own checks, and how many targets lie in their intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import edgewise as ew

Draw = np.random.RandomState


SETTINGS: list[dict[str, Any]] = [{}, {"hidden": (), "interactions": 0}]  # `tests/estimators` has a third


@parametrize_with_checks([kind(**settings) for settings in SETTINGS for kind in (ew.KANRegressor, ew.KANClassifier)])
@pytest.mark.filterwarnings("ignore")  # some checks ask for warnings, as of labels in a column
def test_scikit_learn_is_content(estimator: Any, check: Any):
    check(estimator)


def uneven(draw: Draw, count: int) -> tuple[np.ndarray, np.ndarray]:
    X = draw.uniform(-1, 1, (count, 3))
    noise = (0.1 + 0.5 * np.abs(X[:, 0])) * draw.normal(size=count)
    return X, np.exp(X[:, 0]) + X[:, 1] * X[:, 2] + noise


def heavy(draw: Draw, count: int) -> tuple[np.ndarray, np.ndarray]:
    X = draw.uniform(-1, 1, (count, 3))
    return X, np.sin(np.pi * X[:, 0]) * X[:, 1] + 0.3 * draw.standard_t(3, count)


@pytest.mark.parametrize("problem", [uneven, heavy])
def test_nine_in_ten_targets_lie_in_intervals_for_nine_in_ten(problem: Callable[[Draw, int], Any]):
    """In the mean of four tables; one table alone is off by a point and a half or so."""
    inside = []
    for seed in range(4):
        draw = np.random.RandomState(100 + seed)
        (X, y), (new, truth) = problem(draw, 500), problem(draw, 2000)
        low, high = ew.KANRegressor(random_state=seed).fit(X, y).predict_interval(new)
        inside.append(((low <= truth) & (truth <= high)).mean())
    assert abs(np.mean(inside) - 0.9) < 0.02
