"""What data says of itself: names of its columns, and whether it holds classes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from edgewise.data import as_matrix, frame_names, from_arrays, holds_classes
from edgewise.data.frames import as_frame, is_frame, unique_names
from edgewise.errors import DataError

pd = pytest.importorskip("pandas", reason="pandas is an optional package")


def test_names_are_text_and_occur_once() -> None:
    assert frame_names(pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])) == ("a", "b", "a.2")
    assert frame_names(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))) == (
        "a x",
        "a y",
    )
    assert frame_names(pd.Series([1.0], name="mass")) == ("mass",)
    assert unique_names(("a", "a.2", "a")) == ("a", "a.2", "a.3")


def test_numbers_and_nothing_are_no_names() -> None:
    for data in (
        pd.DataFrame([[1, 2]]),
        pd.DataFrame([[1, 2]], columns=["a", 5]),
        pd.Series([1.0]),
        pd.Series([1.0], name=0),
    ):
        assert frame_names(data) == ()
    for data in (np.ones((2, 2)), torch.ones(2, 2), [[1.0]], {"a": [1.0]}, None):
        assert frame_names(data) == () and not is_frame(data)


def test_only_text_truth_values_and_categories_declare_classes() -> None:
    assert (
        holds_classes(pd.Series(["a", "b"]))
        and holds_classes(pd.Series([1, 2], dtype="category"))
        and holds_classes(pd.Series([True, False]))
    )
    assert (
        holds_classes(pd.DataFrame({"y": ["a", "b"]}))
        and holds_classes(np.array([True]))
        and holds_classes(torch.tensor([True]))
    )
    two = pd.DataFrame({"a": ["b"], "c": ["d"]})
    for numbers in ([0, 1], np.array([0, 1]), torch.tensor([0, 1]), pd.Series([0, 1]), [0.5], [], [[1], [2, 3]], two):
        assert not holds_classes(numbers)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("table.csv", "a str, .*; read the file first"),
        (Path("table.csv"), "a .*Path, .*; read the file first"),
        (io.StringIO("a,b"), "a StringIO, .*; read the file first"),
        ({"a": [1.0]}, "a dict, .*; pandas.DataFrame makes one"),
        (iter([[1.0]]), "a list_iterator, .*; list makes one"),
        (sparse.dok_array((1, 1)), r"a sparse dok_array, .*; its toarray\(\) makes one"),
        (None, "None, wanted an array, a tensor, lists or a DataFrame$"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_no_rows_is_refused_with_a_remedy(data: Any, told: str) -> None:
    for read in (as_matrix, lambda X: from_arrays(X, [1.0])):
        with pytest.raises(DataError, match=f"^X is {told}"):
            read(data)
    with pytest.raises(DataError, match=f"^y is {told}"):
        from_arrays([[1.0]], data)


def test_what_another_library_refuses_is_told_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    narwhals = pytest.importorskip("narwhals", reason="narwhals is an optional package")

    class Table:
        column_names = ("a", "a")

    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("names of columns occur twice: a")

    monkeypatch.setattr(narwhals, "from_native", refuse)
    with pytest.raises(DataError, match="the Table cannot be read: names of columns occur twice: a"):
        as_frame(Table())
