"""Estimators on their default settings: scikit-learn's own checks, and how many targets lie in their intervals."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import edgewise as ew


@parametrize_with_checks([ew.KANRegressor(), ew.KANClassifier(), ew.KANRegressor(hidden=(), formula=True)])
@pytest.mark.filterwarnings("ignore")  # some checks ask for warnings, as of labels in a column
def test_scikit_learn_is_content(estimator: Any, check: Any):
    check(estimator)
