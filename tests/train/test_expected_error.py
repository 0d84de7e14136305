"""What is said about the error of new rows: near it where held-out rows miss the tails, the held-out error where noise
is all there is."""

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.losses import SquaredError
from edgewise.train.expected_error import expected_rmse, mixed


def table(function, inputs, seed, rows=1000):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (rows, inputs))
    return X, function(X)


@pytest.mark.slow
def test_noise_is_told_by_the_held_out_rows():
    X, y = table(lambda X: X[:, 0] * X[:, 1], 2, 0)
    result = ew.fit(ew.KAN((2, 2, 1)), X, y + 0.1 * np.random.default_rng(2).normal(size=len(y)), progress=False)
    assert (
        result.metrics["validation_rmse"] <= result.metrics["expected_rmse"] < 1.2 * result.metrics["validation_rmse"]
    )
    assert f"expected of new rows {result.metrics['expected_rmse']:.2g}" in result.message


@pytest.mark.parametrize("settings", [{"validation": True}, {"few": True}, {"classes": True}])
def test_no_word_where_no_rows_were_given_back(settings):
    X, y = table(lambda X: X[:, 0] + X[:, 1] ** 2, 2, 0, 20 if "few" in settings else 200)
    given = (X, y) if "validation" in settings else None
    target = np.where(y > 0, "a", "b") if "classes" in settings else y
    result = ew.fit(
        ew.KAN((2, 2 if "classes" in settings else 1)), X, target, progress=False, grids=(3,), validation=given
    )
    assert "expected_rmse" not in result.metrics and "expected" not in result.message


def test_equal_networks_leave_the_held_out_error():
    model, x = ew.KAN((2, 1), dtype=torch.float64), torch.rand(50, 2, dtype=torch.float64)
    assert expected_rmse(0.25, model, model, x, SquaredError(), seed=0) == 0.25


def test_change_counts_as_the_jackknife_says():
    model, x = ew.KAN((2, 1), dtype=torch.float64), torch.rand(50, 2, dtype=torch.float64)
    moved = model.build()
    with torch.no_grad():
        moved.edge_layers[-1].bias.add_(4.0)
    assert expected_rmse(0.0, model, moved, x, SquaredError(), seed=0) == pytest.approx(12.0)


@pytest.mark.parametrize("rows", [2, 100, 5000])
def test_mixed_rows_take_values_from_their_columns(rows):
    x = torch.randn(rows, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = mixed(x, 500, seed=0)
    assert all(bool(torch.isin(made[:, k], x[:, k]).all()) for k in range(3))
    assert torch.equal(made, mixed(x, 500, seed=0))


def test_mixed_rows_keep_what_columns_share():
    t = torch.rand(3000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = mixed(torch.cat([t, t, (t > 0.5).double()], 1), 2000, seed=0)
    assert float((made[:, 0] - made[:, 1]).abs().mean()) < 0.03  # independent columns: 0.33


def test_mixed_rows_reach_a_corner_that_no_row_is_in():
    x = torch.rand(1000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = x[(x > 0.97).sum(1) < 2]
    made = mixed(x, 20_000, seed=0)
    assert int((made > 0.97).all(1).sum()) > 0
