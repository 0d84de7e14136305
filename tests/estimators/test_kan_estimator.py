"""What both estimators show of their networks: formulas when asked for, importances, pictures, pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_validate

import edgewise as ew
from edgewise.estimators import kan_estimator
from edgewise.train.evidence import by_evidence
from estimators.problems import QUICK, labels, rows
from helpers import assert_close, assert_equal


@pytest.fixture(scope="module")
def fitted() -> ew.KANRegressor:
    X, _ = rows(200)
    return ew.KANRegressor(hidden=(), random_state=0).fit(X, np.exp(X[:, 0]) + X[:, 1] ** 2)


@pytest.mark.slow
def test_the_formula_is_looked_for_when_asked_for_and_once(fitted: ew.KANRegressor, monkeypatch: pytest.MonkeyPatch):
    searches = []
    closed = kan_estimator.closed
    monkeypatch.setattr(kan_estimator, "closed", lambda *given: searches.append(1) or closed(*given))
    before = fitted.predict(rows()[0])
    assert fitted._repr_html_() and not searches, "a notebook that shows the estimator begins no search"
    assert str(fitted.formula_) == str(fitted.formula_) == "x2**2 + exp(x1)"
    assert len(searches) == 1 and "formula_" in dir(fitted)
    assert_equal(fitted.predict(rows()[0]), before)


def test_with_formula_the_predictions_are_those_of_the_formula():
    X, y = rows(100, noise=0.0)
    done = ew.KANRegressor(hidden=(), formula=True, random_state=0).fit(X, y)
    x1, x2 = X[:5].T
    values = [float(done.formula_.subs({"x1": a, "x2": b})) for a, b in zip(x1, x2, strict=True)]
    assert np.abs(values - done.predict(X[:5])).max() < 1e-9
    assert np.abs(values - y[:5]).max() < 1e-6


def test_importances_are_those_of_attribute(fitted: ew.KANRegressor):
    scores = ew.attribute(fitted.model_, fitted.learned_.table.X).features
    assert_equal(fitted.feature_importances_, scores.numpy())
    X, y = rows(200)
    idle = ew.KANRegressor(**QUICK).fit(np.c_[X, np.random.default_rng(0).normal(size=200)], y)
    assert idle.feature_importances_[2] < 0.1 < idle.feature_importances_[:2].min()


def test_what_is_told_of_the_rows_of_the_fit_counts_each_as_often_as_it_was_given(tmp_path: Path):
    draw = np.random.default_rng(0)
    X = pd.DataFrame(
        {"sex": draw.choice(["m", "f"], 400, p=[0.9, 0.1]), "dose": draw.choice(4, 400, p=[0.7, 0.1, 0.1, 0.1])}
    )
    y = draw.uniform(size=400) < 1 / (1 + np.exp(2.0 - X.dose - 2.0 * (X.sex == "f")))
    done = ew.KANClassifier(**QUICK).fit(X, y, sample_weight=np.full(400, 0.5))
    assert len(done.learned_.table) < 20
    shares = done.explain(X).values
    assert_close(shares.mean(0), torch.zeros_like(shares[0]), like="float64")
    total = done.explain(X).predictions.std(0, unbiased=False)
    assert_close(done.feature_importances_, (shares.std(0, unbiased=False) / total).mean(1).numpy(), like="float64")
    dose = next(effect for effect in done.effects() if effect.column == "dose")
    along = np.interp(X.dose, np.asarray(dose.at), dose.value[:, 1])
    assert abs(along.mean()) < 1e-3
    done.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "judged on the 400 rows" in page and f"{done.score(X, y):.4g}" in page


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("classes", [False, True])
def test_it_draws_and_reports(tmp_path: Path, classes: bool):
    X, y = rows()
    kind: Any = ew.KANClassifier if classes else ew.KANRegressor
    done = kind(**QUICK).fit(X, labels(y) if classes else y)
    assert done.plot(title="sum").axes
    done.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "judged on the 80 rows it was fitted to" in page


@pytest.mark.slow
def test_a_report_has_the_errors_of_the_loss(tmp_path: Path):
    X, y = rows()
    done = ew.KANRegressor(**QUICK, loss="quantile=0.9").fit(X, y)
    done.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    loss = np.maximum(0.9 * (y - done.predict(X)), 0.1 * (done.predict(X) - y)).mean()
    assert "quantile loss" in page and f"{loss:.4g}" in page and "RMSE" not in page


def test_before_a_fit_there_is_nothing_to_show(tmp_path: Path):
    new = ew.KANRegressor()
    for ask in (lambda: new.formula_, lambda: new.feature_importances_, new.plot, lambda: new.report(tmp_path / "a")):
        with pytest.raises(NotFittedError):
            ask()


@pytest.mark.usefixtures("few_steps")
def test_weights_are_routed():
    X, y = rows()
    weight = np.arange(80) % 3
    with sklearn.config_context(enable_metadata_routing=True):
        asked: Any = ew.KANRegressor(**QUICK)
        asked.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = cross_validate(asked, X, y, params={"sample_weight": weight}, cv=2, return_estimator=True)
    half = ew.KANRegressor(**QUICK).fit(X[40:], y[40:], weight[40:])
    assert_equal(routed["estimator"][0].predict(X), half.predict(X))
    assert abs(routed["test_score"][0] - half.score(X[:40], y[:40], weight[:40])) < 1e-12


def test_groups_are_routed_and_have_offsets():
    draw = np.random.default_rng(0)
    patient = np.repeat(np.arange(40), 5)
    age, offset = draw.normal(size=(2, 40))[:, patient]
    X = np.stack([age, draw.normal(size=200)], 1)
    y = X[:, 1] + offset + 0.1 * draw.normal(size=200)
    with sklearn.config_context(enable_metadata_routing=True):
        asked: Any = ew.KANRegressor(hidden=(), random_state=0)
        asked.set_fit_request(groups=True)
        how = {"params": {"groups": patient}, "cv": GroupKFold(2), "return_estimator": True}
        routed = cross_validate(asked, X, y, **how)["estimator"][0]
    importance = [one.feature_importances_[0] for one in (routed, ew.KANRegressor(hidden=(), random_state=0).fit(X, y))]
    assert importance[0] < 0.2 < importance[1]
    assert routed.learned_.table.groups is not None


@pytest.mark.parametrize("kind", [ew.KANRegressor, ew.KANClassifier])
def test_groups_stay_with_their_rows(kind: Any):
    X, y = rows(60)
    y = labels(y) if kind is ew.KANClassifier else y
    weight, patient = np.arange(60) % 4, np.arange(60) // 3
    found = kind(**QUICK).fit(X, y, sample_weight=weight, groups=patient).learned_.table
    of = {tuple(x): group for x, group in zip(X.tolist(), patient, strict=True)}
    wanted = [of[tuple(x)] for x in found.X.tolist()]
    assert len(found) == 45 and found.groups is not None
    assert len({*zip(wanted, found.groups.tolist(), strict=True)}) == len({*wanted}) == 20
    with pytest.raises(ValueError, match="groups has shape"):
        kind(**QUICK).fit(X, y, groups=patient[:-1])


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("hidden", [(), (2,)])
def test_whole_weights_are_repeated_rows_with_any_number_of_them(hidden: tuple[int, ...]):
    X, y = rows(60)
    weight = np.random.default_rng(2).integers(0, 4, 60)
    settings = QUICK | {"hidden": hidden, "grids": (2,), "effort": "default", "interactions": "auto"}
    again = np.random.default_rng(3).permutation(np.repeat(np.arange(60), weight))
    one = ew.KANRegressor(**settings).fit(X, y, weight)
    assert_equal(ew.KANRegressor(**settings).fit(X[again], y[again]).predict(X), one.predict(X))


def test_weights_that_are_not_whole_have_no_unit():
    X, y = rows(60)
    weight = np.linspace(0.1, 1.3, 60)
    one, other = (ew.KANRegressor(**QUICK).fit(X, y, scale * weight).predict(X) for scale in (1.0, 1e-3))
    assert np.abs(one - other).max() < 1e-6


def test_an_interruption_ends_the_fit_and_no_half_network_is_kept(monkeypatch: pytest.MonkeyPatch):
    def interrupt(*given: object, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(by_evidence, "additive", interrupt)
    estimator = ew.KANRegressor(**QUICK)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(*rows())
    assert not hasattr(estimator, "model_")
