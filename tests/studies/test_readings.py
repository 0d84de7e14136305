"""A study reads numbers as names where that predicts better, and every table that it is shown is read so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.data import from_dataframe
from edgewise.errors import EdgewiseWarning, TrainingError
from edgewise.studies import readings
from edgewise.studies.learning import learn_all
from edgewise.studies.scores import predict, scores
from edgewise.studies.study_settings import StudySettings
from edgewise.studies.tuning import TUNED
from edgewise.train.resuming.journal import Journal

FARMS = 90


def frame(seed: int = 0, rows: int = 900, size: float = 1.0) -> pd.DataFrame:
    """What farms by number grow, each in its way, and with rain."""
    rng = np.random.default_rng(seed)
    farm, rain = rng.integers(0, FARMS, rows), rng.uniform(0, 1, rows)
    own = size * np.random.default_rng(7).normal(size=FARMS)
    return pd.DataFrame({"farm": farm, "rain": rain, "crop": own[farm] + np.sin(3 * rain) + rng.normal(0, 0.3, rows)})


@pytest.mark.slow
def test_a_study_reads_numbers_of_farms_as_names() -> None:
    found = ew.study(frame(), target="crop", hidden=(), formula=False, progress=False)
    farms = found.table.categories["farm"]
    assert len(farms) > 0.9 * FARMS and {*farms} <= {*map(str, range(FARMS)), "other"}
    assert found.judged.metadata.categories == found.table.categories
    assert len(found.rest.inputs) == len(found.held.inputs) == len(farms) + 1
    assert scores(found.held, predict(found.judged, found.held))["rmse"] < 0.36  # the noise is 0.3
    told = "Column 'farm' holds numbers that name things. Read as levels, they predict as well or better."
    assert told in found.verdict and any(told in note for note in found.table.notes)


def visits(seed: int = 0) -> pd.DataFrame:
    """Patients who came four times, or twice; each has a height of its own."""
    who = np.concatenate([np.arange(20).repeat(4), 20 + np.arange(20).repeat(2)])
    rng = np.random.default_rng(seed)
    own = 3 * np.random.default_rng(7).normal(size=40)
    age = rng.uniform(0, 1, len(who))
    names = [f"patient {chr(97 + number % 20)}{chr(97 + number // 20)}" for number in who]
    return pd.DataFrame({"who": names, "age": age, "size": own[who] + age + rng.normal(0, 0.1, len(who))})


def test_rare_texts_have_a_level_each_where_they_are_names() -> None:
    found = ew.study(visits(), target="size", hidden=(), formula=False, progress=False)
    assert len(found.table.categories["who"]) > 35 and not found.table.texts
    assert found.judged.metadata.categories == found.table.categories
    assert "Column 'who' holds names. A level for each, also for rare ones, predicts better." in found.verdict
    assert "for new ones, hold out whole groups" in found.verdict
    model = ew.KANRegressor(effort="quick").fit(visits()[["who", "age"]], visits()["size"])
    new = visits(seed=1)
    assert np.sqrt(np.mean((model.predict(new[["who", "age"]]) - new["size"]) ** 2)) < 0.3


def test_rare_texts_of_noise_stay_together() -> None:
    rows = visits()
    rows["size"] = np.random.default_rng(2).normal(size=len(rows))
    found = ew.study(rows, target="size", hidden=(), formula=False, progress=False)
    assert "other" in found.table.categories["who"] and not found.judged.active_edges()


@pytest.mark.slow
def test_new_rows_have_numbers_again() -> None:
    model = ew.KANRegressor(effort="quick").fit(frame()[["farm", "rain"]], frame()["crop"])
    new = frame(seed=1, rows=200)
    found = model.predict(new[["farm", "rain"]])
    assert np.sqrt(np.mean((found - new["crop"]) ** 2)) < 0.36
    assert model.feature_importances_[0] > 0.3
    with pytest.warns(EdgewiseWarning, match="levels that the model does not know"):
        assert np.isfinite(model.predict(pd.DataFrame({"farm": [99], "rain": [0.5]}))).all()


@pytest.mark.slow
def test_an_array_has_numbers_as_well(tmp_path: Path) -> None:
    rows = frame()
    model = ew.KANRegressor(effort="quick").fit(rows[["farm", "rain"]].to_numpy(), rows["crop"])
    new = frame(seed=1, rows=200)
    assert np.sqrt(np.mean((model.predict(new[["farm", "rain"]].to_numpy()) - new["crop"]) ** 2)) < 0.36
    kept = tmp_path / "model.kan"
    ew.save(model.model_, kept)
    again = ew.load(kept)
    found = again.predict(new[["farm", "rain"]].to_numpy())
    assert np.allclose(found, model.predict(new[["farm", "rain"]].to_numpy()))


@pytest.mark.slow
def test_classes_of_numbers_that_name_things() -> None:
    rows = frame(size=3.0)
    model = ew.KANClassifier(effort="quick").fit(rows[["farm", "rain"]], rows["crop"] > 0.7)
    assert "farm=0" in model.learned_.table.inputs
    new = frame(seed=1, rows=300, size=3.0)
    assert model.score(new[["farm", "rain"]], new["crop"] > 0.7) > 0.93


@pytest.mark.slow
def test_constraints_and_few_rows_keep_the_number() -> None:
    table = from_dataframe(frame(), "crop")
    for words in ({"farm": "increasing"}, {0: "increasing"}, {1: "increasing"}):
        held = StudySettings.of((), "auto", formula=False, effort="quick", constraints=words)
        assert learn_all(table, held).table.inputs == ("farm", "rain")
    other = StudySettings.of((), "auto", formula=False, effort="quick", constraints={"rain": "increasing"})
    assert "farm=3" in learn_all(table, other).table.inputs
    few = frame(rows=300)
    few["farm"] = np.concatenate([np.arange(1000, 1240), np.arange(30).repeat(2)])  # most farms have one row
    few["crop"] += np.random.default_rng(1).normal(size=2000)[few["farm"]]
    few = from_dataframe(few, "crop")
    assert learn_all(few, StudySettings.of((), "auto", formula=False, effort="quick")).table.inputs == ("farm", "rain")


def test_the_reading_that_loses_on_unseen_rows_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([1.0, 2.0])
    monkeypatch.setattr(readings, "_unseen", lambda *_: next(losses))
    learned = learn_all(from_dataframe(frame(), "crop"), StudySettings.of((), "auto", formula=False, effort="quick"))
    assert learned.table.inputs == ("farm", "rain") and learned.model.features == 2


def test_levels_must_be_clearly_better_to_be_so_many_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([1.0, 0.97])
    monkeypatch.setattr(readings, "_unseen", lambda *_: next(losses))
    learned = learn_all(from_dataframe(frame(), "crop"), StudySettings.of((), "auto", formula=False, effort="quick"))
    assert learned.table.inputs == ("farm", "rain")


def codes(seed: int, wave: bool = False) -> pd.DataFrame:
    """Twelve codes, each with twenty rows and a level of its own, or with one along a wave."""
    rng = np.random.default_rng(seed)
    code = 101 + np.arange(12).repeat(20)
    own = np.sin((code - 101) / 2) if wave else rng.normal(0, 1, 12)[code - 101]
    return pd.DataFrame({"code": code, "y": 100 + own + rng.normal(0, 0.3, len(code))})


def test_few_codes_are_levels_where_a_curve_follows_each_as_well() -> None:
    new = pd.DataFrame({"code": [90, 100, 113, 120]})
    found = ew.study(codes(1), target="y", effort="quick", formula=False, progress=False)
    assert "code=101" in found.table.inputs
    with pytest.warns(EdgewiseWarning, match="levels that the model does not know"):
        assert (np.abs(np.asarray(found.model.predict(new)) - 100) < 1).all()
    waves = ew.study(codes(1, wave=True), target="y", effort="quick", formula=False, progress=False)
    assert waves.table.inputs == ("code",)


def test_of_more_rows_those_that_choose_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "TUNED", replace(TUNED, readings_in_turn=100))
    monkeypatch.setattr(readings, "_unseen", lambda *_: pytest.fail("no row is asked in turn"))
    learned = learn_all(from_dataframe(frame(), "crop"), StudySettings.of((), "auto", formula=False, effort="quick"))
    assert "farm=3" in learned.table.inputs


@pytest.mark.slow
def test_intervals_keep_the_reading_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = frame()
    losses = iter([1.0, 2.0, *[2.0, 1.0] * 9])  # a number for all rows; every part of them would have levels
    monkeypatch.setattr(readings, "_unseen", lambda *_: next(losses))
    model = ew.KANRegressor(effort="quick").fit(rows[["farm", "rain"]], rows["crop"])
    low, high = model.predict_interval(rows[["farm", "rain"]])
    assert 0.85 < np.mean((low <= rows["crop"]) & (rows["crop"] <= high)) <= 1


@pytest.mark.slow
def test_copies_of_rows_tell_names_too() -> None:
    rng = np.random.default_rng(1)
    farm, kind = rng.integers(0, 80, 2000), rng.integers(0, 3, 2000)
    likely = 1 / (1 + np.exp(-2 * np.random.default_rng(7).normal(size=80)[farm]))
    crop = np.where(rng.uniform(size=2000) < likely, "yes", "no")
    model = ew.KANClassifier(effort="quick").fit(pd.DataFrame({"farm": farm, "kind": kind}), crop)
    assert "farm=7" in model.learned_.table.inputs


@pytest.mark.parametrize("what", ["_unseen", "read_as_levels"])
def test_after_ctrl_c_there_is_the_network_of_numbers(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(readings, what, stop)
    found = ew.study(frame(), target="crop", hidden=(), effort="quick", progress=False)
    assert found.interrupted and found.table.inputs == ("farm", "rain")
    assert "the fit was interrupted" in found.forms


def test_levels_that_cannot_be_fitted_end_no_study(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise TrainingError("the loss has no curvature")

    monkeypatch.setattr(readings, "_unseen", fail)
    found = ew.study(frame(), target="crop", hidden=(), effort="quick", formula=False, progress=False)
    assert not found.interrupted and found.table.inputs == ("farm", "rain")


@pytest.mark.slow
def test_both_sets_of_stages_can_be_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "remove", lambda self: self.write())  # the file stays
    how: dict[str, Any] = {"target": "crop", "hidden": (1,), "grids": (3,), "effort": "thorough", "formula": False}
    path = tmp_path / "state"
    first, again = (ew.study(frame(rows=500), resume=path, progress=False, **how) for _ in range(2))
    assert {"fit", "levels: fit"} <= Journal(path).chapters.keys()
    assert again.table.inputs == first.table.inputs
    assert torch.equal(again.model(again.table.X), first.model(first.table.X))
