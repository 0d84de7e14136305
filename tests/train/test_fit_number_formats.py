"""fit in every number format: float32 models stay what they are, and what a format cannot hold is refused."""

from __future__ import annotations

import math

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, DataError

from .small_fits import QUICK, rmse, rows, trained_on


@pytest.mark.parametrize("unit", [1e-25, 1e25])
def test_float32_models_are_measured_beyond_the_squares_of_float32(unit: float):
    X, y = rows()
    one, other = (ew.fit(ew.KAN((2, 1), dtype=torch.float32), X, s * y, **QUICK).metrics for s in (1.0, unit))
    assert 0 < other["rmse"] < 0.01 * unit
    assert other["r2"] > 0.99 and one["r2"] > 0.99
    assert math.isclose(other["validation_mae"], unit * one["validation_mae"], rel_tol=0.1)


@pytest.mark.parametrize(
    ("scale", "what", "words"),
    [
        ((1.0, 1e39), "y", "reaches"),
        ((1e39, 1.0), "X", "reaches"),
        ((1.0, 1e-46), "column 0 of y", "spans"),
        ((1e-46, 1.0), "column 0 of X", "spans"),
    ],
)
def test_what_a_number_format_cannot_hold_is_refused(scale: tuple[float, float], what: str, words: str):
    X, y = rows()
    with pytest.raises(DataError, match=rf"{what} {words} .* torch.float32 can .*; use a float64 model or other units"):
        ew.fit(ew.KAN((2, 1), dtype=torch.float32), scale[0] * X, scale[1] * y, **QUICK)


def test_targets_whose_spread_has_no_square_are_refused():
    X, y = rows()
    with pytest.raises(
        DataError, match="y reaches 1.85e-170, and the square of that is zero in torch.float64; give y in other units"
    ):
        ew.fit(ew.KAN((2, 1)), X, 1e-170 * y, **QUICK)


def test_float32_models_stay_float32_and_are_measured_as_they_are():
    X, y = rows(80)
    result = ew.fit(ew.KAN((2, 1), dtype=torch.float32), X, y, **QUICK)
    assert {t.dtype for t in result.model.state_dict().values() if t.is_floating_point()} == {torch.float32}
    assert result.model(X.float()).dtype == torch.float32
    X, y = trained_on(result, X, y)
    assert result.metrics["rmse"] == pytest.approx(rmse(result.model, X.float(), y.float()), rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_formats_that_cannot_hold_the_knots_are_refused(dtype: torch.dtype):
    with pytest.raises(ConfigError, match=f"number format is {dtype}.*fit a float32 or float64 model"):
        ew.fit(ew.KAN((2, 1), dtype=dtype), *rows(40), progress=False)
