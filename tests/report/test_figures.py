"""What the report says in numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from edgewise.model import KAN
from edgewise.plotting import describe
from edgewise.report import figures
from edgewise.report.subject import Sample
from helpers import assert_close
from plotting.pictures import with_forms

from .pages import data


def test_scores_of_a_regression():
    model = KAN((2, 1))
    X, y = data(model)
    found = figures.scores(model, Sample.of(model, X, y + 0.5, ()))
    assert_close(found["rmse"], 0.5)
    assert_close(found["mae"], 0.5)
    assert_close(found["r2"], 1 - 0.25 / float(y.var(unbiased=False)))


def test_scores_of_a_classification_are_those_of_its_probabilities():
    model = KAN((2, 3))
    X, y = data(model)
    codes = y.argmax(1)
    found = figures.scores(model, Sample.of(model, X, codes, ("a", "b", "c")))
    assert found["accuracy"] == 1.0
    assert_close(found["cross_entropy"], torch.nn.functional.cross_entropy(y, codes).item())


def test_splines_get_the_form_that_describes_them():
    model = KAN((1, 1), base="none", grid_size=20)
    content = describe(model)
    x = torch.tensor(content.edges[0][0].x).double()
    edge = replace(content.edges[0][0], y=tuple((2 * torch.sin(3 * x) + 0.5).tolist()))
    found = figures.closed_forms(replace(content, edges=((edge,),)), None, None)[0, 0, 0]
    assert found.words == "2 sin(3x) + 0.5" and found.r2 > 1 - 1e-9 and not found.exact
    assert found.y == pytest.approx(edge.y)


def test_closed_forms_are_held_against_the_splines_they_replaced():
    sine = with_forms(KAN((1, 1)), {(0, 0, 0): ("sin", (3.0, 0.0, 2.0, 0.0))})
    after = describe(sine)
    edge = replace(
        describe(KAN((1, 1))).edges[0][0], y=tuple((5 * torch.sin(2 * torch.tensor(after.edges[0][0].x)) - 1).tolist())
    )
    before = replace(after, edges=((replace(edge, x=after.edges[0][0].x),),))
    found = figures.closed_forms(after, before, None)[0, 0, 0]
    assert found.words == "2 sin(3 x1)" and found.exact and found.r2 > 1 - 1e-6
    assert math.isnan(figures.closed_forms(after, None, None)[0, 0, 0].r2)
    assert figures.closed_forms(after, None, {(0, 0, 0): ("two words", 0.25)})[0, 0, 0].r2 == 0.25
