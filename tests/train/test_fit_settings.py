"""Settings of fit: validation rows, grids, restarts and steps do what they say, and unusable settings are named."""

from __future__ import annotations

import inspect
import math
from dataclasses import fields
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, DataError
from edgewise.train.schedule.starts import number_of_starts
from edgewise.train.settings import FitSettings
from helpers import ZOO

from .small_fits import QUICK, rmse, rows


def test_given_validation_rows_choose_and_are_reported():
    X, y = rows(80)
    Xv, yv = rows(40, seed=9)
    result = ew.fit(ew.KAN((2, 1)), X, y, validation=(Xv, yv), **QUICK)
    assert result.validation_loss is not None
    assert result.validation_loss == pytest.approx(rmse(result.model, Xv, yv) ** 2, rel=1e-6)
    assert result.metrics["validation_rmse"] == pytest.approx(result.validation_loss**0.5)
    assert result.train_loss == pytest.approx(rmse(result.model, X, y) ** 2, rel=1e-6)
    assert all(row["stage"] != "all rows" for row in result.history)


def test_grids_are_given_or_found():
    X, y = rows(300)
    given = ew.fit(ew.KAN((2, 1), grid_size=3), X, y, grids=(3, 5, 11), restarts=0, progress=False)
    assert sorted({row["grid_size"] for row in given.history}) == [3, 5, 11]
    found = ew.fit(ew.KAN((2, 1), grid_size=3), X, y, restarts=0, progress=False)
    assert {row["grid_size"] for row in found.history} > {3, 6}
    assert found.model.layers[0].grid_size > 3 and rmse(found.model, *rows(100, seed=4)) < 1e-3


def test_a_fine_grid_gets_as_many_starts_as_the_coarse_one_that_its_fit_begins_with():
    coarse, fine = (ew.KAN((2, 5, 1), grid_size=size) for size in (3, 192))
    assert number_of_starts(fine, "auto") == number_of_starts(coarse, "auto") > 1
    assert number_of_starts(fine, 4) == 5


@pytest.mark.slow
def test_restarts_leave_a_trap():
    X, y = ZOO["two_sines"].sample(200)
    alone = ew.fit(ew.KAN((2, 2, 1), seed=2), X, y, restarts=0, grids=(5,), progress=False)
    several = ew.fit(ew.KAN((2, 2, 1), seed=2), X, y, restarts=5, grids=(5,), progress=False)
    assert len(several.history) > len(alone.history)
    assert several.validation_loss is not None and alone.validation_loss is not None
    assert several.validation_loss <= alone.validation_loss * 1.2


def test_more_steps_are_taken_when_asked_for():
    X, y = rows(60)
    few, many = (
        ew.fit(ew.KAN((2, 3, 1)), X, y, restarts=0, grids=(3,), steps=steps, progress=False) for steps in (2, 60)
    )
    assert sum(row["stage"] == "start" for row in few.history) <= 2
    assert many.train_loss < few.train_loss


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "lbgfs"}, "unknown optimizer 'lbgfs'; did you mean 'lbfgs'"),
        ({"optimizer": 3}, "factory such as torch.optim.AdamW, got 3"),
        ({"loss": "cross_entropie"}, "did you mean 'cross_entropy'"),
        ({"grids": "automatic"}, "grids must be 'auto' or sizes"),
        ({"grids": (6, 3)}, "growing sizes"),
        ({"grids": ()}, "growing sizes"),
        ({"grids": (3, 3.5)}, "growing sizes"),
        ({"sparsity": -0.1}, "sparsity must be a number >= 0, got -0.1"),
        ({"sparsity": math.nan}, "sparsity must be a number >= 0, got nan"),
        ({"restarts": -1}, "restarts must be 'auto' or a whole number"),
        ({"restarts": "many"}, "restarts must be 'auto'"),
        ({"steps": 0}, "steps must be None or a whole number >= 1"),
        ({"steps": 2.0}, "steps must be None"),
        ({"batch_size": 0}, "batch_size"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": "a"}, "seed must be a whole number"),
        ({"callbacks": print}, "callbacks must be a tuple of functions"),
        ({"callbacks": (3,)}, "callbacks must be a tuple of functions"),
        ({"memory": 1}, "memory must be the .memory of an earlier result of fit, or that result, got int"),
        ({"optimizer": "lm", "batch_size": 5}, "leave batch_size out"),
        ({"optimizer": "adam", "restarts": 2}, "restarts are for Levenberg-Marquardt, got optimizer='adam'"),
        ({"steps": 0, "sparsity": "x", "seed": 1.5}, "3 problems: sparsity.*steps.*seed"),
    ],
)
def test_unusable_settings_are_named(settings: dict[str, Any], words: str):
    options: dict[str, Any] = {"progress": False} | settings
    with pytest.raises(ConfigError, match=words):
        ew.fit(ew.KAN((2, 1)), *rows(20), **options)


def test_restarts_that_could_have_no_effect_are_named():
    X, y = rows(40)
    fitted = ew.fit(ew.KAN((2, 1)), X, y, **QUICK).model
    with pytest.raises(
        ConfigError, match="restarts=2 would throw away what was done to the model .fit last.; leave it out"
    ):
        ew.fit(fitted, X, y, restarts=2, progress=False)
    with pytest.raises(ConfigError, match="restarts are for edgewise.KAN, the model is a Linear"):
        ew.fit(torch.nn.Linear(2, 1), X, y, restarts=2, progress=False)
    with pytest.raises(ConfigError, match="restarts does not go with residual"):
        ew.fit(ew.KAN((2, 1)), residual=lambda model: model(X)[:, 0] - y, restarts=2, progress=False)
    with pytest.raises(
        ConfigError, match="restarts is for Levenberg-Marquardt, 'auto' is .* use optimizer='lm', or leave restarts out"
    ):
        ew.fit(ew.KAN((2, 1000, 1)), X, y, restarts=2, progress=False)


def test_what_is_no_model_and_no_data_is_named():
    with pytest.raises(ConfigError, match="2 problems: model must be an edgewise.KAN.*got str; give X and y"):
        ew.fit("kan")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="y is missing"):
        ew.fit(ew.KAN((2, 1)), rows(20)[0])
    with pytest.raises(ConfigError, match="unexpected keyword 'optimiser'; did you mean 'optimizer'"):
        ew.fit(ew.KAN((2, 1)), *rows(20), optimiser="lm")  # type: ignore[call-arg]


def test_each_keyword_is_the_setting_of_its_name():
    keywords = {p.name: p.default for p in inspect.signature(ew.fit).parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert keywords == {field.name: field.default for field in fields(FitSettings)}
    with pytest.raises(TypeError, match="positional"):
        FitSettings(None)  # type: ignore[call-arg]


def test_a_setting_arrives_under_its_own_name(monkeypatch: pytest.MonkeyPatch):
    seen: list[FitSettings] = []

    def check(settings: FitSettings, *_: Any) -> None:
        seen.append(settings)
        raise ConfigError("seen")

    monkeypatch.setattr(FitSettings, "check", check)
    of_other_kind = ("resume", "validation", "memory")  # `fit` makes something else of what it gets for these
    given: dict[str, Any] = {field.name: [field.name] for field in fields(FitSettings)}
    given = {name: value for name, value in given.items() if name not in of_other_kind}
    with pytest.raises(ConfigError, match="seen"):
        ew.fit(ew.KAN((1, 1)), **given)
    assert {name: getattr(seen[0], name) for name in given} == given
