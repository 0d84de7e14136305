"""Scores side by side."""

from __future__ import annotations

from edgewise.report.sections.accuracy import accuracy

from ..pages import ParsedPage


def test_scores_of_every_kind_stand_in_one_table():
    found = accuracy({"model": {"rmse": 0.25, "r2": 0.999997}, "other": 2.0, "third": "no such package"})
    assert found.columns == ("error", "RMSE", "R²")
    assert [(row.name, row.scores, row.reason) for row in found.rows] == [
        ("model", ("–", "0.25", "0.999997"), ""),
        ("other", ("2", "–", "–"), ""),
        ("third", ("–", "–", "–"), "no such package"),
    ]


def test_model_formula_and_baselines_stand_side_by_side(full):
    text = ParsedPage(full).text
    for line in ("model 0.25 0.999997", "formula 1.5e−9 1", "mean 2.5 0", "not computed: no such package – –"):
        assert line in text
