"""Studies under other losses than squares: stages, scores, baselines and words go by the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.cli import parsers
from edgewise.cli.fit_command import settings_of
from edgewise.losses import LOSSES, as_loss, told
from edgewise.studies.scores import scores

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (120, 2))
NOISE = RNG.standard_normal(120)
CURVE = np.sin(3 * X[:, 0])
TARGETS = {
    "poisson": RNG.poisson(np.exp(1 + CURVE)).astype(float),
    "gamma": np.exp(CURVE) * RNG.gamma(5, 0.2, 120),
    "binomial": (RNG.random(120) < 1 / (1 + np.exp(-3 * CURVE))).astype(float),
}
HOW: dict[str, Any] = {"effort": "quick", "formula": False, "progress": False, "interactions": 0}


@pytest.mark.parametrize("name", ["huber", "quantile", "poisson", "gamma", "binomial"])
def test_a_study_is_judged_by_its_loss_and_so_are_the_baselines(name):
    y = TARGETS.get(name, CURVE + 0.2 * NOISE)
    study = ew.study(X, y, loss=name, **HOW)
    keys = list(study.scores["this network"])
    assert {"poisson": "deviance", "gamma": "deviance", "binomial": "deviance", "quantile": "quantile_loss"}.get(
        name, "mae"
    ) == keys[0]
    assert [*study.scores][-3:] == ["best constant", "linear model", "gradient boosting"]
    assert all(isinstance(row, dict) and list(row) == keys for row in study.scores.values())
    ours, constant = study.scores["this network"], study.scores["best constant"]
    assert isinstance(ours, dict) and isinstance(constant, dict) and ours["d2"] > constant["d2"]
    assert study.model.metadata.loss == (name if name in TARGETS else "")


def test_the_verdict_speaks_of_the_deviance_and_the_run_of_the_loss(tmp_path):
    study = ew.study(X, TARGETS["poisson"], loss="poisson", **HOW)
    assert "of the deviance of y" in study.verdict
    study.save(tmp_path / "run")
    assert '"loss": "poisson"' in (tmp_path / "run" / "result.json").read_text()
    model = ew.load(tmp_path / "run" / "model.safetensors")
    assert np.allclose(model.predict(X), study.model.predict(X)) and model.predict(X).min() > 0


def test_scores_are_those_of_scikit_learn():
    from sklearn import metrics

    table = ew.from_arrays(X, TARGETS["poisson"])
    mean = 1.0 + X[:, :1] ** 2
    found = scores(table, torch.tensor(mean), as_loss("poisson"))
    assert np.isclose(found["deviance"], metrics.mean_poisson_deviance(TARGETS["poisson"], mean[:, 0]))
    assert np.isclose(found["d2"], metrics.d2_tweedie_score(TARGETS["poisson"], mean[:, 0], power=1))
    quantile = scores(table, torch.tensor(mean), as_loss("quantile=0.8"))
    assert np.isclose(quantile["d2"], metrics.d2_pinball_score(TARGETS["poisson"], mean[:, 0], alpha=0.8), atol=0.02)


@pytest.mark.parametrize(
    ("y", "loss", "message"),
    [
        (CURVE, "poisson", "the target y holds .* takes counts"),
        (np.where(CURVE > 0, "a", "b"), "huber", "the targets are classes"),
        (CURVE, "cross_entropy", "the targets are numbers"),
        (CURVE, lambda f, y: (f - y).square().sum(1), "use ew.fit for a loss of your own"),
        (CURVE, "quantile=2", "above 0 and below 1"),
        (CURVE, "quantile=x", "is a number"),
        (CURVE, "gamma=2", "has no parameter"),
    ],
)
def test_losses_that_do_not_go_with_the_targets_are_refused(y, loss, message):
    with pytest.raises((ew.errors.ConfigError, ew.errors.DataError), match=message):
        ew.study(X, y, loss=loss, **HOW)


def test_losses_in_words_come_back():
    for loss in (*LOSSES.values(), ew.losses.Quantile(0.25), ew.losses.Huber(2.0), ew.losses.StudentT(3.0)):
        assert as_loss(told(loss)) == loss


def test_the_command_takes_a_loss():
    args = parsers.parser().parse_args(["fit", "a.csv", "--out", "run", "--loss", "quantile=0.9"])
    assert as_loss(settings_of(args).loss) == ew.losses.Quantile(0.9)


def test_an_estimator_of_a_quantile_predicts_the_quantile():
    y = CURVE + 0.3 * NOISE
    model = ew.KANRegressor(hidden=(), effort="quick", interactions=0, loss=ew.losses.Quantile(0.8), random_state=0)
    assert abs((y <= model.fit(X, y).predict(X)).mean() - 0.8) < 0.05


def test_an_estimator_of_counts_predicts_means():
    from sklearn.base import clone

    model: Any = clone(ew.KANRegressor(hidden=(), effort="quick", interactions=0, loss="poisson", random_state=0))
    predicted = model.fit(X, TARGETS["poisson"]).predict(X)
    assert predicted.min() > 0 and abs(predicted.mean() / TARGETS["poisson"].mean() - 1) < 0.05


@pytest.mark.slow
def test_balanced_classes_weigh_alike():
    labels = (CURVE + 0.5 * NOISE > 0.9).astype(int)
    how: dict[str, Any] = {"hidden": (), "effort": "quick", "interactions": 0, "random_state": 0}
    plain = ew.KANClassifier(**how).fit(X, labels).predict_proba(X)[:, 1].mean()
    balanced = ew.KANClassifier(class_weight="balanced", **how).fit(X, labels).predict_proba(X)[:, 1].mean()
    assert plain < 0.3 < balanced


@pytest.mark.parametrize("given", ["balance", 3, {"a"}])
def test_class_weights_that_are_none_are_refused_in_our_words(given: Any):
    with pytest.raises(ew.errors.ConfigError, match="class_weight must be None, 'balanced', or a dict"):
        ew.KANClassifier(class_weight=given, effort="quick").fit(X, np.arange(len(X)) % 2)
