"""fit on whatever data: any container, units, constants, few rows and weights; what it cannot be fitted to is named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import edgewise as ew
from edgewise.errors import DataError, EdgewiseError
from helpers import assert_close, assert_equal, state_of

from .small_fits import QUICK, rows, trained_on


@pytest.mark.parametrize("kind", ["tensors", "column", "arrays", "float32", "lists", "frame", "loader"])
def test_the_same_data_in_any_container_gives_the_same_model(kind: str):
    X, y = rows(50)
    X, y = X.float().double(), y.float().double()
    given: tuple[Any, ...] = {
        "tensors": (X, y),
        "column": (X, y[:, None]),
        "arrays": (X.numpy(), y.numpy()),
        "float32": (X.float(), y.float().numpy()),
        "lists": (X.tolist(), y.tolist()),
        "frame": (pd.DataFrame(X.numpy(), columns=["a", "b"]), pd.Series(y.numpy())),
        "loader": (DataLoader(TensorDataset(X, y), batch_size=20),),
    }[kind]
    want = ew.fit(ew.KAN((2, 1)), X, y, **QUICK).model
    got = ew.fit(ew.KAN((2, 1)), *given, **QUICK).model
    assert got.metadata.inputs == (("a", "b") if kind == "frame" else ())
    assert_equal(state_of(got.build(metadata=want.metadata)), state_of(want))


def test_faults_in_a_table_are_named_by_column_and_row():
    X, y = rows(20)
    frame = pd.DataFrame(X.numpy(), columns=["age", "height"])
    frame.loc[7, "height"] = np.nan
    with pytest.raises(DataError, match="X is not finite in row 7, column 'height'"):
        ew.fit(ew.KAN((2, 1)), frame, y, progress=False)
    y[3] = math.inf
    with pytest.raises(DataError, match="y is not finite in row 3"):
        ew.fit(ew.KAN((2, 1)), X, y, progress=False)


def test_targets_are_never_broadcast():
    X, y = rows(20)
    for wrong in (y[:1], y[:5], y[None, :], torch.stack([y, y], 1), y[:, None, None]):
        with pytest.raises(EdgewiseError, match="y has"):
            ew.fit(ew.KAN((2, 1)), X, wrong, progress=False)


@pytest.mark.parametrize("factor", [1e12, 1e-12, 1e100, 1e-100])
def test_units_do_not_matter(factor: float):
    X, y = rows(80)
    want = ew.fit(ew.KAN((2, 1)), X, y, **QUICK)
    big_y = ew.fit(ew.KAN((2, 1)), X, factor * y, **QUICK)
    assert big_y.metrics["rmse"] / factor == pytest.approx(want.metrics["rmse"], rel=1e-3)
    assert big_y.train_loss == pytest.approx(big_y.metrics["rmse"] ** 2)
    big_x = ew.fit(ew.KAN((2, 1)), factor * X, y, **QUICK)
    assert_close(big_x.model(factor * X), want.model(X), like="adapt")


@pytest.mark.parametrize("offset", [1e3, -1e6])
def test_offsets_of_inputs_do_not_matter(offset: float):
    X, y = rows(80)
    assert ew.fit(ew.KAN((2, 1)), X + offset, y, **QUICK).metrics["rmse"] < 1e-2


@pytest.mark.parametrize("value", [0.0, 3.7, -1e9, 1e-9])
def test_constant_targets_are_fitted_exactly(value: float):
    X, _ = rows(50)
    result = ew.fit(ew.KAN((2, 2, 1)), X, torch.full((50,), value), **QUICK)
    value = float(torch.tensor(value))  # as float32 has it
    assert float((result.model(X) - value).detach().abs().max()) <= 1e-5 * min(abs(value) or 1.0, 1.0)
    assert math.isnan(result.metrics["r2"]) or result.metrics["r2"] <= 1.0


@pytest.mark.parametrize("value", [0.0, 1e15, -3.0])
def test_constant_columns_do_no_harm(value: float):
    X, _ = rows(60)
    y = torch.sin(3 * X[:, 0])
    constant = torch.cat([X[:, :1], torch.full((60, 1), value, dtype=torch.float64)], 1)
    result = ew.fit(ew.KAN((2, 1)), constant, y, **QUICK)
    assert result.metrics["rmse"] < 1e-2
    shifted = constant + torch.tensor([0.0, 0.3], dtype=torch.float64)
    assert bool(torch.isfinite(result.model(shifted)).all())


@pytest.mark.parametrize("count", [2, 3, 5, 29, 30])
def test_few_rows_are_fitted(count: int):
    X, y = rows(count)
    result = ew.fit(ew.KAN((2, 1)), X, y, progress=False)
    assert result.metrics["rmse"] < 0.3
    assert (result.validation_loss is None) == (count < 30)
    assert bool(torch.isfinite(result.model(3 * X)).all())


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_are_named(count: int):
    with pytest.raises(DataError, match="needs at least 2"):
        ew.fit(ew.KAN((2, 1)), *rows(count), progress=False)


def test_duplicate_rows_and_columns_of_two_values_are_fitted():
    X, y = rows(40)
    same = X[:1].expand(40, 2)
    result = ew.fit(ew.KAN((2, 2, 1)), same, y, **QUICK)
    assert_close(result.model(same[:1])[0, 0], trained_on(result, X, y)[1].mean(), like="adapt")  # the best there is
    corners = (X > 0).double()
    result = ew.fit(ew.KAN((2, 2, 1)), corners, corners[:, 0] * corners[:, 1], progress=False)
    assert result.metrics["rmse"] < 1e-3


def test_targets_that_overflow_are_named():
    X, y = rows(40)
    with pytest.raises(DataError, match=r"y reaches .*e\+200.*other units"):
        ew.fit(ew.KAN((2, 1)), X, 1e200 * y, progress=False)


def test_rows_of_weight_zero_are_rows_less():
    X, y = rows(60)
    weight = torch.ones(60, dtype=torch.float64)
    weight[::4] = 0
    spoilt_X, spoilt_y = X.clone(), y.clone()
    spoilt_X[::4], spoilt_y[::4] = 1e3, 1e6
    one = ew.fit(ew.KAN((2, 1)), spoilt_X, spoilt_y, sample_weight=weight, **QUICK)
    other = ew.fit(ew.KAN((2, 1)), X[weight > 0], y[weight > 0], sample_weight=weight[weight > 0], **QUICK)
    assert_equal(state_of(one.model), state_of(other.model))
    assert one.metrics == other.metrics


def test_weights_weigh():
    """Two contradicting targets at every point: the weighted mean wins."""
    X, _ = rows(500)
    both = torch.cat([X, X])
    y = torch.cat([torch.zeros(500), torch.ones(500)]).double()
    weight = torch.cat([torch.full((500,), 3.0), torch.ones(500)]).double()
    settings: dict[str, Any] = QUICK | {"steps": 20, "grids": (2,)}
    for given, want in ((weight, 0.25), (None, 0.5)):
        result = ew.fit(ew.KAN((2, 1), grid_size=2), both, y, sample_weight=given, **settings)
        assert abs(float(result.model(X).detach().mean()) - want) < 0.05
