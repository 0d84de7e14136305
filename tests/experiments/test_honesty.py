"""Claims of a fit are held against rows it has not seen: these are new, noise is noise, the truth is the error."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from experiment_runs import module


def test_new_rows_are_no_rows_of_the_fit():
    cases = module("honesty.cases")
    for name in ("normal_1", "kink", "iris"):
        tables = [cases.table_of(name, 0, fold) for fold in cases.folds_of(name)]
        assert np.array_equal(tables[0].X, cases.table_of(name, 0, 0).X)
        assert not np.array_equal(tables[0].y, cases.table_of(name, 1, 0).y)
        if name == "iris":  # whose rows are not all different
            counts = [np.bincount(np.concatenate([table.y, table.new_y])) for table in tables]
            assert all(np.array_equal(count, [50, 50, 50]) for count in counts)
            assert sum(len(table.new_y) for table in tables) == 150
        else:
            assert not np.isin(tables[0].new_X, tables[0].X).any() and len(tables[0].new_X) == cases.NEW


def test_noise_has_nothing_to_do_with_its_inputs():
    cases = module("honesty.cases")
    for name in cases.NOISE:
        table = cases.table_of(name, 0, 0)
        assert 100 <= len(table.X) <= 500 and 3 <= table.X.shape[1] <= 10
        assert np.abs(np.corrcoef(table.new_X.T, table.new_y)[-1, :-1]).max() < 0.05


def constant(*outputs: float) -> torch.nn.Module:
    """A model of one input that always says this."""
    model = torch.nn.Linear(1, len(outputs)).double()
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(torch.tensor(outputs))
    return model


def test_the_truth_about_a_model_is_its_error_on_new_rows():
    Table, truth = module("honesty.cases").Table, module("honesty.claims").truth
    X, y, codes = np.zeros((4, 1)), np.array([1.0, -1.0, 3.0, 1.0]), np.array([0, 1, 1, 0])
    assert truth(constant(0.0), Table(X, y, X, y)) == {"rmse": pytest.approx(math.sqrt(3)), "r2": pytest.approx(-0.5)}
    wanted = {"cross_entropy": pytest.approx((math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2), "accuracy": 0.5}
    assert truth(constant(1.0, -1.0), Table(X, codes, X, codes)) == wanted
