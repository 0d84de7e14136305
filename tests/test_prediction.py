"""KAN.predict: rows of any kind in; numbers, labels or probabilities of the same kind out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.data import label_values
from edgewise.errors import ConfigError, DataError, EdgewiseWarning, ShapeError
from edgewise.metadata import Metadata
from edgewise.model import KAN
from edgewise.prediction import PASS_ROWS
from helpers import assert_close, assert_equal

X = torch.rand(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def named(widths: Any = (2, 3, 1), **metadata: Any) -> KAN:
    return KAN(widths, seed=1).build(metadata=Metadata(**{"inputs": ("a", "b"), **metadata}))


def classifier(*labels: str) -> KAN:
    return named((2, len(labels)), classes=labels, task="classification")


def test_arrays_give_arrays_and_tensors_give_tensors():
    model = named()
    want = model(X).detach()[:, 0]
    got = model.predict(X)
    assert_equal(got, want)
    for rows in (X.numpy(), X.tolist(), {"b": X[:, 1].numpy(), "a": X[:, 0].numpy()}):
        array = model.predict(rows)
        assert isinstance(array, np.ndarray)
        assert_equal(array, want.numpy())
    assert model.predict(X.float()).dtype == torch.float64, "numbers come in the format of the model"
    assert not got.requires_grad


def test_models_of_every_number_format_take_arrays():
    for dtype in (torch.float32, torch.bfloat16):
        model = named().to(dtype)
        got = model.predict(X.numpy())
        assert got.dtype == np.float32
        assert_equal(torch.from_numpy(got), model(X.to(dtype)).detach().float()[:, 0])


def test_several_outputs_keep_their_columns():
    model = named((2, 3, 2))
    assert_equal(model.predict(X.numpy()), model(X).detach().numpy())


def test_columns_of_frames_are_found_by_name():
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    model, frame = named(), pd.DataFrame(X.numpy(), columns=["a", "b"])
    assert_equal(model.predict(frame[["b", "a"]].assign(c="text")), model.predict(X.numpy()))
    with pytest.raises(DataError, match="the frame lacks the column 'b' that the model needs"):
        model.predict(frame[["a"]])
    assert_equal(
        ew.remove(model, nodes=[(0, 1)]).predict(frame[["a"]]), ew.remove(model, nodes=[(0, 1)]).predict(X.numpy())
    )


def test_a_long_table_is_taken_in_blocks():
    model, long = named(), torch.rand(PASS_ROWS + 3, 2, dtype=torch.float64)
    assert_close(model.predict(long), model(long).detach()[:, 0])


def test_a_classifier_gives_labels_and_probabilities():
    model = classifier("blue", "green", "red")
    codes, p = model.predict(X), model.predict_proba(X)
    assert_equal(codes, model(X).argmax(1))
    assert_equal(p, model(X).detach().softmax(1))
    labels = model.predict(X.numpy())
    assert labels.tolist() == [("blue", "green", "red")[code] for code in codes]
    assert_equal(model.predict_proba(X.numpy()), p.numpy())


@pytest.mark.parametrize("labels", [("0", "1"), ("False", "True"), ("a", "b")])
def test_labels_are_predicted_as_the_values_that_they_were(labels: tuple[str, ...]):
    values = label_values(labels).tolist()
    assert set(classifier(*labels).predict(X.numpy()).tolist()) <= set(values)


def test_a_regression_knows_no_probabilities():
    with pytest.raises(ConfigError, match="fitted to numbers and knows no probabilities of classes; use predict"):
        named().predict_proba(X)


def test_rows_far_outside_the_training_range_are_told():
    model = named(ranges=((0.0, 1.0), (0.0, 1.0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(1.2 * X - 0.1)
    with pytest.warns(EdgewiseWarning, match="1 of 7 rows lie outside the training range.*'b' .trained on 0 to 1"):
        model.predict(torch.where(X == X[:, 1].max(), 3.0, X))
    idle = ew.remove(model, nodes=[(0, 1)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        idle.predict(5 * X[:, [1, 0]] * torch.tensor([0.2, 1.0]))


@pytest.mark.parametrize(("place", "told"), [(1.05, False), (1.15, True), (-0.05, False), (-0.15, True), (1.9, True)])
def test_rows_up_to_a_tenth_of_the_range_outside_are_near(place: float, told: bool):
    model, rows = named(ranges=((0.0, 1.0), (0.0, 1.0))), X.clone()
    rows[2, 1] = place
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        model.predict(rows)
    assert bool(found) is told


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.zeros((3, 4)), ShapeError, "X has 4 columns, the model takes 2"),
        (np.zeros((0, 2)), DataError, "predict needs at least one row"),
        (np.array([[0.0, np.nan]]), DataError, "predict needs finite numbers, but 1 of 1 rows"),
        ([["a", "b"]], DataError, "X holds text such as 'a'"),
    ],
)
def test_rows_that_cannot_be_predicted_are_refused(rows: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        named().predict(rows)


@pytest.mark.filterwarnings("ignore::edgewise.errors.EdgewiseWarning")
@pytest.mark.parametrize("model", [named(), classifier("no", "yes")], ids=["numbers", "classes"])
def test_rows_so_far_outside_that_a_prediction_overflows_are_refused(model: KAN):
    """Sums of tangents at the end of float64 leave its range."""
    rows = X.numpy().copy()
    rows[3] = 1.7e308
    with pytest.raises(DataError, match="1 of 7 predictions are no finite numbers, the first for row 4"):
        model.predict(rows)
    rows[3] = 1e5
    assert model.predict(rows).shape == (7,)
