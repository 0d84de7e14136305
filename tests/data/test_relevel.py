"""Columns of numbers, and of text whose rare levels are one, become columns with all their levels; other tables are
read in the same way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from edgewise.data import Table, encode, encoded_like, from_arrays, from_dataframe, read_as_levels


def farms(*numbers: float) -> Table:
    """A table of the numbers of farms between two other columns."""
    size = len(numbers)
    X = np.stack([np.arange(size), np.array(numbers), np.arange(size) ** 2], 1)
    return from_arrays(X, np.arange(size), inputs=["a", "farm", "b"])


def test_the_levels_stand_where_the_column_stood() -> None:
    found = read_as_levels(farms(5, 3, 5, 3, 11, 11), ["farm"])
    assert found.inputs == ("a", "farm=3", "farm=5", "farm=11", "b")
    assert found.X[:, 1:4].T.tolist() == [[0, 1, 0, 1, 0, 0], [1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1]]
    assert found.ranges[1] == (0.0, 1.0) and found.ranges[4] == (0.0, 25.0)
    assert not list(found.metadata().faults(5, 1))


def test_a_column_by_word_and_by_numbers_is_the_same() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"farm": rng.integers(0, 9, 60), "colour": rng.choice(["red", "blue"], 60), "y": rng.random(60)}
    )
    said = from_dataframe(frame, "y", categorical="farm")
    found = read_as_levels(from_dataframe(frame, "y"), ["farm"])
    assert torch.equal(found.X, said.X) and found.inputs == said.inputs
    assert found.encoding.shares == said.encoding.shares and found.categories == said.categories


def test_numbers_with_one_row_are_levels_and_new_ones_count_as_the_mean() -> None:
    found = read_as_levels(farms(1, 1, 1, 2, 2, 2, 7, 8), ["farm"])
    assert found.inputs == ("a", "farm=1", "farm=2", "farm=7", "farm=8", "b")
    shares = [3 / 8, 3 / 8, 1 / 8, 1 / 8]
    assert encoded_like(farms(8, 2, 9), found).X[:, 1:5].tolist() == [[0, 0, 0, 1], [0, 1, 0, 0], shares]


def test_new_rows_are_encoded_as_the_table_was() -> None:
    found = read_as_levels(farms(5, 3, 5, 3, 11, 11), ["farm"])
    new = encode(pd.DataFrame({"farm": [11.0, 4.0], "b": [1.0, 2.0], "a": [3.0, 4.0]}), found.metadata())
    third = 1 / 3
    assert new.X.tolist() == [[3, 0, 0, 1, 1], [4, third, third, third, 2]]
    assert "column 'farm' has levels that the model does not know ('4', in 1 row)" in new.stand_ins[0]


def test_weights_count_in_the_shares() -> None:
    table = from_arrays([[1.0], [2.0], [1.0], [2.0]], [0.0, 5.0, 0.0, 5.0], inputs=["farm"])
    weighed = Table(table.X, table.y, table.inputs, table.outputs, weight=torch.tensor([3.0, 1.0, 3.0, 1.0]))
    assert read_as_levels(weighed, ["farm"]).encoding.shares == {"farm": (0.75, 0.25)}


def patients() -> Table:
    """Three patients of four rows, two of two, with a missing one among them."""
    who = [*"aaaabbbbcccc", "d", "d", "e", "e", None]
    place = np.arange(len(who))
    return from_dataframe(pd.DataFrame({"a": place, "who": who, "b": place % 4, "y": place**2}), "y")


def test_rare_texts_get_a_level_each_where_the_column_stood() -> None:
    table = patients()
    assert table.categories["who"] == ("a", "b", "c", "missing", "other") and table.encoding.merged
    found = read_as_levels(table, ["who"])
    assert found.inputs == ("a", *(f"who={name}" for name in (*"abcde", "missing")), "b")
    assert found.X[:, 4].tolist() == [0] * 12 + [1, 1, 0, 0, 0] and (found.X[:, 1:7].sum(1) == 1).all()
    assert not found.texts and not found.encoding.merged and not list(found.metadata().faults(8, 1))
    assert encode(pd.DataFrame({"a": [1], "who": ["e"], "b": [0]}), found.metadata()).X[0, 5] == 1


def test_parts_of_a_table_keep_their_texts() -> None:
    table = patients()
    some = torch.tensor([13, 2, 15])
    found = read_as_levels(table, ["who"])
    assert torch.equal(encoded_like(table.take(some), found).X, found.X[some])
    seen = read_as_levels(table.take(torch.arange(15)), ["who"])  # the second row of e, and none that misses
    assert "who=e" in seen.inputs and "who=missing" not in seen.inputs
    held = encoded_like(table.take(torch.arange(15, 17)), seen)
    assert held.X[0, seen.inputs.index("who=e")] == 1
    assert held.X[1, 1:6].tolist() == list(seen.encoding.shares["who"])
