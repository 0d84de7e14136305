"""The parts of charts as SVG."""

from __future__ import annotations

import math

from edgewise.report import charts
from edgewise.report.axis import Axis

from .pages import INJECTED, ParsedPage


def test_lines_break_where_there_is_no_number():
    x, y = charts.frame([0, 1, 2, 3, 4], [1, 2, math.nan, 4, 5])
    assert charts.line(x, y, [0, 1, 2, 3, 4], [1, 2, math.nan, 4, 5]).count("<polyline") == 2
    y = Axis.of([1.0, 0.0, -1.0], 100, 0, log=True)
    assert charts.line(x, y, [0, 1, 2], [1.0, 0.0, -1.0]) == ""


def test_titles_of_axes_are_text_that_fits():
    for name in INJECTED:
        x, y = charts.frame([0, 1], [0, 1])
        page = ParsedPage(charts.svg(charts.axes(x, y, name, name), label=name))
        assert {tag for tag, _ in page.tags} == {"svg", "line", "text"}
    assert len(ParsedPage(charts.axes(x, y, "a" * 500)).text) < 100


def test_bars_stand_on_the_axis():
    x, y = charts.frame([0, 2], [0, 4])
    page = ParsedPage(charts.bars(x, y, [0, 1, 2], [4, 0]))
    ((tag, bar),) = page.tags
    assert tag == "rect" and float(bar["y"] or 0) + float(bar["height"] or 0) == y.start
