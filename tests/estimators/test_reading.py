"""Estimators take columns as they come: text, missing cells, and both in the rows of `fit` and of `predict`."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import edgewise as ew
from edgewise.errors import ConfigError, DataError, EdgewiseWarning, ShapeError
from estimators.problems import QUICK
from helpers import assert_close, assert_equal


def people(count: int = 120, seed: int = 0) -> tuple[Any, Any]:
    """A frame with text, missing cells and an id, and a target."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "person_id": np.arange(count) + 100,
            "trade": draw.choice(["baker", "cook", "smith"], count),
            "age": draw.uniform(20, 60, count),
            "height": draw.normal(170, 9, count),
        }
    )
    y = frame.trade.map({"baker": 0.0, "cook": 1.0, "smith": 3.0}) + frame.age / 20 + 0.1 * draw.normal(size=count)
    frame.loc[draw.permutation(count)[:15], "age"] = np.nan
    frame.loc[draw.permutation(count)[:10], "trade"] = None
    return frame, y.rename("wage")


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("classes", [False, True])
def test_a_frame_needs_no_preparation(classes: bool):
    X, y = people()
    kind: Any = ew.KANClassifier if classes else ew.KANRegressor
    target = np.where(y > y.median(), "high", "low") if classes else y
    fitted = pickle.loads(pickle.dumps(kind(**QUICK).fit(X, target)))
    assert fitted.score(X, target) > 0.8
    assert fitted.model_.metadata.inputs[:4] == ("trade=baker", "trade=cook", "trade=missing", "trade=smith")
    assert fitted.n_features_in_ == 4 and fitted.feature_names_in_.tolist() == list(X)
    assert any("'person_id' counts the rows" in note for note in fitted.learned_.table.notes)
    scores = fitted.feature_importances_
    assert scores.shape == (4,) and scores[0] == 0 and scores[1] > scores[3]


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("kind", [pd.DataFrame, np.asarray])
def test_whole_numbers_that_are_days_are_dates_in_estimators(kind: Any):
    days = pd.date_range("2020-01-25", periods=90)
    x, y = np.sin(np.arange(90.0)), (days.day_of_week >= 5) + np.arange(90.0) / 30
    X = kind(pd.DataFrame({"day": days.strftime("%Y%m%d").astype(int), "x": x}))
    fitted = ew.KANRegressor(**QUICK).fit(X, y)
    dated = ew.KANRegressor(**QUICK).fit(pd.DataFrame({"day": days, "x": x}), y)
    assert len(fitted.model_.metadata.inputs) == 9
    assert_close(fitted.predict(X[:20]), dated.predict(pd.DataFrame({"day": days, "x": x})[:20]), like="float64")


@pytest.mark.usefixtures("few_steps")
def test_the_model_and_the_estimator_predict_the_same_from_a_frame():
    X, y = people()
    fitted = ew.KANRegressor(**QUICK).fit(X, y)
    assert_close(fitted.predict(X), fitted.model_.predict(X), like="float64")
    assert_equal(fitted.predict(X[::-1]), fitted.predict(X)[::-1])
    assert_equal(fitted.predict(X.head(1)), fitted.predict(X)[:1])
    low, high = fitted.predict_interval(X.head(20))
    assert (low < high).all()


@pytest.mark.usefixtures("few_steps")
def test_gaps_in_arrays_have_a_value_of_their_own():
    X, y = people()
    array = X[["age", "height"]].to_numpy()
    fitted = ew.KANRegressor(**QUICK).fit(array, y)
    assert fitted.model_.metadata.inputs == ("x1", "x1=missing", "x2")
    assert_close(fitted.predict(array), fitted.model_.predict(array), like="float64")


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("kind", [np.array, pd.DataFrame])
def test_where_nothing_missed_before_the_median_stands_in_and_a_warning_says_so(kind: Any):
    X, y = people()
    whole = kind(X[["height"]].to_numpy())
    fitted = ew.KANRegressor(**QUICK).fit(whole, y)
    with pytest.warns(EdgewiseWarning, match="misses 1 of 1 values, which it never did"):
        got = fitted.predict(kind([[np.nan]]))
    assert_equal(got, fitted.predict(kind([[np.median(X.height)]])))


@pytest.mark.usefixtures("few_steps")
def test_a_lazy_frame_is_read_like_the_frame_that_it_collects():
    narwhals = pytest.importorskip("narwhals", reason="narwhals is not installed")
    X, y = people()
    lazy = narwhals.from_native(X).lazy()
    from_lazy, from_frame = (ew.KANRegressor(**QUICK).fit(rows, y) for rows in (lazy, X))
    assert list(vars(from_lazy)["feature_names_in_"]) == list(X.columns)
    assert_equal(from_lazy.predict(lazy), from_frame.predict(X))


@pytest.mark.usefixtures("few_steps")
def test_unknown_text_is_no_error():
    X, y = people()
    fitted = ew.KANRegressor(**QUICK).fit(X, y)
    with pytest.warns(EdgewiseWarning, match="'trade' has levels that the model does not know .'potter'"):
        got = fitted.predict(X.head(1).assign(trade="potter"))[0]
    levels = [fitted.predict(X.head(1).assign(trade=level))[0] for level in ("baker", "cook", "smith")]
    assert min(levels) < got < max(levels)


@pytest.mark.usefixtures("few_steps")
def test_numbers_that_are_categories_are_levels_where_no_column_holds_text():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draw.uniform(0, 1, 90), "site": pd.Categorical(draw.choice([3, 5, 8], 90))})
    y = frame["size"] + (frame["site"] == 5)
    fitted = ew.KANRegressor(**QUICK).fit(frame, y)
    assert fitted.learned_.table.categories == {"site": ("3", "5", "8")}
    assert_equal(fitted.predict(frame.astype({"site": float})), fitted.predict(frame))


@pytest.mark.parametrize("before", ["text", "missing cells"])
def test_a_position_in_constraints_is_that_of_the_feature_whatever_inputs_the_others_become(before: str):
    draw = np.random.default_rng(0)
    first = (
        draw.choice(["a", "b"], 200)
        if before == "text"
        else np.where(np.arange(200) < 20, np.nan, 1 + draw.random(200))
    )
    frame = pd.DataFrame({"first": first, "second": draw.random(200), "third": draw.random(200)})
    y = np.sin(6 * frame["second"]) + np.sin(6 * frame["third"]) + 0.1 * draw.normal(size=200)
    along = frame.iloc[[30] * 100].assign(third=np.linspace(0, 1, 100))
    keys: list[Any] = [2, np.int64(2), "third"]
    fits = [ew.KANRegressor(**QUICK, constraints={key: "increasing"}).fit(frame, y) for key in keys]
    assert np.diff(fits[0].predict(along)).min() > -1e-9
    assert all(np.array_equal(fit.predict(frame), fits[2].predict(frame)) for fit in fits)
    with pytest.raises(ConfigError, match="names 3, which is no feature; features are 0 to 2"):
        ew.KANRegressor(**QUICK, constraints={3: "increasing"}).fit(frame, y)
    with pytest.raises(ConfigError, match="names the feature 'third' twice"):
        ew.KANRegressor(**QUICK, constraints={2: "increasing", "third": "convex"}).fit(frame, y)


def test_arrays_of_text_are_read_like_frames():
    X, y = people()
    frame = X[["trade", "age"]]
    one, other = ew.KANRegressor(**QUICK).fit(frame, y), ew.KANRegressor(**QUICK).fit(frame.to_numpy(), y)
    assert_close(one.predict(frame), other.predict(frame.to_numpy()), like="float64")


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("columns", [["person_id", "height"], ["person_id", "height", "trade", "age"]])
def test_ids_of_frames_are_left_out_in_every_order_of_the_rows(columns: list[str]):
    X, y = people()
    order = np.random.default_rng(5).permutation(len(y))
    one = ew.KANRegressor(**QUICK).fit(X[columns], y)
    other = ew.KANRegressor(**QUICK).fit(X[columns].iloc[order], y.iloc[order])
    assert "person_id" not in one.model_.metadata.inputs
    assert one.model_.metadata == other.model_.metadata
    assert_equal(one.predict(X[columns]), other.predict(X[columns]))
    array = X[["person_id", "height"]].to_numpy()
    assert ew.KANRegressor(**QUICK).fit(array, y).model_.metadata.inputs == ("x1", "x2")


@pytest.mark.usefixtures("few_steps")
def test_a_weight_is_as_many_rows():
    X, y = people()
    weight = np.random.default_rng(3).integers(0, 3, len(y))
    again = np.repeat(np.arange(len(y)), weight)
    X = X.drop(columns="person_id")
    one = ew.KANRegressor(**QUICK).fit(X, y, weight)
    other = ew.KANRegressor(**QUICK).fit(X.iloc[again], y.iloc[again])
    assert one.model_.metadata == other.model_.metadata
    assert_close(one.predict(X), other.predict(X), like="float64")


@pytest.mark.parametrize("bad", [np.inf, "text", 10**400])
def test_what_is_no_number_is_named(bad: Any):
    X, y = people()
    age = X.age.astype(object)
    age[5] = bad
    where = "'age' (holds no number|is infinite, or too large for a float64,) in row 5"
    with pytest.raises(DataError, match=f"{where}.*, or leave these rows out") as caught:
        ew.KANRegressor(**QUICK).fit(age.to_frame(), y)
    assert "drop" not in str(caught.value) and "categorical=" not in str(caught.value)


def test_what_is_no_table_is_refused_in_words():
    X, y = people()
    mixed, labels = X[["trade", "height"]], np.where(y > y.median(), "high", "low")
    with pytest.raises(ShapeError, match="sample_weight has 3 rows, X has 120: each row needs its own weight"):
        ew.KANClassifier(**QUICK).fit(mixed, labels, np.ones(3))
    with pytest.raises(DataError, match="X has two columns called 'height'"):
        ew.KANRegressor(**QUICK).fit(X[["height", "age", "height"]], y)
    with pytest.raises(DataError, match="X is a dict, wanted an array, a tensor, lists or a DataFrame; pandas"):
        ew.KANRegressor(**QUICK).fit(dict(X), y)
    fitted = ew.KANClassifier(**QUICK).fit(mixed, labels)
    for row in (mixed.iloc[3], mixed.trade):
        with pytest.raises(ShapeError, match=r"X is a Series, wanted a table of rows: .* df.iloc\[\[3\]\]"):
            fitted.predict(row)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize(
    ("labels", "kind"),
    [([0, 1], "Int64"), ([False, True], "boolean"), ([1.0, 2.0], "Float64"), ([0, 1], object), ([False, True], object)],
)
def test_labels_of_pandas_own_kinds_and_objects_stay_what_they_are(labels: list[Any], kind: Any):
    X, y = people()
    X, plain = X[["height", "age"]], np.array(labels)[(y > 3).to_numpy().astype(int)]
    fitted = ew.KANClassifier(**QUICK).fit(X, pd.Series(plain, dtype=kind))
    assert fitted.classes_.dtype == plain.dtype and fitted.classes_.tolist() == labels
    assert fitted.predict(X).dtype == plain.dtype
    numbers = ew.KANRegressor(**QUICK).fit(X, pd.Series(plain, dtype=kind))
    assert_equal(numbers.predict(X), ew.KANRegressor(**QUICK).fit(X, plain.astype(float)).predict(X))


@pytest.mark.parametrize("kind", [ew.KANRegressor, ew.KANClassifier])
@pytest.mark.parametrize("targets", ["Int64", "boolean", "Float64", object, float])
def test_a_missing_number_among_targets_is_named(kind: Any, targets: Any):
    X, y = people()
    values = [None if row in (7, 9) else int(value > 3) for row, value in enumerate(y)]
    with pytest.raises(DataError, match="y has no value in row 7 and 1 more; leave these rows out"):
        kind(**QUICK).fit(X, pd.Series(values, dtype=targets))


@pytest.mark.parametrize("kind", [ew.KANRegressor, ew.KANClassifier])
def test_a_row_without_a_target_is_named(kind: Any):
    X, y = people()
    targets = y.to_numpy().astype(object) if kind is ew.KANRegressor else np.where(y > 3, "high", "low").astype(object)
    targets[[7, 9]] = None
    with pytest.raises(DataError, match="y has no value in row 7 and 1 more; leave these rows out"):
        kind(**QUICK).fit(X, targets)


@pytest.mark.usefixtures("few_steps")
def test_tensors_with_gradients_are_arrays():
    X, y = people()
    tensor, target = (torch.tensor(part.to_numpy(), requires_grad=True) for part in (X[["height"]], y))
    fitted = ew.KANRegressor(**QUICK).fit(tensor, target)
    assert_equal(fitted.predict(tensor), fitted.predict(X[["height"]].to_numpy()))


def test_a_missing_number_in_one_of_several_targets_is_named_with_its_row():
    y = np.ones((20, 2))
    y[[3, 8], 1] = np.nan
    with pytest.raises(DataError, match="y has no value in row 3 and 1 more"):
        ew.KANRegressor(**QUICK).fit(np.ones((20, 2)), y)


def test_labels_of_several_kinds_are_refused_in_plain_words():
    with pytest.raises(DataError, match="several kinds, such as .*; write all as text"):
        ew.KANClassifier(**QUICK).fit(np.ones((20, 2)), np.array([1, "a"] * 10, dtype=object))


@pytest.mark.usefixtures("few_steps")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A few rows of")  # a trade that stands in for a gap is mostly wrong
def test_a_search_over_a_pipeline_with_text_and_missing_cells():
    X, y = people()
    text = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer(
        [("text", text, ["trade"]), ("numbers", make_pipeline(StandardScaler()), ["age", "height"])],
        sparse_threshold=0,
    )
    prepared = make_pipeline(columns, ew.KANRegressor(**QUICK))  # gaps of numbers go through to the network
    plain = make_pipeline("passthrough", ew.KANRegressor(**QUICK))
    for pipeline in (prepared, plain):
        search = GridSearchCV(pipeline, {"kanregressor__interactions": [0, 2]}, cv=2).fit(X, y)
        assert search.best_score_ > 0.8


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("kind", ["intervals", "periods"])
def test_cells_of_other_kinds_are_levels(kind: str):
    x, place = np.linspace(-1, 1, 60), np.arange(60) % 3
    made = {"intervals": pd.interval_range(0, 3), "periods": pd.period_range("2020-01", periods=3, freq="M")}
    frame, y = pd.DataFrame({"x": x, "kind": made[kind][place]}), x + np.array([0.0, 3.0, -2.0])[place]
    model = ew.KANRegressor(**QUICK).fit(frame, y)
    assert model.score(frame, y) > 0.99


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.to_timedelta(range(20), unit="h"), "lengths of time; give .* hours"),
        (pd.date_range("2020", periods=20), "dates"),
    ],
)
def test_targets_that_are_times_or_dates_are_told(y, message: str):
    with pytest.raises(DataError, match=f"y holds {message}"):
        ew.KANRegressor().fit(np.arange(20.0)[:, None], y)


def of_thirty() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).random((30, 2))
    return X, X.sum(1)


@pytest.mark.parametrize("frame", [False, True])
def test_what_is_infinite_is_named_by_its_place(frame: bool):
    X, y = of_thirty()
    X[3, 1] = np.inf
    given, column = (pd.DataFrame(X, columns=["u", "v"]), "'v'") if frame else (X, "1")
    with pytest.raises(DataError, match=rf"X is not finite in row 3, column {column} \(is inf\)"):
        ew.KANRegressor().fit(given, y)
    X[3, 1], y[5] = 0.0, -np.inf
    for rows in (X, pd.DataFrame(X).assign(text="a")):
        with pytest.raises(DataError, match="y is not finite in row 5"):
            ew.KANRegressor().fit(rows.rename(columns=str) if isinstance(rows, pd.DataFrame) else rows, y)


def test_targets_of_text_and_no_targets_are_refused_in_words():
    X, y = of_thirty()
    with pytest.raises(DataError, match="y holds text such as 'b', wanted numbers; KANClassifier tells classes apart"):
        ew.KANRegressor().fit(X, ["1", "b", "2.5"] * 10)
    with pytest.raises(DataError, match="y is too large for a float64 in row 7; give it in other units"):
        ew.KANRegressor().fit(X, [10**400 if row == 7 else 1 for row in range(30)])
    with pytest.raises(DataError, match="y has no rows"):
        ew.KANClassifier().fit(X[:0], [])
    with pytest.raises(DataError, match="sample_weight must not be negative, got -1 in row 4"):
        ew.KANRegressor().fit(X, y, sample_weight=np.where(np.arange(30) == 4, -1.0, 1.0))
