"""Frames of every library, and files of both kinds, become the same grid; without their packages a message says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.data import from_arrays, from_dataframe, read_csv
from edgewise.data.frames import as_frame
from edgewise.errors import DataError, MissingExtra

pd = pytest.importorskip("pandas", reason="pandas is an optional package")

COLUMNS: dict[str, list[Any]] = {
    "x": [1.0, None, 3.0, 4.0, 5.0],
    "n": [1, 2, 3, 4, 9],
    "c": ["a", "b", None, "a", "b"],
    "on": [True, False, True, True, False],
    "day": ["2020-01-01", "2020-06-01", "2020-03-01", "2020-02-01", "2020-12-01"],
    "y": [1.0, 2.0, 3.0, 5.0, 4.0],
}


class Lazy:
    """What narwhals would call a frame of another library."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def collect_schema(self) -> None: ...


def test_frames_of_other_libraries_come_through_narwhals(monkeypatch: pytest.MonkeyPatch):
    narwhals = pytest.importorskip("narwhals", reason="narwhals is an optional package")
    own, frame = narwhals.from_native, pd.DataFrame(COLUMNS)
    monkeypatch.setattr(narwhals, "from_native", lambda data, **how: own(data.frame, **how).lazy())
    assert isinstance(as_frame(Lazy(frame)), narwhals.DataFrame)
    one, other = from_dataframe(Lazy(frame), "y"), from_dataframe(frame, "y")
    assert one.inputs == other.inputs and torch.equal(one.X, other.X) and one.encoding == other.encoding
    assert torch.equal(from_arrays(Lazy(frame.drop(columns="y")), COLUMNS["y"]).X, other.X)


def test_without_narwhals_its_name_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(MissingExtra, match=r"'narwhals'.*pip install 'edgewise\[frames\]'"):
        from_dataframe(Lazy(None), "y")


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_libraries_give_the_same_table(library: str):
    package = pytest.importorskip(library, reason=f"{library} is an optional package")
    want = from_dataframe(pd.DataFrame(COLUMNS), "y")
    frame = package.DataFrame(COLUMNS) if library == "polars" else package.table(COLUMNS)
    frames = [frame, frame.lazy()] if library == "polars" else [frame]
    for given in frames:
        got = from_dataframe(given, "y")
        assert got.inputs == want.inputs and torch.equal(got.X, want.X) and got.encoding == want.encoding
        model = ew.KAN((len(got.inputs), 1)).build(metadata=got.metadata())
        assert np.array_equal(model.predict(given), model.predict(pd.DataFrame(COLUMNS)))


def test_parquet_files_are_tables(tmp_path: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is an optional package")
    path = tmp_path / "rows.parquet"
    pd.DataFrame(COLUMNS).to_parquet(path)
    assert torch.equal(read_csv(path, "y").X, from_dataframe(pd.DataFrame(COLUMNS), "y").X)
    path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(DataError, match="rows.parquet is a Parquet file that cannot be read"):
        read_csv(path, "y")


def test_without_pyarrow_its_name_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1" + bytes(90))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"is a Parquet file; .*'pyarrow'.*pip install 'edgewise\[frames\]'"):
        read_csv(path, "y")


@pytest.mark.parametrize("kinds", [["4", "6", "8", "rotary"], [4, 6, 8]])
def test_a_column_that_is_categorical_by_its_kind_holds_levels(kinds: list[Any]):
    """Also where nearly all of its texts are numbers, which would otherwise be a fault, and where all values are."""
    values = [kinds[row % 3] for row in range(23)] + [kinds[-1]]
    frame = pd.DataFrame({"cylinders": pd.Series(values, dtype="category"), "y": np.arange(24.0)})
    table = ew.from_dataframe(frame, target="y")
    assert table.categories == {"cylinders": tuple(map(str, kinds))}
    if "rotary" in kinds:
        with pytest.raises(DataError, match=r"'rotary'.*astype\('category'\) does"):
            ew.from_dataframe(frame.astype({"cylinders": str}), target="y")
