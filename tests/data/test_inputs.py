"""Rows of every kind become the same inputs of a network, columns by their names where both sides have names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from edgewise.data import as_inputs, from_arrays, from_dataframe
from edgewise.errors import DataError, EdgewiseWarning, ShapeError
from edgewise.metadata import Encoding, Metadata
from helpers import assert_close, assert_equal

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]
NAMED = Metadata(inputs=("a", "b"))


def frame(data: Any, **settings: Any) -> Any:
    return pytest.importorskip("pandas", reason="pandas is an optional package").DataFrame(data, **settings)


def kinds() -> dict[str, Any]:
    read_only = np.array(ROWS)
    read_only.setflags(write=False)
    return {
        "list": ROWS,
        "array": np.array(ROWS),
        "integers": np.array(ROWS, dtype=int),
        "float32": torch.tensor(ROWS),
        "reversed": np.array(ROWS[::-1])[::-1],
        "read-only": read_only,
        "list of tensors": [torch.tensor(row) for row in ROWS],
        "mapping": {"a": [1, 3, 5], "b": [2.0, 4.0, 7.0]},
        "table": from_arrays(ROWS, [1.0, 2.0, 4.0]),
    }


@pytest.mark.parametrize("kind", kinds())
def test_rows_of_all_kinds_become_the_same_tensor(kind: str):
    got = as_inputs(kinds()[kind], Metadata(), width=2, dtype=torch.float64)
    assert got.dtype == torch.float64
    assert_close(got, ROWS)


def test_columns_of_frames_count_by_order_without_names_and_by_name_with_them():
    data = frame(ROWS, columns=["b", "a"])
    assert_close(as_inputs(data, Metadata(), width=2), ROWS)
    assert_close(as_inputs(data, NAMED, width=2), np.array(ROWS)[:, ::-1])
    assert_close(as_inputs(data.assign(c="text"), NAMED, width=2), np.array(ROWS)[:, ::-1])
    assert_close(as_inputs({"b": [1.0], "a": [2.0]}, NAMED, width=2), [[2.0, 1.0]])


def test_named_columns_that_are_missing_are_asked_for_unless_they_are_idle():
    with pytest.raises(DataError, match="the frame lacks the column 'a' .did you mean 'A'.*that the model needs"):
        as_inputs(frame({"A": [1.0], "b": [2.0]}), NAMED, width=2)
    assert as_inputs(frame({"b": [2.0]}), NAMED, width=2, used=(1,)).tolist() == [[0, 2]]


def test_a_table_gives_its_levels_by_name_whatever_their_order():
    words = frame({"y": [1.0, 2.0, 3.0], "size": [1.0, 2.0, 4.0], "hue": ["red", "blue", "red"]})
    table = from_dataframe(words, "y", categorical="hue")
    assert table.inputs == ("size", "hue=blue", "hue=red")
    turned = Metadata(inputs=("hue=red", "hue=green", "hue=blue", "size"), categories={"hue": ("red", "green", "blue")})
    want = [[1, 0, 0, 1], [0, 0, 1, 2], [1, 0, 0, 4]]
    assert as_inputs(table, turned, width=4).tolist() == want
    assert as_inputs(words, turned, width=4).tolist() == want
    assert_equal(as_inputs(table, table.metadata(), width=3), table.X)
    with pytest.raises(DataError, match="'hue' has a level that the model has never seen"):
        as_inputs(table, Metadata(inputs=("size", "hue=red"), categories={"hue": ("red",)}), width=2)


def test_an_array_may_hold_the_columns_in_place_of_the_inputs():
    words = frame({"y": [1.0, 2.0, 3.0], "size": [1.0, np.nan, 4.0], "hue": ["red", "blue", "red"]})
    metadata = from_dataframe(words, "y").metadata()
    assert metadata.inputs == ("size", "size=missing", "hue=blue", "hue=red")
    want = [[1, 0, 0, 1], [2.5, 1, 1, 0], [4, 0, 0, 1]]
    columns = words[["size", "hue"]]
    for X in (columns, columns.to_numpy(), columns.to_numpy().tolist(), want):
        assert as_inputs(X, metadata, width=4).tolist() == want
    with pytest.raises(ShapeError, match="X has 3 columns, the model takes 4"):
        as_inputs(np.ones((2, 3)), metadata, width=4)


def test_missing_numbers_are_filled_in_arrays_where_the_metadata_say_by_what():
    known = Metadata(("a", "b", "b=missing"), encoding=Encoding(fills={"a": 5.0, "b": 7.0}, gaps=("b",)))
    X = [[np.nan, 1.0, 0.0], [2.0, np.nan, 0.0]]
    with pytest.warns(EdgewiseWarning, match="missing numbers of 'a', which never missed in training"):
        assert as_inputs(X, known, width=3).tolist() == [[5, 1, 0], [2, 7, 1]]
    assert as_inputs(X[1:], known, width=3).tolist() == [[2, 7, 1]]


def test_what_is_not_finite_stays_in_arrays():
    assert_close(as_inputs([[np.nan, np.inf]], Metadata(), width=2), [[np.nan, np.inf]])


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([[1, 2, 3]] * 3, ShapeError, "X has 3 columns, the model takes 2"),
        (5.0, ShapeError, r"X has shape \(\), wanted \(rows, 2\)"),
        ([1.0, 2.0], ShapeError, r"one row is X\[None, :\]"),
        ([["a", "b"]], DataError, "X holds text such as 'a'"),
        ("data.csv", DataError, "X is a str, wanted an array"),
        ({"a": [1.0]}, ShapeError, "X has 1 columns, the model takes 2"),
        ({"a": [1.0], "b": [1.0, 2.0]}, ShapeError, "one length"),
    ],
)
def test_what_are_no_inputs_is_refused(X: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        as_inputs(X, Metadata(), width=2)
