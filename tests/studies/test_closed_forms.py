"""The step to closed forms: quiet where that was asked for, and honest about a search that ended early."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError
from edgewise.studies import closed_forms
from edgewise.studies.closed_forms import close, repeats_season


def fitted() -> tuple[ew.KAN, ew.Table]:
    X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    y = X[:, 0] ** 2
    model = ew.fit(ew.KAN((1, 1)), X, y, grids=(3, 6), restarts=0, progress=False).model
    return model, ew.from_arrays(X, y)


def test_a_search_within_its_budget_says_nothing_of_it():
    model, table = fitted()
    found = close(model, table, None)
    assert found.model is not None and "budget" not in found.message


def test_a_spent_budget_is_said(monkeypatch: pytest.MonkeyPatch):
    model, table = fitted()
    monkeypatch.setattr(closed_forms, "symbolify", lambda *a, **k: ew.symbolify(*a, **k, budget=1))
    assert "budget of the search was spent" in close(model, table, None).message


@pytest.mark.parametrize("progress", [True, False])
def test_the_search_shows_a_bar_only_where_that_was_asked_for(monkeypatch: pytest.MonkeyPatch, progress: bool):
    model, table = fitted()
    seen: list[Any] = []

    def noted(*given: Any, **settings: Any) -> ew.KAN:
        seen.append(settings["progress"])
        return ew.symbolify(*given, **settings | {"progress": False})

    monkeypatch.setattr(closed_forms, "symbolify", noted)
    close(model, table, None, progress)
    assert seen == [progress]


@pytest.mark.parametrize(("inputs", "tried"), [(40, True), (41, False)])
def test_closed_forms_are_looked_for_up_to_forty_edges(monkeypatch: pytest.MonkeyPatch, inputs: int, tried: bool):
    def refused(*_: Any, **__: Any) -> ew.KAN:
        raise StructureError("tried")

    monkeypatch.setattr(closed_forms, "symbolify", refused)
    rows = torch.rand(12, inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = close(ew.KAN((inputs, 1)), ew.from_arrays(rows, rows[:, 0]), None)
    assert found.model is None and found.message == (
        "No closed forms: tried"
        if tried
        else "No closed forms were looked for: the network has 41 edges, more than 40."
    )


@pytest.mark.parametrize(("part", "kept"), [(0.3, False), (0.49, False), (0.51, True), (0.9, True)])
def test_forms_that_run_far_off_are_kept_where_most_is_explained(
    monkeypatch: pytest.MonkeyPatch, part: float, kept: bool
):
    model, table = fitted()
    monkeypatch.setattr(closed_forms, "explained", lambda *_: part)
    monkeypatch.setattr(closed_forms, "stays_near", lambda found, model, rows, beyond=0.0: beyond == 0.0)
    found = close(model, table, None)
    assert (found.model is not None) is kept and ("run far off beyond the rows" in found.message) is not kept


@pytest.mark.parametrize("needed", [True, False])
def test_a_pole_beside_a_clear_law_goes_where_forms_without_are_as_good(monkeypatch: pytest.MonkeyPatch, needed: bool):
    generator = torch.Generator().manual_seed(0)
    X = 2 * torch.rand(80, 2, dtype=torch.float64, generator=generator) - 1
    y = X[:, 0] + (0.01 / X[:, 1] if needed else 0) + 0.01 * torch.randn(80, dtype=torch.float64, generator=generator)
    line = ("x", 1.0, 0.0, 1.0, 0.0)
    pole, smooth = (
        ew.set_symbolic(ew.KAN((2, 1), dtype=torch.float64), {(0, 0, 0): line, (0, 1, 0): (name, 1.0, 0.0, by, 0.0)})
        for name, by in (("1/x", 0.01 if needed else 1e-9), ("x", 0.0))
    )
    monkeypatch.setattr(closed_forms, "symbolify", lambda *_, primitives=None, **__: smooth if primitives else pole)
    kept = close(pole if needed else smooth, ew.from_arrays(X, y), None).model
    assert kept is (pole if needed else smooth)


@pytest.mark.parametrize("exact", [True, False])
def test_a_pole_between_rows_stands_for_an_exact_law_alone(monkeypatch: pytest.MonkeyPatch, exact: bool):
    X = 2 * torch.rand(80, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    y = 1 / X[:, 0] if exact else X[:, 0]
    pole, line = (
        ew.set_symbolic(ew.KAN((1, 1), dtype=torch.float64), {(0, 0, 0): (name, 1.0, 0.0, 1.0, 0.0)})
        for name in ("1/x", "x")
    )
    asked: list[Any] = []

    def found(*_: Any, primitives: Any = None, **how: Any) -> ew.KAN:
        asked.append(primitives)
        return line if primitives else pole

    monkeypatch.setattr(closed_forms, "symbolify", found)
    kept = close(pole if exact else line, ew.from_arrays(X, y), None).model
    assert kept is (pole if exact else line)
    assert len(asked) == (1 if exact else 2) and not any(form.poles for form in asked[-1] or ())


def days(noise: float) -> ew.Table:
    """Two and a half years of a season and a trend."""
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    day = pd.date_range("2019-01-01", "2021-06-30", freq="D")
    year, far = np.arange(len(day)) / 365.25, np.random.default_rng(2).normal(size=len(day))
    y = 0.5 * year - 9 * np.cos(2 * np.pi * (year - 0.05)) + noise * far
    return ew.from_dataframe(pd.DataFrame({"day": day.strftime("%Y-%m-%d"), "y": y}), "y")


@pytest.mark.slow
def test_a_season_is_no_wave_along_the_years():
    table = days(noise=2.0)
    splines = ew.fit(ew.KAN((len(table.inputs), 1)), table.X, table.y, optimizer="evidence", progress=False).model
    forms = close(splines, table, None).model
    assert forms is not None and not any(edge.primitive in ("sin", "cos") for edge in forms.edge_layers[0].symbolic)
    assert {table.inputs[place] for place in forms.used_inputs} >= {"day=season sin", "day=season cos"}


def test_waves_along_years_that_are_no_season_stay():
    table = days(noise=0.0)
    splines = ew.KAN((len(table.inputs), 1)).double()
    without = ew.remove(splines, edges=[(0, 1, 0), (0, 2, 0)], X=table.X)  # of the season
    turns = {2 * np.pi: True, 6.4: True, 25.1: True, 0.6: False, 9.0: False}  # in a year: one, nearly one, four, few
    for turn, season in turns.items():
        for name in ("sin", "cos"):
            wave = ew.set_symbolic(splines, {(0, 0, 0): (name, turn, 0.3, 1.0, 0.0)})
            assert repeats_season(wave, splines, table) == season
            assert not repeats_season(wave, without, table)
    line = ew.set_symbolic(splines, {(0, 0, 0): ("x", 6.28, 0.3, 1.0, 0.0)})
    assert not repeats_season(line, splines, table)
