"""KANRegressor: what a user of scikit-learn does with it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import edgewise as ew
from edgewise.errors import ConfigError
from estimators.problems import QUICK, rows
from helpers import assert_equal


def test_it_predicts_rows_that_it_has_not_seen():
    X, y = rows(300)
    assert cross_val_score(ew.KANRegressor(**QUICK), X, y, cv=3).min() > 0.95


@pytest.mark.usefixtures("few_steps")
def test_the_same_number_gives_the_same_bits_and_another_order_of_rows_too():
    X, y = rows()
    settings = QUICK | {"hidden": (2,), "grids": (3,), "effort": "default"}
    first = ew.KANRegressor(**settings).fit(X, y).predict(X)
    order = np.random.default_rng(1).permutation(len(X))
    assert_equal(ew.KANRegressor(**settings).fit(X, y).predict(X), first)
    assert_equal(ew.KANRegressor(**settings).fit(X[order], y[order]).predict(X), first)


def test_a_bootstrap_sample_is_nearly_as_good_as_the_rows():
    draw = np.random.default_rng(2)
    X = draw.normal(size=(700, 2))
    truth = X[:, 0] + np.sin(2 * X[:, 1])
    y = truth + draw.normal(size=700)
    for places in draw.integers(0, 200, (2, 200)):
        found = ew.KANRegressor(random_state=0, effort="quick").fit(X[places], y[places])
        assert found.score(X[200:], truth[200:]) > 0.75


def test_noise_that_stands_there_five_times_is_noise():
    X, _ = rows(60)
    noise, five = np.random.default_rng(0).normal(size=60), np.repeat(np.arange(60), 5)
    found = ew.KANRegressor(random_state=0, effort="quick").fit(X[five], noise[five])
    assert found.predict(rows(500, seed=1)[0]).std() < 0.4


def test_equal_weights_are_none_whole_or_not():
    X, y = rows()
    plain = ew.KANRegressor(**QUICK).fit(X, y).predict(X)
    for weight in (5.0, 5.5):
        assert_equal(ew.KANRegressor(**QUICK).fit(X, y, sample_weight=np.full(len(y), weight)).predict(X), plain)


def test_whole_weights_are_repeated_rows_bit_by_bit():
    X, y = rows(60)
    weight = np.arange(60) % 4
    again = np.repeat(np.arange(60), weight)
    one = ew.KANRegressor(**QUICK).fit(X, y, sample_weight=weight)
    assert_equal(ew.KANRegressor(**QUICK).fit(X[again], y[again]).predict(X), one.predict(X))


def test_without_a_number_the_seed_is_numpys():
    X, y = rows()
    seeds = []
    for state in (0, 0, 1):
        np.random.seed(state)
        seeds.append(ew.KANRegressor(**QUICK).set_params(random_state=None).fit(X, y).learned_.settings.seed)
    assert seeds[0] == seeds[1] != seeds[2]
    given = ew.KANRegressor(**QUICK).set_params(random_state=np.random.RandomState(5)).fit(X, y)
    assert given.learned_.settings.seed == np.random.RandomState(5).randint(2**31 - 1)


@pytest.mark.filterwarnings("ignore:A few rows of")  # as where a mean stands in a missing cell
def test_a_table_with_text_and_gaps_under_a_grid_search():
    X, y = rows(120)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": np.where(X[:, 1] > 0, "up", "down")})
    frame.loc[::9, "a"] = np.nan
    frame.loc[::10, "kind"] = np.nan
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False))
    columns: Any = ColumnTransformer(
        [("number", SimpleImputer(), ["a", "b"]), ("word", words, ["kind"])], sparse_threshold=0
    )
    chain = make_pipeline(columns.set_output(transform="pandas"), ew.KANRegressor(**QUICK))
    asked: Any = {"kanregressor__hidden": [(), (2,)]}
    strict: Any = "raise"
    search: Any = GridSearchCV(chain, asked, cv=2, error_score=strict).fit(frame, y)
    assert search.best_score_ > 0.6
    network = search.best_estimator_[-1]
    assert list(network.feature_names_in_) == list(network.model_.metadata.inputs)
    assert network.model_.metadata.inputs[2] == "word__kind_down"


@pytest.mark.usefixtures("few_steps", "no_search")
def test_what_was_fitted_survives_a_pickle_and_a_clone_knows_nothing_of_it():
    X, y = rows()
    fitted = ew.KANRegressor(**QUICK, intervals=True).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_equal(again.predict(X), fitted.predict(X))
    assert_equal(again.predict_interval(X), fitted.predict_interval(X))
    assert str(again.formula_) == str(fitted.formula_)
    new: Any = clone(fitted)
    assert not hasattr(new, "model_") and new.get_params() == fitted.get_params()


@pytest.mark.usefixtures("few_steps", "no_search")
def test_several_targets_and_the_shape_of_y():
    X, y = rows()
    frame = pd.DataFrame({"u": y, "v": 1 - 3 * X[:, 0]})
    both = ew.KANRegressor(**QUICK).fit(X, frame)
    assert both.predict(X).shape == (len(X), 2) and both.score(X, frame) > 0.9
    assert both.model_.metadata.outputs == ("u", "v") and len(both.formula_) == 2
    assert ew.KANRegressor(**QUICK).fit(X, y[:, None]).predict(X).shape == (len(X), 1)
    low, high = both.predict_interval(X)
    assert low.shape == high.shape == (len(X), 2) and (low < high).all()


def test_mistakes_in_settings_are_told_by_fit_in_one_error():
    X, y = rows(12)
    wrong = ew.KANRegressor(hidden=(0,), grids=(5, 3), effort="defualt", sparsity=-1, interactions=-1)
    with pytest.raises(ConfigError, match=r"(?s)5 problems: hidden.*grids.*sparsity.*effort.*interactions"):
        wrong.fit(X, y)
    with pytest.raises(ConfigError, match="random_state must be a whole number >= 0"):
        ew.KANRegressor(random_state=-3).fit(X, y)
    with pytest.raises(ConfigError, match="unexpected keyword 'seed'; did you mean 'random_state'"):
        ew.KANRegressor(seed=3)  # pyright: ignore[reportCallIssue]


def test_settings_may_be_numpys():
    X, y = rows(12)
    settings: Any = {"hidden": np.array([2, 3]), "random_state": np.int64(4), "sparsity": np.float32(0.5)}
    kept = ew.KANRegressor(**QUICK).set_params(**settings).fit(X, y).learned_.settings
    assert (kept.hidden, kept.seed, kept.sparsity) == ((2, 3), 4, 0.5)


@pytest.mark.parametrize("hidden", [(), (2,)])
def test_a_constant_target_is_predicted(hidden: tuple[int, ...]):
    X, _ = rows(40)
    fitted = ew.KANRegressor(hidden=hidden, random_state=0).fit(X, np.full(40, 7.0))
    assert_equal(fitted.predict(X), np.full(40, 7.0))
    assert_equal(fitted.feature_importances_, np.zeros(2))
    assert fitted.formula_ == 7


def test_a_number_of_numpy_is_asked_for_as_one_of_python():
    X, y = rows(40)
    fitted: Any = ew.KANRegressor(**QUICK).fit(X, y)
    assert_equal(fitted.predict_interval(X, np.float32(0.5)), fitted.predict_interval(X, 0.5))
    assert len(fitted.effects(level=np.float32(0.5))) == 2


def test_a_setting_of_numpy_comes_back_as_it_was_given():
    hidden: Any = np.int64(3)
    new: Any = clone(ew.KANRegressor(hidden=hidden))
    assert new.hidden is hidden


@pytest.mark.parametrize("coverage", [0, 1.0, -0.5, "much", None])
def test_a_coverage_is_a_part(coverage: object):
    X, y = rows(12)
    with pytest.raises(ConfigError, match="coverage is a part"):
        ew.KANRegressor(**QUICK).fit(X, y).predict_interval(X, coverage)  # pyright: ignore[reportArgumentType]
