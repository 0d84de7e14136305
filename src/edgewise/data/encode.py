"""A new table -> the inputs of a trained model, by what the model remembers of the table it was fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError, did_you_mean
from edgewise.metadata import Metadata

from .cells import read_levels, read_numbers
from .convert import is_frame
from .faults import Faults
from .reader import Grid, read_grid
from .table import _cells, frame_grid

# n rows, d inputs


@dataclass(frozen=True)
class Rows:
    """X (n, d) float64 for a model, the grid it came from, which of its rows were kept, and which lie outside the
    training ranges (n,)."""

    X: Tensor
    kept: tuple[int, ...]
    outside: Tensor
    notes: tuple[str, ...]
    grid: Grid


def raw_columns(metadata: Metadata) -> tuple[str, ...]:
    """The columns of the original table that a model reads, in the order of its inputs.

    >>> raw_columns(Metadata(inputs=("x", "c=a", "c=b"), categories={"c": ("a", "b")}))
    ('x', 'c')
    """
    column_of = {f"{column}={level}": column for column, levels in metadata.categories.items() for level in levels}
    return tuple(dict.fromkeys(column_of.get(name, name) for name in metadata.inputs))


def encode(data: Any, metadata: Metadata, *, drop: str | Sequence[str] = ()) -> Rows:
    """The rows of a file, DataFrame, mapping of columns, array or grid as a model's inputs, in the model's order.

    Columns the model does not know are ignored with a note; rows outside the training ranges are marked and noted.
    `drop="rows"` leaves out rows with missing or unusable cells. Raises one `DataError` for missing columns, unusable
    cells and levels that the model has never seen.

    >>> encode({"b": [1.0], "a": [5.0]}, Metadata(inputs=("a", "b"), ranges=((0, 1), (0, 1)))).X
    tensor([[5., 1.]], dtype=torch.float64)
    """
    wanted = raw_columns(metadata)
    drop_rows = "rows" in ([drop] if isinstance(drop, str) else drop)
    grid = _grid(data, wanted, drop_rows)
    wanted = wanted or grid.names
    cells = dict(zip(grid.names, grid.columns, strict=True))
    missing = [name for name in wanted if name not in cells]
    if missing:
        spare = [name for name in grid.names if name not in wanted]
        guesses = [did_you_mean(name, spare) for name in missing]
        near = [
            f"{name!r}" + (f" ({guess})" if guess.startswith("did") else "")
            for name, guess in zip(missing, guesses, strict=True)
        ]
        more = f" and {len(near) - 8} more" if len(near) > 8 else ""
        header = "" if grid.header else "; its first line is no header"
        raise DataError(
            f"{grid.where} lacks {'columns' if len(near) > 1 else 'the column'} {', '.join(near[:8])}{more} that the"
            f" model needs{header}"
        )
    notes = list(grid.notes)
    extra = [name for name in grid.names if name not in wanted and name not in metadata.outputs]
    if extra:
        notes.append(f"not used by the model: {', '.join(extra[:8])}{', ...' if len(extra) > 8 else ''}")
    faults = Faults(grid, drop_rows, new=True)
    columns: dict[str, np.ndarray] = {}
    for name in wanted:
        if name in metadata.categories:
            levels, gaps = read_levels(cells[name], grid.decimal)
            known = metadata.categories[name]
            strange = [row for row, level in enumerate(levels) if level and level not in known]
            faults.add_missing(name, gaps)
            faults.add_strange(name, strange, levels, known)
            codes = np.array(levels)
            columns |= {f"{name}={level}": (codes == level).astype(np.float64) for level in known}
            continue
        reading = read_numbers(cells[name], grid.decimal)
        faults.add_reading(name, reading, cells[name])
        columns[name] = reading.values
    kept = faults.settle(notes)
    if not len(kept):
        raise DataError(f"{grid.where} leaves no usable row")
    X = np.stack([columns[name][kept] for name in metadata.inputs or wanted], axis=1)
    outside = _outside(X, metadata, wanted, notes)
    return Rows(torch.from_numpy(X), tuple(kept.tolist()), torch.from_numpy(outside), tuple(notes), grid)


def _outside(X: np.ndarray, metadata: Metadata, wanted: Sequence[str], notes: list[str]) -> np.ndarray:
    """Which rows lie outside the ranges the model was trained on, by more than round-off; says so in a note."""
    if not metadata.ranges:
        return np.zeros(len(X), dtype=bool)
    low, high = np.array(metadata.ranges, dtype=np.float64).T
    slack = 1e-9 * (high - low)
    beyond = (X < low - slack) | (X > high + slack)
    rows = beyond.any(axis=1)
    if rows.any():
        worst = [
            f"{name!r} (trained on {low[index]:.6g} to {high[index]:.6g}, here {X[:, index].min():.6g} to"
            f" {X[:, index].max():.6g})"
            for index, name in enumerate(metadata.inputs or wanted)
            if beyond[:, index].any()
        ]
        more = f" and {len(worst) - 4} more" if len(worst) > 4 else ""
        notes.append(
            f"{rows.sum()} of {len(X)} rows lie outside the training range, where the model extrapolates:"
            f" {', '.join(worst[:4])}{more}"
        )
    return rows


def _grid(data: Any, wanted: Sequence[str], drop_rows: bool) -> Grid:
    if isinstance(data, Grid):
        return data
    if isinstance(data, (str, Path)):
        return read_grid(data, named=wanted, drop_rows=drop_rows)
    if isinstance(data, Mapping):
        columns = {str(name): _cells(column) for name, column in data.items()}
        lengths = {name: len(column) for name, column in columns.items()}
        if not lengths or len(set(lengths.values())) > 1:
            raise ShapeError(f"the columns must have one length, got {lengths}")
        return Grid(tuple(columns), tuple(columns.values()), range(next(iter(lengths.values()))), "the table", "row")
    if is_frame(data):
        return frame_grid(data)
    values = data.detach().cpu().numpy() if isinstance(data, Tensor) else np.asarray(data)
    if values.ndim != 2 or (wanted and values.shape[1] != len(wanted)):
        raise ShapeError(
            f"the array has shape {values.shape}, wanted (rows, {len(wanted) or 'inputs'}): {', '.join(wanted)}"
        )
    names = wanted or tuple(f"x{index + 1}" for index in range(values.shape[1]))
    return Grid(
        tuple(names),
        tuple(_cells(values[:, index]) for index in range(values.shape[1])),
        range(len(values)),
        "the array",
        "row",
    )
