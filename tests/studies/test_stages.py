"""Stages are compared on rows that no fit has seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.data import Table, from_arrays
from edgewise.studies import beginnings, layered, readings, stages
from edgewise.studies.learning import learn_all
from edgewise.studies.study_settings import StudySettings
from edgewise.studies.tuning import TUNED
from edgewise.train.result import FitResult


def table(rows: int = 200) -> Table:
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(rows, 2, dtype=torch.float64, generator=generator)
    noise = 0.1 * torch.randn(rows, dtype=torch.float64, generator=generator)
    return from_arrays(X, torch.sin(9 * X[:, 0] * X[:, 1]) + noise)


def places(X: torch.Tensor) -> set[float]:
    return set(X[:, 0].tolist())


@pytest.mark.slow
def test_no_fit_by_steps_sees_the_rows_that_choose(monkeypatch: pytest.MonkeyPatch):
    seen: list[set[float]] = []

    def watched(model: ew.KAN, X: torch.Tensor, y: torch.Tensor, **how: Any) -> FitResult:
        if "grids" in how:  # by steps
            stopping, _, _ = how["validation"]
            assert places(X).isdisjoint(places(stopping))
            seen.append(places(X) | places(stopping))
        return ew.fit(model, X, y, **how)

    monkeypatch.setattr(layered, "fit", watched)
    settings = StudySettings.of(2, (3,), formula=False, effort="thorough")
    rest = table()
    readings.learn(rest, settings, progress=False)
    training, choosing = beginnings.parts(rest, settings.seed)
    assert choosing is not None and len(seen) == 2
    assert all(rows == places(training.X) and rows.isdisjoint(places(choosing.X)) for rows in seen)


def test_of_many_rows_a_part_chooses_and_all_are_fitted_in_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beginnings, "TUNED", replace(TUNED, learnt=100))
    draw = torch.Generator().manual_seed(0)
    X = torch.rand(400, 2, dtype=torch.float64, generator=draw)
    X[399] = 3.0  # which the part may not hold
    table = from_arrays(X, X[:, 0] + 0.1 * torch.randn(400, dtype=torch.float64, generator=draw))
    training, choosing = beginnings.parts(table, 0)
    assert choosing is not None and len(training) + len(choosing) == 100
    learned = learn_all(table, StudySettings.of((), "auto", formula=False))
    assert learned.model.metadata.ranges[0][1] == 3.0


def test_ctrl_c_at_a_function_of_the_sum_leaves_the_sum_that_was_kept(monkeypatch: pytest.MonkeyPatch):
    def pressed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "TUNED", replace(TUNED, fewest_choosing=1))
    monkeypatch.setattr(stages, "as_good", lambda *_, **__: False)  # products are clearly worse
    monkeypatch.setattr(stages, "with_outer", pressed)
    trained = stages.chosen_network(table(), StudySettings.of((5,), "auto", formula=False), progress=False)
    assert trained.interrupted
    assert [stage["name"] for stage in trained.stages] == [stages.WITH_PAIRS, stages.ADDITIVE]
    assert list(trained.beside) == [stages.WITH_PAIRS]


def test_the_sum_alone_is_what_a_search_of_its_own_finds_and_takes_none(monkeypatch: pytest.MonkeyPatch):
    searches = []

    def counted(start: ew.KAN, *given: Any) -> FitResult:
        searches.append(start)
        return in_closed_form(start, *given)

    in_closed_form = stages.in_closed_form
    monkeypatch.setattr(stages, "in_closed_form", counted)
    monkeypatch.setattr(stages, "TUNED", replace(TUNED, fewest_choosing=1))
    monkeypatch.setattr(stages, "as_good", lambda *_, **__: False)  # products are clearly worse
    monkeypatch.setattr(stages, "with_outer", lambda *_: None)
    draw = torch.Generator().manual_seed(0)
    X = torch.rand(300, 3, dtype=torch.float64, generator=draw)
    noise = 0.1 * torch.randn(300, dtype=torch.float64, generator=draw)
    rows = from_arrays(X, torch.sin(6 * X[:, 0]) + 4 * X[:, 1] * X[:, 2] + noise)
    settings = StudySettings.of((5,), "auto", effort="quick")
    trained = stages.chosen_network(rows, settings, progress=False)
    assert len(searches) == 1 and stages.kind_of(trained.sums) == stages.ADDITIVE
    training, choosing = beginnings.parts(rows, settings.seed)
    assert choosing is not None
    alone = beginnings.with_room(rows, replace(settings, interactions=0))
    judges = choosing.X, choosing.y
    found = ew.fit(alone, training.X, training.y, optimizer="evidence", validation=judges, progress=False)
    assert torch.allclose(trained.sums(choosing.X), found.model(choosing.X), atol=1e-3)
    told = next(stage for stage in trained.stages if stage["name"] == stages.ADDITIVE)
    lost = float((trained.sums(choosing.X).detach() - choosing.y).square().mean())
    assert told["validation_loss"] == pytest.approx(lost)
