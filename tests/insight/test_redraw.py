"""redraw: another curve for a column, all else alike."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, DataError, EdgewiseWarning, StructureError
from helpers import assert_close, assert_equal, state_of

DRAW = np.random.default_rng(0)
X = DRAW.uniform(0, 10, (300, 3))
Y = np.sin(X[:, 0]) + 0.5 * X[:, 1] + X[:, 1] * X[:, 2] / 20 + 0.1 * DRAW.normal(size=300)


@pytest.fixture(scope="module", params=["sums", "with products"])
def model(request: Any) -> ew.KAN:
    start = ew.KAN((3, 1)) if request.param == "sums" else ew.KAN((3, (1, 4), 1))
    return ew.fit(start, X, Y, optimizer="evidence", progress=False).model


def curve(model: ew.KAN, column: str) -> tuple[np.ndarray, np.ndarray]:
    found = next(effect for effect in ew.effects(model, X) if effect.column == column)
    assert isinstance(found.at, torch.Tensor)
    return found.at.numpy(), found.value[:, 0].detach().numpy()


def test_the_curve_becomes_what_was_asked_for_and_others_stay(model: ew.KAN):
    before = state_of(model)
    line = ew.redraw(model, X, "x1", lambda x, y: 0.2 * (x - 5))
    at, value = curve(line, "x1")
    assert np.ptp(value - 0.2 * at) < 1e-6
    assert_close(torch.from_numpy(curve(line, "x2")[1]), torch.from_numpy(curve(model, "x2")[1]), like="float64")
    assert_equal(state_of(model), before)


def test_the_edit_names_the_class_whose_curve_changed():
    classes = np.array(["low", "mid", "high"])[np.digitize(X[:, 0], (3, 6))]
    start = ew.fit(ew.KAN((3, 3)), X, classes, optimizer="evidence", progress=False).model
    line = ew.redraw(start, X, "x1", lambda x, y: 0.2 * (x - 5), output=2)
    assert line.edits[-1].detail.startswith("x1 in mid: between")


def test_a_curve_that_stays_changes_no_prediction(model: ew.KAN):
    same = ew.redraw(model, X, "x1", lambda x, y: y)
    assert_close(torch.from_numpy(same.predict(X)), torch.from_numpy(model.predict(X)), like="float64")


def told(model: ew.KAN) -> tuple[float, float, float]:
    """From where to where a curve changed, and by how much."""
    low, high, most = re.findall(r"between (\S+) and (\S+) by up to ([\d.e-]+)", model.edits[-1].detail)[0]
    return float(low), float(high), float(most)


def test_what_was_done_is_recorded(model: ew.KAN):
    higher = ew.redraw(model, X, "x1", lambda x, y: y + 1)
    assert higher.edits[-1].action == "redraw" and higher.edits[-1].detail.startswith("x1 in ")
    assert told(higher) == pytest.approx((X[:, 0].min(), X[:, 0].max(), 1.0), rel=1e-5)


@pytest.mark.filterwarnings("ignore:the grid is too coarse")
@pytest.mark.parametrize("curve", [lambda x, y: np.where(x > 8, y - 1, y), lambda x, y: y - 0.02 * (x > 3) - (x > 8)])
def test_what_changed_is_recorded(model: ew.KAN, curve: Any):
    """Not what was asked for: beside a step a spline swings."""
    made = ew.redraw(model, X, "x1", curve)
    rows = np.tile(np.median(X, 0), (4001, 1))
    rows[:, 0] = np.linspace(X[:, 0].min(), X[:, 0].max(), 4001)
    moved = np.abs(made.predict(rows) - model.predict(rows))
    low, high, most = told(made)
    assert most == pytest.approx(moved.max(), rel=0.02) and most > 1.02
    assert low < 7.9 and high == pytest.approx(X[:, 0].max(), rel=1e-5)
    assert moved[rows[:, 0] < low].max(initial=0.0) < 0.002 * most


def test_a_grid_that_is_too_coarse_for_a_curve_is_told(model: ew.KAN):
    with pytest.warns(EdgewiseWarning, match=r"of x1: it misses .* by up to [\d.]+, near [78]\.\d+; ew.refine"):
        ew.redraw(model, X, "x1", lambda x, y: np.where(x > 8, y - 1, y))
    with pytest.warns(EdgewiseWarning, match="too coarse"):
        ew.redraw(model, X, "x1", lambda x, y: y + np.sin(9 * x))
    finer = ew.refine(model, grid_size=200)
    ew.redraw(finer, X, "x1", lambda x, y: y + np.sin(9 * x))  # without a word


def test_a_curve_that_stays_is_recorded_as_unchanged(model: ew.KAN):
    same = ew.redraw(model, X, "x1", lambda x, y: y).edits[-1]
    assert same.detail.endswith("unchanged")
    short = copy.deepcopy(model).to(torch.float32)
    same = ew.redraw(short, X.astype(np.float32), "x1", lambda x, y: y + 3 - 3).edits[-1]
    assert same.detail.endswith("unchanged")


def test_what_cannot_be_redrawn_is_refused(model: ew.KAN):
    deep = ew.KAN((3, 2, 1))
    with pytest.raises(StructureError, match="ew.effects lists"):
        ew.redraw(deep, X, "x1", lambda x, y: y)
    with pytest.raises(ConfigError, match="did you mean"):
        ew.redraw(model, X, "x9", lambda x, y: y)
    with pytest.raises(ConfigError, match="output"):
        ew.redraw(model, X, "x1", lambda x, y: y, output=1)
    with pytest.raises(DataError, match="finite"):
        ew.redraw(model, X, "x1", lambda x, y: y[:-1])


def test_beyond_the_rows_a_curve_goes_on_as_it_was_drawn():
    rows = np.stack([10 ** DRAW.uniform(-4, 4, 300), DRAW.normal(size=300)], 1)
    y = np.sin(np.log10(rows[:, 0])) + rows[:, 1] + 0.1 * DRAW.normal(size=300)
    powers = ew.fit(ew.KAN((2, 1)), rows, y, optimizer="evidence", progress=False).model
    drawn = ew.redraw(powers, rows, "x1", lambda x, y: 0.3 * np.log10(x))
    at = drawn(torch.tensor([[10.0**power, 0.0] for power in range(3, 6)], dtype=torch.float64))[:, 0]
    assert at.diff().tolist() == pytest.approx([0.3, 0.3], abs=0.1)  # along the logarithm, as its grid does
    everywhere = torch.tensor([[10.0**power, 0.0] for power in range(-9, 10)], dtype=torch.float64)
    assert_close(ew.redraw(powers, rows, "x1", lambda x, y: y)(everywhere), powers(everywhere))

    of_x2, held = rows[:, 1] ** 2 + 1, {"x2": "non-negative"}
    found = ew.fit(ew.KAN((2, 1)), rows, of_x2, optimizer="evidence", constraints={**held}, progress=False)
    positive = found.model
    drawn = ew.redraw(positive, rows, "x2", lambda x, y: 0.5 * x)
    at = drawn(torch.tensor([[1.0, place] for place in (-20, -15, -10, -5, 0)], dtype=torch.float64))[:, 0]
    assert at.diff().tolist() == pytest.approx([2.5] * 4, rel=1e-3)  # along the tangent
    some = np.abs(rows[:, 1]) < 1
    part = ew.redraw(positive, rows[some], "x2", lambda x, y: y + 1)
    far = torch.tensor([[1.0, -2.0], [1.0, 2.0]], dtype=torch.float64)
    assert float((part(far) - positive(far) - 1).detach().abs().max()) < 1e-9


def test_where_a_curve_turns_flat_beyond_the_rows_so_does_one_that_is_drawn():
    classes = (DRAW.uniform(size=300) < 1 / (1 + np.exp(5 - X[:, 0]))).astype(int)
    found = ew.KANClassifier(effort="quick", random_state=0).fit(X, classes).model_
    drawn = ew.redraw(found, X, "x1", lambda x, y: 0.3 * x, output=1)
    far = np.array([[-50.0, 5, 5], [-10, 5, 5], [20, 5, 5], [60, 5, 5]])
    low, near, other, high = drawn(torch.from_numpy(far))[:, 1].tolist()
    assert low == pytest.approx(near) and high == pytest.approx(other) and 2.5 < high - low < 4.5


def test_where_a_curve_turns_flat_far_outside_so_does_one_that_is_drawn(model: ew.KAN):
    drawn = ew.redraw(model, X, "x1", lambda x, y: 0.3 * x)
    at = [-900.0, -90.0, -6.0, -3.0, 0.0, 5.0, 10.0, 13.0, 16.0, 90.0, 900.0]
    rows = torch.tensor([[place, 5.0, 5.0] for place in at], dtype=torch.float64)
    rise = drawn(rows)[:, 0].diff().tolist()
    assert rise[2:-2] == pytest.approx([0.9, 0.9, 1.5, 1.5, 0.9, 0.9], rel=1e-3)  # along the tangent
    assert rise[:1] + rise[-1:] == pytest.approx([0, 0], abs=1e-6) and max(rise[1], rise[-2]) < 0.3 * 10
