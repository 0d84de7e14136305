"""Fits by evidence, as a whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

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
