"""scikit-learn's own checks of an estimator, all of them, on quick settings; `tests/slow` has the default ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import edgewise as ew
from edgewise.train import by_least_squares

SETTINGS: list[dict[str, Any]] = [
    {"hidden": (), "effort": "quick"},
    {"hidden": 2, "grids": [2], "sparsity": 0, "effort": "quick"},
]


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """These checks are about the interface, so a stage by steps ends after three of them."""
    monkeypatch.setattr(by_least_squares, "TUNED", replace(by_least_squares.TUNED, steps=3, rounds=(1, 0)))


@parametrize_with_checks([kind(**settings) for settings in SETTINGS for kind in (ew.KANRegressor, ew.KANClassifier)])
@pytest.mark.filterwarnings("ignore")  # some checks ask for warnings, as of labels in a column
def test_scikit_learn_is_content(estimator: Any, check: Any):
    check(estimator)
