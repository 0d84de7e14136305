"""Columns of Parquet files are read as numbers and levels, and written out as they are stored."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgewise.data import read_csv, read_file
from edgewise.data.parquet_files import read_parquet
from edgewise.errors import DataError

pd = pytest.importorskip("pandas", reason="pandas is an optional package")
pa = pytest.importorskip("pyarrow", reason="pyarrow is an optional package")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an optional package")

BEYOND = 2**53 + 1  # the first whole number that no float64 holds
MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5)


def _columns() -> dict[str, tuple[Any, list[str]]]:
    """Columns of pandas with two rows, and their cells as they are to be written."""
    return {
        "key": (pd.array([BEYOND, None], dtype="Int64"), [str(BEYOND), ""]),
        "small": (pd.array([None, 1], dtype="Int8"), ["", "1"]),
        "unsigned": (np.array([2**64 - 1, 0], dtype="uint64"), [str(2**64 - 1), "0"]),
        "whole": (np.array([BEYOND, -BEYOND]), [str(BEYOND), str(-BEYOND)]),
        "single": (np.array([0.1, np.nan], dtype="float32"), ["0.1", ""]),
        "double": (np.array([0.1, 1e300]), ["0.1", "1e+300"]),
        "known": (pd.array([True, None], dtype="boolean"), ["True", ""]),
        "text": (["NA", None], ["NA", ""]),
        "level": (pd.Categorical([3, None]), ["3", ""]),
        "price": ([Decimal("1.10"), None], ["1.10", ""]),
        "list": ([[*range(1500)], None], [str([*range(1500)]), ""]),
        "when": ([MOMENT, None], ["2020-01-02 03:04:05", ""]),
        "there": (pd.DatetimeIndex([MOMENT, None], tz="UTC"), ["2020-01-02 03:04:05+00:00", ""]),
        "day": ([MOMENT.date(), None], ["2020-01-02", ""]),
        "length": (pd.TimedeltaIndex(["90min", None]), ["0 days 01:30:00", ""]),
        "month": (pd.PeriodIndex(["2020-01", None], freq="M"), ["2020-01", ""]),
        "span": (pd.arrays.IntervalArray.from_breaks([0, 1, 2]), ["(0, 1]", "(1, 2]"]),
    }


@pytest.mark.parametrize("name", _columns())
def test_cells_are_written_as_they_are_stored(name: str, tmp_path: Path) -> None:
    column, want = _columns()[name]
    pd.DataFrame({name: column}).to_parquet(tmp_path / "rows.parquet")
    assert read_parquet(tmp_path / "rows.parquet").texts() == [want]


@pytest.mark.parametrize(
    ("column", "want"),
    [
        (pa.array([BEYOND, None]), [str(BEYOND), ""]),
        (pa.array([BEYOND, None]).dictionary_encode(), [str(BEYOND), ""]),
        (pa.array([300_000_000_000_000_000, None], pa.timestamp("us")), ["11476-08-15 05:20:00.000000", ""]),
        (pa.array([{"a": 1, "b": "x"}, None]), ["{'a': 1, 'b': 'x'}", ""]),
        (pa.nulls(2), ["", ""]),
    ],
)
def test_so_are_those_of_files_that_pandas_did_not_write(column: Any, want: list[str], tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": column}), tmp_path / "rows.parquet")
    assert read_parquet(tmp_path / "rows.parquet").texts() == [want]


def test_numbers_are_read_as_before(tmp_path: Path) -> None:
    frame = pd.DataFrame({name: column for name, (column, _) in _columns().items()})
    frame.to_parquet(tmp_path / "rows.parquet")
    grid = read_file(tmp_path / "rows.parquet")
    cells = dict(zip(grid.names, grid.columns, strict=True))
    assert np.array_equal(np.array(cells["length"], dtype=float), [1.5, np.nan], equal_nan=True)
    assert cells["single"].dtype == np.float32 and cells["whole"].dtype == np.int64
    assert not grid.notes


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1.0]})[:0].to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="rows.parquet has no rows"):
        read_file(tmp_path / "rows.parquet")


INDEXES = {
    "text": (lambda: pd.Index(["u", "v"], name="group"), {"group": ["u", "v"]}),
    "gaps": (lambda: pd.Index(pd.array([BEYOND, None], dtype="Int64"), name="key"), {"key": [str(BEYOND), ""]}),
    "dates": (lambda: pd.DatetimeIndex([MOMENT] * 2, name="t"), {"t": ["2020-01-02 03:04:05"] * 2}),
    "a count with a name": (lambda: pd.RangeIndex(5, 7, name="row"), {"row": ["5", "6"]}),
    "two levels": (
        lambda: pd.MultiIndex.from_arrays([["u", "v"], [1.5, np.nan]], names=["group", "k"]),
        {"group": ["u", "v"], "k": ["1.5", ""]},
    ),
    "the name of a column": (lambda: pd.Index(["u", "v"], name="a"), {"a.2": ["u", "v"]}),
    "no name": (lambda: pd.Index(["u", "v"]), {}),
    "one name of two": (lambda: pd.MultiIndex.from_arrays([["u", "v"], [1, 2]], names=[None, "k"]), {"k": ["1", "2"]}),
    "a count": (lambda: pd.RangeIndex(2), {}),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_levels_of_the_index_that_have_a_name_are_columns(kind: str, tmp_path: Path) -> None:
    index, want = INDEXES[kind]
    pd.DataFrame({"a": [1.0, 2.0], "b": [True, False]}, index=index()).to_parquet(tmp_path / "rows.parquet")
    grid = read_file(tmp_path / "rows.parquet")
    assert grid.stored is not None and grid.names == ("a", "b", *want)
    assert grid.stored.texts() == [["1.0", "2.0"], ["True", "False"], *want.values()]
    assert np.array_equal(grid.columns[0], [1.0, 2.0]) and all(len(cells) == 2 for cells in grid.columns)
    notes = {
        "the name of a column": ("the name 'a' occurs twice: column 3 is called 'a.2'",),
        "no name": ("the index has no name: left out",),
        "one name of two": ("a level of the index has no name: left out",),
    }
    assert grid.notes == notes.get(kind, ())


def test_an_index_is_an_input_as_a_column_is(tmp_path: Path) -> None:
    frame = pd.DataFrame({"group": ["u", "v"] * 10, "x": np.arange(20.0) ** 2, "y": np.arange(20.0)})
    frame.set_index("group").to_parquet(tmp_path / "index.parquet")
    frame[["x", "y", "group"]].to_parquet(tmp_path / "columns.parquet")
    one, other = (read_csv(tmp_path / f"{name}.parquet", "y") for name in ("index", "columns"))
    assert one.inputs == other.inputs == ("x", "group=u", "group=v") and torch.equal(one.X, other.X)


@pytest.mark.parametrize("rows", [[0, 1], [1]], ids=["all rows", "one row"])
@pytest.mark.parametrize("names", [["a", "new"], [0, 1], [("a", "b"), ("c", "d")]], ids=["text", "numbers", "pairs"])
@pytest.mark.parametrize("kind", INDEXES)
def test_a_file_with_new_columns_keeps_the_others(kind: str, names: list[Any], rows: list[int], tmp_path: Path) -> None:
    """Also where pandas could not read the new names beside those that are no text."""
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], index=INDEXES[kind][0]())
    frame.columns = pd.MultiIndex.from_tuples(names) if names[0] == ("a", "b") else names
    frame.to_parquet(tmp_path / "rows.parquet")
    table = read_parquet(tmp_path / "rows.parquet")
    more = table.extended(rows, ["new", "label"], [[0.5, 1.5][: len(rows)], ["x", "y"][: len(rows)]])
    (tmp_path / "more.parquet").write_bytes(more)
    found = read_parquet(tmp_path / "more.parquet").texts()
    kept = [[cells[row] for row in rows] for cells in table.texts()]
    new = [["0.5", "1.5"][: len(rows)], ["x", "y"][: len(rows)]]
    assert all(cells in found for cells in [*kept, *new])
    assert names[0] != "a" or {"new", "new.2"} < {*read_parquet(tmp_path / "more.parquet").names}
