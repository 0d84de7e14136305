"""Fits by evidence, as a whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeCV

import edgewise as ew
from helpers import assert_equal, state_of


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 4])
def test_a_median_through_every_row_ends_the_search_for_pairs(seed: int) -> None:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(50, 8))
    y = X[:, 0] + X[:, 1] + 0.3 * draw.normal(size=50)
    found = ew.KANRegressor(effort="quick", random_state=0, loss="absolute_error").fit(X, y)
    assert np.isfinite(found.predict(X)).all()


@pytest.mark.parametrize("classes", [0, 2])
def test_a_small_fit_is_the_same_on_any_number_of_threads(classes: int) -> None:
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(400, 6, dtype=torch.float64, generator=generator)
    y = torch.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * torch.randn(400, dtype=torch.float64, generator=generator)
    target, outputs, loss = ((y > 0).long(), 2, "cross_entropy") if classes else (y, 1, "squared_error")
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            result = ew.fit(ew.KAN((6, outputs)), X, target, loss=loss, optimizer="evidence", progress=False)
            found.append(state_of(result.model))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert_equal(found[0], found[1])


def test_few_rows_of_many_columns_are_told_as_well_as_by_ridge_regression() -> None:
    """Curves of every column would be charged for, or follow the noise."""
    ratios = []
    for seed in range(5):
        draw = np.random.default_rng(seed)
        mixed, weights = draw.normal(size=(4, 15)), 0.4 * draw.normal(size=15)
        X = draw.normal(size=(532, 4)) @ mixed + draw.normal(size=(532, 15))
        y = X @ weights / (X @ weights).std() + 0.6 * draw.normal(size=532)
        found = ew.KANRegressor(effort="quick", random_state=0).fit(X[:32], y[:32])
        ridge = RidgeCV(np.logspace(-3, 4, 15)).fit(X[:32], y[:32])
        left = [np.square(model.predict(X[32:]) - y[32:]).mean() for model in (found, ridge)]
        ratios.append(left[0] / left[1])
    assert np.median(ratios) < 1.1
    assert max(ratios) < 1.5


def test_weak_lines_of_all_columns_are_told_as_well_as_by_ridge_regression() -> None:
    """There are fewer functions than rows. Curves with a strength each would still take up noise."""
    ratios = []
    for seed in range(4):
        draw = np.random.default_rng(seed)
        X = draw.normal(size=(1200, 10))
        law = 0.3 * X @ draw.choice([-1.0, 1.0], size=10)
        y = law[:200] + draw.normal(size=200)
        found = ew.KANRegressor(effort="quick", random_state=0).fit(X[:200], y)
        ridge = RidgeCV(np.logspace(-3, 4, 15)).fit(X[:200], y)
        left = [np.square(model.predict(X[200:]) - law[200:]).mean() for model in (found, ridge)]
        ratios.append(left[0] / left[1])
    assert np.median(ratios) < 1.1
    assert np.mean(ratios) < 1.3
