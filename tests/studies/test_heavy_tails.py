"""Tails of errors that squares do not bear are told with the loss that does; other errors are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.data import from_arrays
from edgewise.errors import EdgewiseWarning
from edgewise.studies import heavy_tails
from edgewise.studies.heavy_tails import told
from edgewise.studies.learning import learn_all
from edgewise.studies.study_settings import StudySettings

ROWS = 150
QUICK: dict[str, Any] = {"hidden": (), "effort": "quick", "formula": False}


def law(rows: int = ROWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Inputs, a sum of two curves, and what draws its errors."""
    draw = np.random.default_rng(seed)
    X = draw.random((rows, 3))
    return X, 3 * X[:, 0] + np.sin(6 * X[:, 1]), draw


def outliers(draw: np.random.Generator, rows: int = ROWS) -> np.ndarray:
    """Errors of which a few are large."""
    return 0.3 * draw.normal(size=rows) + (draw.random(rows) < 0.05) * 20 * draw.normal(size=rows)


def sentences(X: np.ndarray, y: np.ndarray, loss: str = "auto", **rows: Any) -> tuple[str, ...]:
    settings = StudySettings.of((), "auto", formula=False, effort="quick", loss=loss)
    found = learn_all(from_arrays(X, y, **rows), settings)
    return told(found.trained, found.fitted, settings)


def test_a_warning_names_the_loss_that_bears_outliers_and_that_loss_is_better():
    X, y, draw = law(seed=3)
    fresh, truth, _ = law(500)
    noisy = y + outliers(draw)
    with pytest.warns(EdgewiseWarning, match="A few rows of y .*loss='student_t'"):
        squares = ew.KANRegressor(**QUICK, random_state=0).fit(X, noisy)
    student = ew.KANRegressor(**QUICK, random_state=0, loss="student_t").fit(X, noisy)
    off, less = (np.sqrt(np.mean((model.predict(fresh) - truth) ** 2)) for model in (squares, student))
    assert less < 0.3 * off


def test_the_verdict_of_a_study_says_so():
    X, y, draw = law(seed=5)
    assert "loss='student_t'" in ew.study(X, y + outliers(draw), **QUICK, progress=False).verdict


def test_rows_with_missing_cells_have_no_tails_of_their_own():
    """What a column says is missing in their errors, which are as wide; outliers among the others are told."""
    X, y, draw = law(seed=3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.loc[draw.permutation(ROWS)[:15], "a"] = np.nan
    for noise, told_of in ((0.05 * draw.normal(size=ROWS), False), (outliers(draw), True)):
        verdict = ew.study(frame.assign(y=y + noise), target="y", **QUICK, progress=False).verdict
        assert ("student_t" in verdict) is told_of


def test_the_output_with_outliers_is_named():
    X, y, draw = law(seed=3)
    said = sentences(X, np.stack([y + 0.3 * draw.normal(size=ROWS), y + outliers(draw)], 1))
    assert len(said) == 1 and "A few rows of y2" in said[0]


@pytest.mark.parametrize(
    "kind", ["normal", "uniform", "laplace", "exponential", "lognormal", "one side", "amounts", "mostly zero"]
)
def test_errors_that_squares_bear_or_whose_middle_is_not_their_mean_are_not_told(kind: str):
    X, y, draw = law()
    some = {
        "normal": y + 0.3 * draw.normal(size=ROWS),
        "uniform": y + 0.3 * draw.uniform(-1, 1, ROWS),
        "laplace": y + 0.3 * draw.laplace(size=ROWS),
        "exponential": y + 0.3 * draw.exponential(size=ROWS),
        "lognormal": y + 0.3 * draw.lognormal(size=ROWS),
        "one side": y + 0.3 * draw.normal(size=ROWS) + 10 * (draw.random(ROWS) < 0.05),
        "amounts": np.exp(y + 0.5 * draw.normal(size=ROWS)),
        "mostly zero": np.where(draw.random(ROWS) < 0.9, 0.0, draw.normal(size=ROWS)),
    }
    assert sentences(X, some[kind]) == ()


def test_a_law_without_noise_has_no_tails():
    X, y, _ = law()
    assert sentences(X, y) == ()


@pytest.mark.parametrize("loss", ["student_t", "squared_error"])
def test_a_loss_that_was_asked_for_is_left_alone(loss: str):
    X, y, draw = law(seed=3)
    assert sentences(X, y + outliers(draw), loss) == ()


def test_rows_of_weight_two_are_two_rows():
    X, y, draw = law(60)
    error = torch.from_numpy(outliers(draw, 60))
    weight = torch.from_numpy(draw.integers(1, 4, 60).astype(float))
    table = from_arrays(X, y)
    copies = table.take(torch.arange(60).repeat_interleave(weight.long()))
    weighed = replace(table, weight=weight)
    for of in (heavy_tails._nats, heavy_tails._lean):
        one, other = of(error, weighed), of(error.repeat_interleave(weight.long()), copies)
        assert one == pytest.approx(other)
