"""Intervals by CV+: the order statistics are right, whole fits make them, targets lie in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import edgewise as ew
from edgewise.estimators.arrays import predicted
from edgewise.estimators.conformal import OutOfFold, out_of_fold
from estimators.problems import QUICK, rows
from helpers import assert_close, assert_equal


def constant(value: float) -> ew.KAN:
    return ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x", 1.0, 0.0, 0.0, value)})


def by_hand(made: OutOfFold, X: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
    """The bounds as the paper writes them, for rows that count once."""
    n = len(made.fold)
    at = np.stack([predicted(model, X)[:, 0] for model in made.models])[made.fold]  # (n, m)
    low, high = np.sort(at - made.errors, 0), np.sort(at + made.errors, 0)
    rank = int(np.ceil(coverage * (n + 1) - 1e-9))
    return low[n - rank], high[rank - 1]


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95])
def test_bounds_are_those_of_the_paper(coverage: float):
    draw = np.random.default_rng(0)
    fold = np.arange(99) % 3
    made = OutOfFold(tuple(map(constant, (0.0, 1.0, 5.0))), fold, draw.exponential(size=(99, 1)), np.ones(99))
    low, high = made.bounds(np.zeros((2, 1)), coverage)
    wanted = by_hand(made, np.zeros((2, 1)), coverage)
    assert_close(low[:, 0], wanted[0], like="float64")
    assert_close(high[:, 0], wanted[1], like="float64")


def test_rows_count_as_often_as_their_weight_says():
    draw = np.random.default_rng(1)
    fold, errors, weight = np.arange(40) % 2, draw.exponential(size=(40, 1)), draw.integers(1, 5, 40)
    models = (constant(0.0), constant(1.0))
    one = OutOfFold(models, fold, errors, weight.astype(float)).bounds(np.zeros((1, 1)), 0.8)
    again = np.repeat(np.arange(40), weight)
    other = OutOfFold(models, fold[again], errors[again], np.ones(len(again))).bounds(np.zeros((1, 1)), 0.8)
    assert_equal(one, other)


def test_too_few_rows_to_tell_bound_nothing():
    made = OutOfFold((constant(0.0),), np.zeros(8, dtype=int), np.ones((8, 1)), np.ones(8))
    low, high = made.bounds(np.zeros((1, 1)), 0.9)
    assert low[0, 0] == -np.inf and high[0, 0] == np.inf
    assert_equal(made.bounds(np.zeros((1, 1)), 0.8), (-np.ones((1, 1)), np.ones((1, 1))))


@pytest.mark.usefixtures("few_steps")
def test_no_network_has_seen_its_fold():
    X, y = rows(60)
    fitted = ew.KANRegressor(**QUICK).fit(X, y)
    table, settings = fitted.learned_.table, fitted.learned_.settings
    made = out_of_fold(table, settings, count=4)
    assert sorted(np.bincount(made.fold)) == [15, 15, 15, 15] and made.weight.sum() == 60
    spoilt = table.y.clone()
    spoilt[0] += 100.0
    again = out_of_fold(replace(table, y=spoilt), settings, count=4)
    assert (again.errors.max(0) > 90).all(), "the network that has not seen the row is far off there"


def test_about_as_many_targets_lie_inside_as_was_asked_for():
    X, y = rows(400, noise=0.3)
    new, truth = rows(4000, noise=0.3, seed=9)
    fitted = ew.KANRegressor(**QUICK).fit(X, y)
    for coverage in (0.5, 0.9):
        low, high = fitted.predict_interval(new, coverage)
        assert abs(((truth >= low) & (truth <= high)).mean() - coverage) < 0.04  # two and a half standard errors


def test_no_interval_leaves_out_what_predict_says():
    X, y = rows(60)
    fitted = ew.KANRegressor(**QUICK).fit(X, y)
    far = 40 * np.random.default_rng(2).normal(size=(200, X.shape[1]))
    low, high = fitted.predict_interval(far, 0.05)
    assert fitted._folds is not None
    made, bounds = fitted.predict(far), fitted._folds.bounds(far, 0.05)
    assert ((made < bounds[0][:, 0]) | (made > bounds[1][:, 0])).any(), "the folds alone would leave some out"
    assert ((low <= made) & (made <= high)).all()


@pytest.mark.usefixtures("few_steps")
def test_they_are_made_in_fit_or_when_first_asked_for():
    X, y = rows(40)
    early, late = ew.KANRegressor(**QUICK, intervals=True).fit(X, y), ew.KANRegressor(**QUICK).fit(X, y)
    assert early._folds is not None and late._folds is None
    assert_equal(early.predict_interval(X), late.predict_interval(X))
    assert late._folds is not None
    assert late.fit(X, y)._folds is None, "a new fit forgets those of the old one"


@pytest.mark.parametrize(("loss", "highest"), [("poisson", np.inf), ("gamma", np.inf), ("binomial", 1.0)])
@pytest.mark.slow
def test_bounds_are_what_targets_can_be(loss: str, highest: float):
    draw = np.random.default_rng(0)
    X = draw.uniform(-1, 1, (120, 2))
    y = draw.poisson(np.exp(X[:, 0])) if loss == "poisson" else draw.gamma(2.0, np.exp(X[:, 0]))
    y = np.clip(y / 4, 0, 1) if loss == "binomial" else y
    low, high = ew.KANRegressor(**QUICK, loss=loss).fit(X, y).predict_interval(X, coverage=0.95)
    assert low.min() == 0 and high.max() <= highest
    assert ((low <= y) & (y <= high)).mean() > 0.9
