"""Files, frames and arrays -> a grid of cells: numeric columns as they are, everything else as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError, clipped, shown

from .convert import unmasked
from .frames import as_frame, frame_columns, is_categorical, is_frame, is_missing, unique_names
from .parquet_files import read_parquet
from .reader import Grid, read_grid
from .text import PARQUET, starts_with
from .zones import UTC, zone_of

HOUR = np.timedelta64(1, "h")


def read_file(
    path: str | Path, *, named: Sequence[str] = (), drop_rows: bool = False, empty_rows: bool = False
) -> Grid:
    """The cells of a table file: of text, as `read_grid` reads it, or of Parquet.

    Args:
        path: the file.
        named: columns that the caller will ask for.
        drop_rows: whether to leave out rows with too few or too many fields.
        empty_rows: whether rows of text stay whose cells are all empty; those of Parquet do in any case.

    Raises:
        DataError: whatever is no table; Parquet, where pandas or pyarrow is not installed.
    """
    if not starts_with(path, PARQUET):
        return read_grid(path, named=named, drop_rows=drop_rows, empty_rows=empty_rows)
    stored = read_parquet(path)
    grid = _grid(stored.names, stored.columns, len(stored.table), str(path))
    return replace(grid, notes=(*stored.notes, *grid.notes), stored=stored)


def frame_grid(frame: Any, where: str = "the frame") -> Grid:
    """A DataFrame as a grid: numeric and boolean columns as they are, everything else as text."""
    frame = as_frame(frame)
    if not is_frame(frame):
        raise DataError(f"wanted a DataFrame, got {type(frame).__name__}; for arrays use edgewise.from_arrays")
    return _grid(*frame_columns(frame), len(frame), where)


def _grid(names: Sequence[str], columns: Sequence[Any], rows: int, where: str) -> Grid:
    """Columns of a frame as a grid. Raises `DataError` where there are no rows."""
    clear = unique_names(names)
    notes = tuple(
        f"the name {shown(name)} occurs twice: column {place} is called {shown(again)}"
        for place, (name, again) in enumerate(zip(names, clear, strict=True), start=1)
        if again != name
    )
    if not rows:
        raise DataError(f"{where} has no rows")
    cells = tuple(cells_of(column) for column in columns)
    return Grid(clear, cells, range(rows), where, "row", notes, levels=_levels(clear, columns))


def grid_of(X: Any, names: Sequence[str]) -> Grid:
    """A DataFrame, an array or nested lists as a grid, its columns called by these names."""
    if not is_frame(X):
        return Grid(tuple(names), tuple(columns_of(as_array(X, "X"))), range(len(X)), "X", "row")
    columns = frame_columns(X)[1]
    cells = tuple(map(cells_of, columns))
    return Grid(tuple(names), cells, range(len(X)), "X", "row", levels=_levels(names, columns))


def _levels(names: Sequence[str], columns: Sequence[Any]) -> frozenset[str]:
    """The names of columns that are categorical by their kind."""
    return frozenset(name for name, column in zip(names, columns, strict=True) if is_categorical(column))


def as_array(data: Any, what: str) -> np.ndarray:
    """An array of whatever holds values. Raises `ShapeError` where numpy makes none of it."""
    try:
        if isinstance(data, Tensor):
            data = data.detach().cpu().to(torch.float64 if data.is_floating_point() else data.dtype)
        return np.asarray(unmasked(data))
    except Exception as error:  # of numpy or torch, or of the value's own methods
        raise ShapeError(
            f"{what} cannot be made into an array: {clipped(error)}. Do all rows have the same length?"
        ) from error


def columns_of(values: np.ndarray) -> list[Any]:
    """The cells of every column of an array."""
    return [cells_of(values[:, index]) for index in range(values.shape[1])]


def cells_of(column: Any) -> Any:
    """A numeric or boolean array, lengths of time as hours, or the list of text cells of anything else; missing values
    become empty cells. Moments in a zone that has a name carry it, as `zones.py` says."""
    values = as_array(column, "a column")
    if values.dtype.kind == "m" and values.ndim:  # lengths of time
        return values / HOUR
    if values.dtype.kind in "fiub" or values.ndim == 0:
        return values
    if values.dtype.kind == "M":
        zone = f"{UTC}[{zone_of(column)}]" if zone_of(column) else ""  # in numpy, moments in a zone are in UTC
        return [f"{cell}{zone}" if cell != "NaT" else "" for cell in values.astype(str).tolist()]
    cells = []
    for value in values.tolist():
        try:
            cells.append("" if is_missing(value) else _text(value))
        except Exception as error:  # of the value's own method, or a number of more digits than Python writes
            raise DataError(
                f"row {len(cells)} holds {shown(value)}, which cannot be written: {clipped(error)}"
            ) from error
    return cells


def _text(value: Any) -> str:
    """A value as it is written in a cell."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (float, complex)):
        return repr(value)
    zone = zone_of(value)
    return f"{value}[{zone}]" if zone else str(value)
