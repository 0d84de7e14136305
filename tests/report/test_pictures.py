"""The charts of the page."""

from __future__ import annotations

from edgewise.report import pictures
from edgewise.report.sections.losses_over_steps import training

from .pages import ParsedPage, history


def test_a_long_history_is_drawn_with_few_points_that_keep_its_extremes():
    rows = [{"train_loss": 1.0 + (k == 7001)} for k in range(20_000)]
    part = training(rows)
    assert part is not None
    page = ParsedPage(pictures.losses(part, 760.0, 300.0, "big"))
    points = [p.split(",") for tag, a in page.tags if tag == "polyline" for p in (a["points"] or "").split()]
    heights = [float(y) for _, y in points]
    assert len(points) <= 2 * pictures.LINE_POINTS
    assert heights.count(min(heights)) == 1  # the one step with twice the loss


def test_each_grid_of_a_fit_is_marked():
    part = training(history())
    assert part is not None
    text = ParsedPage(pictures.losses(part, 760.0, 300.0, "big")).text
    assert "grid 3" in text and "grid 6" in text


def test_the_histogram_in_a_table_shows_every_bin_that_holds_a_row():
    page = ParsedPage(pictures.spark([0, 3, 0, 1]))
    assert [tag for tag, _ in page.tags].count("rect") == 2
    assert not [tag for tag, _ in ParsedPage(pictures.spark([0, 0])).tags if tag == "rect"]
