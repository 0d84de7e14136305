"""Partial dependence."""

from __future__ import annotations

import torch

from edgewise.model import KAN
from edgewise.report.sections.dependence import dependence, dependence_charts
from edgewise.report.subject import Sample, Subject
from helpers import assert_close

from ..pages import data


def test_it_is_the_mean_over_the_data():
    model = KAN((3, 2, 2))
    X, y = data(model)
    found = dependence(model, Sample.of(model, X, y, ()), 1)
    assert (found.x[0], found.x[-1]) == (float(X[:, 1].min()), float(X[:, 1].max()))
    moved = X.clone()
    moved[:, 1] = found.x[7]
    with torch.no_grad():
        assert_close(torch.tensor(found.mean[7], dtype=torch.float64), model(moved).mean(0))


def test_the_most_important_inputs_come_first_and_all_share_one_axis():
    model = KAN((4, 1))
    X, y = data(model)
    X = X * torch.tensor([0.1, 1.0, 0.01, 0.5]).double()
    found = dependence_charts(Subject.of(model, X, y))
    spans = [max(m[0] for m in curve.mean) - min(m[0] for m in curve.mean) for _, curve in found.charts]
    assert spans == sorted(spans, reverse=True)
    assert {v for _, curve in found.charts for m in curve.mean for v in m} <= set(found.values)
