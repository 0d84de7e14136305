"""A table is split by a seeded draw, of every class alike."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch

from edgewise.data import Table, folds, from_arrays, from_dataframe, from_function, split
from edgewise.errors import ConfigError, DataError, ShapeError


def test_split_is_a_seeded_partition() -> None:
    table = from_function(lambda x: x[:, 0] ** 2, [(0, 1)], 100)
    rest, held = split(table, 0.2, seed=1)
    assert (
        len(held) == 20
        and sorted(rest.lines + held.lines) == list(range(100))
        and rest.lines == tuple(sorted(rest.lines))
    )
    assert held.lines == split(table, 0.2, seed=1)[1].lines != split(table, 0.2, seed=2)[1].lines
    assert torch.equal(held.X, table.X[list(held.lines)])


def test_split_keeps_every_class() -> None:
    labels = ["common"] * 20 + ["rare"] * 2 + ["once"]
    rest, held = split(from_arrays(np.arange(23.0)[:, None], labels), 0.5)
    assert set(rest.y.tolist()) == {0, 1, 2} and set(held.y.tolist()) == {0, 2}


def test_split_refuses_what_it_cannot_do() -> None:
    table = from_arrays([[1.0], [2.0]], [1.0, 2.0])
    with pytest.raises(DataError, match="too few"):
        split(table, 0.2)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        split(table, 1.0)


def visits(patients: int = 30, classes: bool = False):
    """Patients of one to six rows, in any order; the classes are two, one of them of a single patient."""
    rng = np.random.default_rng(0)
    patient = rng.permutation(np.arange(patients).repeat(rng.integers(1, 7, patients)))
    y = np.where(patient == 3, "rare", "common") if classes else rng.normal(size=len(patient))
    return pd.DataFrame({"patient": [f"p{number}" for number in patient], "x": rng.normal(size=len(patient)), "y": y})


def groups_of(table: Table) -> torch.Tensor:
    assert table.groups is not None
    return table.groups


def test_rows_of_a_group_stay_together_and_their_column_is_no_input() -> None:
    frame = visits()
    table = from_dataframe(frame, "y", groups="patient")
    assert table.inputs == ("x",) and "there are 30 groups" in table.notes[-1]
    for seed in range(5):
        rest, held = split(table, 0.2, seed)
        whose = [set(frame.patient[[*part.lines]]) for part in (rest, held)]
        assert not whose[0] & whose[1] and len(rest) + len(held) == len(table)
        assert abs(len(held) - 0.2 * len(table)) <= 3  # half of the largest group
        again = split(rest, 0.125, seed)
        assert {*groups_of(again[0]).tolist()}.isdisjoint(groups_of(again[1]).tolist())
    held = [groups_of(part).unique() for _, part in folds(table, 5)]
    assert sorted(torch.cat(held).tolist()) == [*range(30)]


def test_a_class_of_one_group_stays_in_the_rest() -> None:
    table = from_dataframe(visits(classes=True), "y", groups="patient")
    assert all("rare" in [(table.classes or ())[code] for code in split(table, 0.4, seed)[0].y] for seed in range(10))


def test_groups_come_beside_arrays_as_well() -> None:
    frame = visits()
    table = from_arrays(frame[["x"]].to_numpy(), frame.y, groups=frame.patient)
    assert torch.equal(groups_of(table), groups_of(from_dataframe(frame, "y", groups="patient")))
    assert from_arrays(frame[["x"]].to_numpy(), frame.y).groups is None


def test_groups_that_cannot_be_are_named() -> None:
    frame = visits()
    with pytest.raises(DataError, match="has no column 'who' .column of groups."):
        from_dataframe(frame, "y", groups="who")
    with pytest.raises(DataError, match="'y' cannot be the target: it says which rows stay together"):
        from_dataframe(frame, "y", groups="y")
    with pytest.raises(DataError, match="'x' cannot be a feature"):
        from_dataframe(frame, "y", features=["x"], groups="x")
    with pytest.raises(DataError, match="groups must be the name of a column, got 3"):
        from_dataframe(frame, "y", groups=cast(Any, 3))
    with pytest.raises(ShapeError, match="groups has shape .3,., wanted"):
        from_arrays(frame[["x"]].to_numpy(), frame.y, groups=[1, 2, 3])
    frame.loc[4, "patient"] = None
    with pytest.raises(DataError, match="'patient' misses 1 value, in row 4"):
        from_dataframe(frame, "y", groups="patient")
    assert len(from_dataframe(frame, "y", groups="patient", drop="rows")) == len(frame) - 1
    with pytest.raises(DataError, match="all rows are of one 'patient'"):
        from_dataframe(visits(1), "y", groups="patient")
    with pytest.raises(DataError, match="'patient' cannot be dropped"):
        from_dataframe(visits(), "y", groups="patient", drop="patient")


def test_groups_are_as_they_are_written() -> None:
    frame = pd.DataFrame({"g": ["001", "1", "01", "1 "] * 4, "x": range(16), "y": np.sin(range(16))})
    assert groups_of(from_dataframe(frame, "y", groups="g")).tolist() == [0, 2, 1, 2] * 4


@pytest.mark.parametrize(("sizes", "held"), [([100, 2, 2, 1, 1, 1], 7), ([50, 50], 50), ([100, 7], 7), ([3] * 10, 6)])
def test_as_many_rows_are_held_out_as_whole_groups_come_near_to(sizes: list[int], held: int) -> None:
    group = np.arange(len(sizes)).repeat(sizes)
    table = from_arrays(np.random.default_rng(0).normal(size=(len(group), 1)), group * 1.0, groups=group)
    assert {len(split(table, 0.2, seed)[1]) for seed in range(6)} == {held}


@pytest.mark.parametrize(("groups", "classes"), [(25, 5), (10, 2), (6, 3)])
def test_groups_of_one_class_each_can_be_held_out(groups: int, classes: int) -> None:
    group = np.arange(groups).repeat(12)
    labels = [f"class {number % classes}" for number in group]
    table = from_arrays(np.random.default_rng(0).normal(size=(len(group), 2)), labels, groups=group)
    for seed in range(5):
        rest, held = split(table, 0.2, seed)
        assert len(held) and set(rest.y.tolist()) == {*range(classes)}


def test_copies_of_rows_stay_on_one_side_with_their_groups() -> None:
    x = np.random.default_rng(0).normal(size=(40, 1))
    X, group = np.concatenate([x, x[:4]]), np.concatenate([np.arange(40) // 2, [90, 90, 91, 91]])
    table = from_arrays(X, X[:, 0] ** 2, groups=group)
    for seed in range(8):
        rest, held = split(table, 0.3, seed)
        assert {*rest.X[:, 0].tolist()}.isdisjoint(held.X[:, 0].tolist())
