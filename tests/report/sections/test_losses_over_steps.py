"""The losses of a fit."""

from __future__ import annotations

import math

import pytest

from edgewise.model import KAN
from edgewise.report import report
from edgewise.report.sections.losses_over_steps import training

from ..pages import ParsedPage, data, history


def test_stages_begin_where_the_grid_or_the_stage_changes():
    found = training(history(30))
    assert found is not None
    assert found.stages == [(1, "grid 3"), (31, "grid 6")]
    assert len(found.train) == len(found.held_out) == 40 and found.has_held_out
    assert found.title == "Loss, 40 steps, 9 s"


def test_rows_without_a_loss_give_no_curve():
    assert training([]) is None and training([{"step": 1}] * 5) is None and training([{"train_loss": 1.0}]) is None


@pytest.mark.parametrize(
    "rows",
    [[], [{"step": 1}], [{"train_loss": 1.0}], [{"train_loss": 0.0}, {"train_loss": math.inf}], [{"loss": 0.0}] * 5],
)
def test_any_history_can_be_shown(rows):
    model = KAN((1, 1))
    page = ParsedPage(report(model, *data(model), history=rows, closed_forms={}))
    assert ("Loss, " in page.text) is (len(rows) > 1)
