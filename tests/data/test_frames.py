"""What data says of itself: names of its columns, and whether it holds classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.data import frame_names, holds_classes
from edgewise.data.frames import is_frame, unique_names

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
