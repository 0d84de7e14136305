"""scikit-learn's own checks of an estimator, all of them, on quick settings; `tests/slow` has others."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import edgewise as ew

SETTINGS: dict[str, Any] = {"hidden": 2, "grids": [2], "sparsity": 0, "interactions": 0}


@parametrize_with_checks([ew.KANRegressor(**SETTINGS), ew.KANClassifier(**SETTINGS)])
@pytest.mark.usefixtures("few_steps")
@pytest.mark.filterwarnings("ignore")  # some checks ask for warnings, as of labels in a column
def test_scikit_learn_is_content(estimator: Any, check: Any):
    check(estimator)
