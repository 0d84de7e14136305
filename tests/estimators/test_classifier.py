"""KANClassifier: what a user of scikit-learn does with it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

import edgewise as ew
from edgewise.errors import ConfigError, DataError
from edgewise.symbolic.formula import edge_functions, evaluate
from estimators.problems import QUICK, labels, rows
from helpers import assert_close, assert_equal


@pytest.mark.slow
def test_it_tells_classes_apart_that_it_has_not_seen():
    X, y = rows(300)
    assert cross_val_score(ew.KANClassifier(**QUICK), X, labels(y), cv=3).min() > 0.85


LABELS: dict[str, Any] = {
    "text": np.array(["low", "high"]),
    "whole numbers": np.array([-1, 7]),
    "numbers": np.array([0.0, 3.0]),
    "truth values": np.array([False, True]),
    "categories": pd.Categorical(["low", "high"]),
}


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back_as_they_were(kind: str):
    X, y = rows()
    given = LABELS[kind][(y > 0.4).astype(int)]
    fitted = ew.KANClassifier(**QUICK).fit(X, given)
    assert_equal(fitted.classes_, np.unique(given))
    assert fitted.predict(X).dtype == fitted.classes_.dtype and fitted.score(X, given) > 0.8
    assert fitted.model_.metadata.classes == tuple(map(str, fitted.classes_))


@pytest.mark.usefixtures("few_steps")
def test_scores_probabilities_and_classes_agree():
    X, y = rows()
    three = ew.KANClassifier(**QUICK).fit(X, labels(y))
    scores, p = three.decision_function(X), three.predict_proba(X)
    assert_close(np.exp(scores) / np.exp(scores).sum(1, keepdims=True), p, like="float64")
    assert_equal(three.predict(X), three.classes_[p.argmax(1)])
    two = ew.KANClassifier(**QUICK).fit(X, y > 0.4)
    assert_close(1 / (1 + np.exp(-two.decision_function(X))), two.predict_proba(X)[:, 1], like="float64")
    assert_equal(two.predict(X), two.decision_function(X) > 0)


def test_one_class_is_refused_and_so_is_one_that_is_left():
    X, y = rows(12)
    with pytest.raises(DataError, match="one class only, 'a'"):
        ew.KANClassifier(**QUICK).fit(X, ["a"] * 12)
    with pytest.raises(ValueError, match="one class only, 1"):
        ew.KANClassifier(**QUICK).fit(X, [0] * 6 + [1] * 6, sample_weight=[0] * 6 + [1] * 6)


def test_classes_whose_rows_count_nothing_are_none():
    X, y = rows()
    weight = (labels(y) != "low").astype(int)
    assert ew.KANClassifier(**QUICK).fit(X, labels(y), weight).classes_.tolist() == ["high", "middle"]


def test_repeated_truth_values_count_as_often_as_they_stand_there():
    """Eight different rows in all, but a thousand that say so."""
    draw = np.random.default_rng(0)
    X = draw.integers(0, 2, (1000, 2))
    y = X[:, 0] ^ X[:, 1] ^ (draw.uniform(size=1000) < 0.1)
    fitted = ew.KANClassifier(random_state=0).fit(X, y)
    best = ((X[:, 0] ^ X[:, 1]) == y).mean()
    assert abs(fitted.score(X, y) - best) < 1e-12 and len(fitted.learned_.table) == 8
    assert abs(fitted.predict_proba([[0, 1]])[0, 1] - 0.9) < 0.05


@pytest.mark.usefixtures("few_steps", "no_search")
def test_the_formula_gives_the_scores():
    X, y = rows()
    fitted = pickle.loads(pickle.dumps(ew.KANClassifier(**QUICK).fit(X, labels(y))))
    functions = edge_functions(fitted.model_)
    values = evaluate(fitted.formula_, X, symbols=("x1", "x2"), functions=functions)
    assert_close(values, fitted.decision_function(X), like="float64")


def test_a_class_weight_of_no_label_is_named():
    X, y = rows(40)
    with pytest.raises(ConfigError, match="class_weight holds 'z', which is no label of y: high, low"):
        ew.KANClassifier(class_weight={"z": 1.0}).fit(X, np.where(y > np.median(y), "high", "low"))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 30.0}])
def test_class_weights_multiply_the_odds_of_a_rare_class_and_fit_no_noise(class_weight: Any):
    draw = np.random.default_rng(0)
    X = draw.normal(size=(800, 3))
    y = (draw.uniform(size=800) < 1 / (1 + np.exp(4 - X[:, 0]))).astype(int)
    plain = ew.KANClassifier(effort="quick", random_state=0).fit(X, y)
    weighed = ew.KANClassifier(effort="quick", class_weight=class_weight, random_state=0).fit(X, y)
    factor = (y == 0).sum() / (y == 1).sum() if class_weight == "balanced" else 15.0
    assert_close(weighed.decision_function(X), plain.decision_function(X) + np.log(factor), like="float64")
    assert weighed.model_.edits[-1].action == "class weights"
    assert_close(weighed.explain(X).predictions.softmax(1), weighed.predict_proba(X), like="float64")


@pytest.mark.slow
def test_balanced_classes_count_a_row_of_weight_three_three_times():
    X, y = rows(120)
    rare = labels(y)
    times = np.where(rare == "low", 3, 1)
    weighed, copied = (ew.KANClassifier(**QUICK, class_weight="balanced") for _ in range(2))
    weighed.fit(X, rare, sample_weight=times)
    copied.fit(X.repeat(times, 0), rare.repeat(times))
    np.testing.assert_array_equal(weighed.predict_proba(X), copied.predict_proba(X))


@pytest.mark.slow
def test_class_weights_are_recorded_as_they_were_given_and_equal_ones_change_nothing():
    X, y = rows(60)
    plain, even, fractions = (
        ew.KANClassifier(**QUICK, class_weight=weights).fit(X, labels(y))
        for weights in (None, {"low": 3, "middle": 3, "high": 3}, {"low": 0.3, "middle": 2, "high": 0.1})
    )
    assert_close(even.decision_function(X), plain.decision_function(X), like="float64")
    assert all(edit.action != "class weights" for edit in even.model_.edits)
    assert fractions.model_.edits[-1].detail == "high 0.1, low 0.3, middle 2"


def test_a_class_of_weight_zero_is_left_out():
    X, y = rows(60)
    fitted = ew.KANClassifier(**QUICK, class_weight={"low": 0, "middle": 1, "high": 1}).fit(X, labels(y))
    assert fitted.classes_.tolist() == ["high", "middle"]
    assert len(fitted.learned_.table) == (labels(y) != "low").sum()
