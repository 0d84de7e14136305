"""Columns of levels: which they are, the rows of each level, and tables whose levels cannot be searched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.discovery.levels.level_rows import LevelRows, by_levels, level_of_rows
from edgewise.discovery.tables.split_rows import Given, as_given
from edgewise.errors import DataError

pandas = pytest.importorskip("pandas")

N = 60
NUMBERS = {"x": np.linspace(1, 2, N), "y": np.linspace(3, 5, N)}
METALS = ["iron", "gold", "iron"] * (N // 3)


def split(**columns: Any) -> LevelRows | Given:
    return by_levels(as_given(pandas.DataFrame(NUMBERS | columns), None, None, "y"))


@pytest.mark.parametrize(
    "column, levels",
    [
        (METALS, {"gold": 20, "iron": 40}),
        (np.array(METALS) == "iron", {"false": 20, "true": 40}),
        (pandas.Series(METALS, dtype="category"), {"gold": 20, "iron": 40}),
        (pandas.Series([8, 9, 8] * (N // 3), dtype="category"), {"8": 40, "9": 20}),
        (pandas.Series([True, False, True] * (N // 3), dtype="boolean"), {"false": 20, "true": 40}),
        (["yes", "no", "yes"] * (N // 3), {"no": 20, "yes": 40}),
    ],
)
def test_text_categories_and_truth_values_are_levels(column, levels):
    found = split(kind=column)
    assert isinstance(found, LevelRows) and found.columns == ("kind",) and found.names == ("x",)
    assert {level.lower(): len(rows) for level, rows in found.levels.items()} == levels
    assert torch.equal(torch.cat([*found.levels.values()]).sort().values, torch.arange(N))


def test_each_level_gets_its_own_rows():
    found = split(metal=METALS)
    assert isinstance(found, LevelRows)
    task = found.tasks(0, None)["gold"]
    seen = torch.cat([task.fitting.y, task.choosing.y, task.judging.y]).sort().values
    assert torch.equal(seen, torch.as_tensor(NUMBERS["y"][1::3]))


def test_several_columns_have_their_combinations():
    metal = ["iron"] * 40 + ["gold"] * 20
    found = split(metal=metal, wet=["yes"] * 20 + ["no"] * 40, site=["here"] * N)
    assert isinstance(found, LevelRows) and found.columns == ("metal", "wet")  # a single level says nothing
    assert found.column == "metal & wet" and [*found.levels] == ["gold & no", "iron & no", "iron & yes"]
    assert found.levels["iron & no"].tolist() == list(range(20, 40))


def test_one_level_alone_is_left_out():
    found = split(metal=["iron"] * N)
    assert isinstance(found, Given) and found.names == ["x"]
    result = ew.discover(pandas.DataFrame({"x": NUMBERS["x"], "m": ["iron"] * N, "y": 2 * NUMBERS["x"]}), target="y")
    assert str(result.best) == "2*x" and len(result.front) > 0


def test_numbers_are_no_levels():
    given = as_given(pandas.DataFrame(NUMBERS | {"n": [1, 2] * 30}), None, None, "y")
    assert by_levels(given) is given
    array = as_given(torch.ones(30, 2, dtype=torch.bool), torch.ones(30), None, None)
    assert by_levels(array) is array


@pytest.mark.parametrize(
    "columns, words",
    [
        ({"metal": ["tin"] * 7 + METALS[7:]}, ["'tin' has 7 rows", "'metal'", "inputs="]),
        ({"metal": [None, *METALS[1:-1], ""]}, ["'metal' misses its level in row 0, 59"]),
        ({"metal": [f"m{n}" for n in range(N)]}, ["'metal' has 60 levels", "12 at most", "inputs="]),
        ({"a": METALS, "b": ["u", "v"] * 30}, ["'a', 'b'", "has 10 rows"]),
        ({"a": ["q & r", "q"] * 30, "b": ["s", "r & s"] * 30}, ["written alike"]),
        ({"flag": [True] * 57 + [False] * 3}, ["'false' has 3 rows", "astype(float)"]),
        ({"x": METALS}, ["all columns hold levels (x)"]),
        ({"when": ["2020-01-02"] * N}, ["column 'when'", "text"]),
    ],
)
def test_levels_that_cannot_be_searched_are_told(columns, words):
    with pytest.raises(DataError) as told:
        ew.discover(pandas.DataFrame(NUMBERS | columns), target="y", progress=False)
    assert all(word in str(told.value) for word in words), told.value


def test_columns_of_levels_can_be_left_out():
    frame = pandas.DataFrame({"x": NUMBERS["x"], "id": [f"m{n}" for n in range(N)], "y": 2 * NUMBERS["x"]})
    assert str(ew.discover(frame, target="y", inputs=["x"], progress=False).best) == "2*x"


def test_frames_of_polars_have_levels_too():
    polars = pytest.importorskip("polars")
    found = by_levels(as_given(polars.DataFrame(NUMBERS | {"metal": METALS}), None, None, "y"))
    assert isinstance(found, LevelRows) and [*found.levels] == ["gold", "iron"]


def test_codes_stay_apart_and_new_rows_are_read_as_they_were():
    codes = ["007", "7", "A1"] * (N // 3)
    found = split(kind=pandas.Categorical(codes), wet=pandas.Series([1.5, 2.0, 3.0] * (N // 3), dtype="category"))
    assert isinstance(found, LevelRows) and [*found.levels] == ["007 & 1.5", "7 & 2", "A1 & 3"]
    new = {"kind": ["007", "7.0"], "wet": ["1.50", "2"], "x": [1.0, 2.0]}
    assert level_of_rows(new, ("kind", "wet"), ("x",), found.levels)[0] == ["007 & 1.5", "7 & 2"]
