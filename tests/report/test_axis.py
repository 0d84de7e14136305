"""Axes as numbers."""

from __future__ import annotations

import math

import pytest

from edgewise.report.axis import Axis, ticks


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 17), (1e-9, 3e-9), (1e6, 1e6 + 3), (5, 5), (-1e300, 1e300)])
def test_ticks_are_round_and_inside(low, high):
    marks = ticks(low, high)
    assert 1 <= len(marks) <= 12
    assert all(low - 1e-9 * abs(low) <= m <= high + 1e-9 * abs(high) for m in marks)
    words = [w for _, w in Axis(low, high + (high == low), 0, 1).marks()]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("log", [False, True])
def test_every_finite_value_lies_on_the_axis(log):
    values = [0.01, 3.0, 250.0, math.nan, math.inf]
    axis = Axis.of(values, 10, 110, log=log)
    places = [axis(v) for v in values[:3]]
    assert all(10 <= place <= 110 for place in places) and places == sorted(places)


def test_counts_have_no_fractions_beside_them():
    words = [w for _, w in Axis(0.0, 2.12, 100, 0, counts=True).marks()]
    assert words == ["0", "1", "2"]


def test_a_single_value_stands_in_the_middle():
    assert Axis.of([7.0, 7.0], 0, 100)(7.0) == pytest.approx(50)
