"""A study takes a function of a sum where targets are one, and neither for sums nor for noise."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from edgewise.data import Table, from_arrays
from edgewise.studies import outer_function, stages
from edgewise.studies.learning import learn_all
from edgewise.studies.study_settings import StudySettings
from edgewise.studies.trained import Trained
from edgewise.train.outer import Outer


def drawn(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(rows, 4, dtype=torch.float64, generator=draw) - 1
    return X, torch.randn(rows, dtype=torch.float64, generator=draw)


def table(law: str, rows: int = 400, seed: int = 0) -> Table:
    X, noise = drawn(rows, seed)
    total = X[:, 0] + X[:, 1] ** 2 + 0.5 * X[:, 2]
    y = {"cut off": total.clamp(min=0.3), "sum": total, "noise": 0 * total, "pair": X[:, 0] * X[:, 1]}[law]
    return from_arrays(X, y + 0.05 * noise)


def learnt(law: str, **settings) -> Trained:
    return learn_all(table(law), StudySettings(formula=False, **settings), progress=False).trained


def names(trained: Trained) -> list[str]:
    return [row["name"] for row in trained.stages]


@pytest.mark.slow
def test_targets_that_are_cut_off_take_an_outer_function():
    trained = learnt("cut off")
    assert stages.OUTER in names(trained) and isinstance(trained.chosen.ending, Outer)
    X, _ = drawn(2000, 1)
    y = (X[:, 0] + X[:, 1] ** 2 + 0.5 * X[:, 2]).clamp(min=0.3)
    models = trained.model, *trained.beside.values()
    errors = [float((model(X)[:, 0] - y).detach().square().mean().sqrt()) for model in models]
    assert errors[0] < 0.025 and errors[0] < 0.5 * max(errors[1:])


@pytest.mark.parametrize("law", ["sum", "noise", "pair"])
def test_other_targets_do_not(law: str):
    assert stages.OUTER not in names(learnt(law))


@pytest.mark.parametrize("settings", [{"effort": "quick"}, {"hidden": ()}, {"constraints": {"x1": "increasing"}}])
@pytest.mark.slow
def test_none_is_tried_where_the_shape_is_given(settings):
    assert stages.OUTER not in names(learnt("cut off", **settings))


@pytest.mark.slow
def test_none_is_tried_where_it_would_take_longer_than_all_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outer_function, "TUNED", replace(outer_function.TUNED, outer_operations=1e5))
    assert stages.OUTER not in names(learnt("cut off"))


def test_pairs_that_fail_on_the_rows_that_choose_are_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stages, "as_good", lambda new, old, rows, loss: False)
    trained = learnt("pair", effort="quick")
    assert names(trained) == [stages.WITH_PAIRS, stages.ADDITIVE]
    assert trained.chosen.model.topology.depth == 1 and stages.WITH_PAIRS in trained.beside
