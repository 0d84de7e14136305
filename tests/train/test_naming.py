"""Names of a DataFrame's columns go through a fit, and columns are found by them afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.errors import DataError
from helpers import assert_equal, state_of

pd = pytest.importorskip("pandas", reason="pandas is an optional package")

DRAW = torch.Generator().manual_seed(0)
X = pd.DataFrame((2 * torch.rand(60, 2, dtype=torch.float64, generator=DRAW) - 1).numpy(), columns=["width", "t [s]"])
Y = (X["width"] ** 2 + X["t [s]"]).rename("area")


def fit(model: ew.KAN, X: Any, y: Any, **settings: Any) -> ew.KAN:
    return ew.fit(model, X, y, **{"progress": False, "steps": 3, "restarts": 0, "grids": (3,), **settings}).model


@pytest.fixture(scope="module")
def fitted() -> ew.KAN:
    return fit(ew.KAN((2, 1)), X, Y)


def test_names_survive_a_fit_and_change_no_number(fitted: ew.KAN):
    assert fitted.metadata.inputs == ("width", "t [s]") and fitted.metadata.outputs == ("area",)
    plain = fit(ew.KAN((2, 1)), X.to_numpy(), Y.to_numpy())
    assert plain.metadata.inputs == plain.metadata.outputs == ()
    assert_equal(fitted.state_dict(), plain.state_dict())


def test_names_stand_in_formula_picture_and_scores(fitted: ew.KAN):
    pytest.importorskip("matplotlib", reason="matplotlib is an optional package")
    assert {str(symbol) for symbol in ew.formula(fitted)[0].free_symbols} == {"width", "t [s]"}
    texts = [text.get_text() for text in ew.plot(fitted, X).axes[0].texts]
    assert {"width", "t [s]", "area"} <= set(texts)
    assert ew.attribute(fitted, X).inputs == ("width", "t [s]")


def test_columns_are_found_by_name_afterwards(fitted: ew.KAN):
    turned = X[["t [s]", "width"]].assign(note="text")
    assert_equal(fitted.predict(turned), fitted.predict(X.to_numpy()))
    again, turned_again = fit(fitted, X, Y), fit(fitted, turned, Y, validation=(turned, Y))
    assert turned_again.metadata.inputs == ("width", "t [s]")
    assert_equal(state_of(ew.prune(again, turned)), state_of(ew.prune(again, X.to_numpy())))
    assert_equal(fit(fitted, X.to_numpy(), Y, validation=(X.to_numpy(), Y)).state_dict(), turned_again.state_dict())
    with pytest.raises(
        DataError, match="the frame lacks the column 'width' .did you mean 'Width'.*that the model needs"
    ):
        fit(fitted, X.rename(columns={"width": "Width"}), Y)


def test_a_table_brings_its_targets_and_names():
    table = ew.from_dataframe(X.assign(area=Y), "area")
    model = fit(ew.KAN((2, 1)), table, None, validation=table)
    assert (model.metadata.inputs, model.metadata.outputs) == (("width", "t [s]"), ("area",))
    assert_equal(model.state_dict(), fit(ew.KAN((2, 1)), X, Y, validation=(X, Y)).state_dict())
    assert_equal(model.predict(table), model.predict(X))
    with pytest.raises(DataError, match="y is given twice: the Table holds its targets"):
        fit(ew.KAN((2, 1)), table, Y)


def test_a_table_of_classes_keeps_their_order_and_its_levels():
    words = pd.DataFrame({"size": range(60), "hue": ["red", "blue"] * 30, "kind": [10, 9, 9] * 20})
    table = ew.from_dataframe(words, "kind", categorical="hue", task="classification")
    model = fit(ew.KAN((3, 2)), table, None)
    assert model.metadata.classes == ("9", "10") and model.metadata.categories == {"hue": ("blue", "red")}
    assert set(model.predict(words).tolist()) <= {9, 10}
    assert_equal(model.predict_proba(words[["hue", "size"]]), model.predict_proba(table))
    with pytest.raises(DataError, match="holds 2 classes .*only 1 output"):
        fit(ew.KAN((3, 1)), table, None)


def test_a_table_serves_other_modules_as_well():
    table = ew.from_dataframe(X.assign(area=Y), "area")
    module = torch.nn.Linear(2, 1, dtype=torch.float64)
    got = ew.fit(module, table, steps=3, progress=False).model
    assert_equal(got.state_dict(), ew.fit(module, table.X, table.y, steps=3, progress=False).model.state_dict())


def test_a_first_fit_knows_its_own_validation_by_name():
    turned = X[["t [s]", "width"]]
    want = fit(ew.KAN((2, 1)), X, Y, validation=(X, Y))
    assert_equal(fit(ew.KAN((2, 1)), X, Y, validation=(turned, Y)).state_dict(), want.state_dict())


def test_the_last_fit_of_a_chain_finds_columns_by_name():
    from edgewise.train.refit import refit

    first = ew.fit(ew.KAN((2, 1)), X, Y, progress=False, steps=3, restarts=0, grids=(3,))
    want = refit(first, X.to_numpy(), Y.to_numpy(), progress=False).model
    got = refit(first, X[["t [s]", "width"]], Y, progress=False).model
    assert_equal(got.state_dict(), want.state_dict())
    assert got.metadata.inputs == ("width", "t [s]")


def test_the_name_of_a_column_of_classes_is_kept():
    labels = pd.Series(["low", "high"] * 30, name="kind")
    model = fit(ew.KAN((2, 2)), X, labels)
    assert model.metadata.outputs == ("kind",) and model.metadata.classes == ("high", "low")
    assert set(model.predict(X).tolist()) <= {"high", "low"}


def test_numbered_columns_are_no_names(fitted: ew.KAN):
    numbered = pd.DataFrame(X.to_numpy())
    assert fit(ew.KAN((2, 1)), numbered, Y.to_numpy()).metadata.inputs == ()
    assert_equal(fitted.predict(numbered), fitted.predict(X))
