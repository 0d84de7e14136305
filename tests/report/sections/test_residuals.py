"""Residuals and confusions."""

from __future__ import annotations

import math

import torch

from edgewise.model import KAN
from edgewise.report.sections.residuals import ResidualCharts, confusions, histogram, residuals
from edgewise.report.subject import Subject
from helpers import assert_close

from ..pages import data


def test_residuals_are_predicted_less_measured_on_the_rows_that_judge():
    model = KAN((2, 1))
    X, y = data(model)
    Xt, yt = data(model, 20)
    found = residuals(Subject.of(model, X, y, test=(Xt, yt + 0.25)))
    assert isinstance(found, ResidualCharts)
    (chart,) = found.charts
    assert_close(torch.tensor(chart.residual).double(), torch.full((20,), -0.25).double())
    assert sum(chart.counts) == 20


def test_histogram_counts_every_finite_value():
    assert sum(histogram(torch.tensor([0, 0.5, 1, math.nan, math.inf]), 4, 0, 1)) == 3
    assert histogram(torch.tensor([2.0, 2.0, 2.0]), 4, 2, 2) == [0, 0, 3, 0]
    assert histogram(torch.tensor([0.0, 0.24, 0.26, 1.0]), 4, 0, 1) == [2, 1, 0, 1]


def test_confusions_have_the_true_class_down_and_the_predicted_one_across():
    found = confusions(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]), ("a", "b", "c"))
    assert [(row.name, row.counts, row.recall) for row in found.rows] == [
        ("a", [1, 1, 0], "0.5"),
        ("b", [0, 2, 0], "1"),
        ("c", [0, 0, 0], "–"),
    ]
