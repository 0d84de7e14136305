"""Closed forms follow the curves of a later fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.studies.forms_again import follow_curves, forms_again
from symbolic.laws import network, uniform

SQUARE, LINE = ("x^2", 1.0, 0.3, 2.0, 0.1), ("x", 1.0, 0.0, 1.5, 0.0)
X = uniform((-1, 1), (-1, 1), rows=60)


def test_constants_are_those_of_the_new_curves_and_splines_stay():
    old = network((2, 1), {(0, 0, 0): SQUARE, (0, 1, 0): LINE})
    old = ew.unset_symbolic(old, [(0, 1, 0)], X)
    new = ew.unset_symbolic(network((2, 1), {(0, 0, 0): ("x^2", 1.0, -0.2, 3.0, 0.0), (0, 1, 0): LINE}), X=X)
    again = forms_again(old, new, X)
    assert again is not None and ew.summary(again).symbolic_edges == 1
    torch.testing.assert_close(again(X), new(X), atol=1e-4, rtol=0)  # of splines that hold a parabola


def test_edges_that_forms_left_out_go_and_edges_that_are_gone_end_it():
    both = network((2, 1), {(0, 0, 0): SQUARE, (0, 1, 0): LINE})
    one = network((2, 1), {(0, 0, 0): SQUARE})
    again = forms_again(one, both, X)
    assert again is not None and again.active_edges() == [(0, 0, 0)]
    assert forms_again(both, one, X) is None
    two = network((2, 2), {(0, 0, 0): SQUARE, (0, 1, 1): LINE})
    assert forms_again(two, two, X) is not None
    assert forms_again(one, two, X) is None  # the second output would have no edge


def test_splines_beside_them_or_lines_alone_follow_curves():
    lines = network((2, 1), {(0, 0, 0): LINE, (0, 1, 0): LINE})
    mixed = network((2, 1), {(0, 0, 0): SQUARE, (0, 1, 0): LINE})
    assert follow_curves(lines) and not follow_curves(mixed)
    assert follow_curves(ew.unset_symbolic(mixed, [(0, 0, 0)], X))


@pytest.mark.parametrize("seed", [2, 3])
def test_a_noisy_sum_of_few_rows_is_written_as_lines(seed: int):
    """Least squares bent two of these lines into squares and absolute values, which followed the noise."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(40, 9))
    study = ew.study(rows, rows.sum(1) + 0.3 * draw.normal(size=40), effort="quick", progress=False)
    forms = [edge.primitive for layer in study.model.edge_layers for edge in layer.symbolic]
    assert forms == ["x"] * 9
    new = draw.uniform(-1, 1, size=(500, 9))
    assert np.sqrt(np.mean((study.model.predict(new) - new.sum(1)) ** 2)) < 0.3
