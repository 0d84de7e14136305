"""A new table -> the inputs of a trained model, by what the model remembers of the table it was fitted to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError, did_you_mean, few, shown
from edgewise.metadata import MISSING, OTHER, PARTS, Metadata

from .cell_grids import as_array, cells_of, columns_of, frame_grid, read_file
from .cells import read_levels, read_numbers, read_times
from .dates import date_inputs, read_zoned
from .faults import ROWS, Fault, date_faults, level_faults, missing_faults, number_faults, usable_rows
from .frames import as_frame, is_frame
from .kinds import names_nothing
from .made import codes_of
from .reader import Grid
from .zones import strange_zones

# n rows, d inputs

SINGLE = float(np.finfo(np.float32).eps)  # rounding to float32 on the way takes no row out of a range


@dataclass(frozen=True, repr=False)
class EncodedRows:
    """EncodedRows of a new table as inputs of a model.

    Attributes:
        X (n, d): the inputs, float64.
        kept: positions of these rows in the grid.
        outside (n,): which of them lie outside the training ranges.
        notes: sentences on what was ignored, left out or guessed.
        stand_ins: those of them on cells that are like none of the training table.
        grid: the table as it was read.
    """

    X: Tensor
    kept: tuple[int, ...]
    outside: Tensor
    notes: tuple[str, ...]
    grid: Grid
    stand_ins: tuple[str, ...] = ()

    def __repr__(self) -> str:
        outside = f"{int(self.outside.sum())} outside the ranges"
        return f"EncodedRows({len(self.kept)} of {len(self.grid.lines)} rows, {outside})"


def raw_columns(metadata: Metadata) -> tuple[str, ...]:
    """The columns of the original table that a model reads, in the order of its inputs.

    >>> raw_columns(Metadata(inputs=("x", "c=a", "c=b"), categories={"c": ("a", "b")}))
    ('x', 'c')
    """
    return tuple(dict.fromkeys(metadata.sources()))


def encode(
    data: Any, metadata: Metadata, *, drop: str | Sequence[str] = (), used: Collection[int] | None = None
) -> EncodedRows:
    """The rows of a file, DataFrame, mapping of columns, array or grid as a model's inputs, in the model's order.

    Args:
        data: rows with named columns, in any order; an array has all columns of the original table, in its order.
        metadata: what the model remembers of the table it was fitted to.
        drop: "rows" leaves out rows with missing or unusable cells.
        used: positions of the inputs that the model still uses, all by default. Columns for the others may be missing;
            these inputs are zero. Without names in `metadata` every column is used.

    Returns:
        `EncodedRows`. Where a number is missing its median stands in; a missing or unknown level counts as the mean of
        the levels, unless the training table had such cells. Its notes tell of that, of columns without use and of rows
        outside the training ranges.

    Raises:
        DataError: one error for all missing columns and unusable cells; for missing cells and unknown levels as well,
            where the model is of a time that knew nothing to put in their place.
        ShapeError: columns of unequal length, or an array of another width.

    >>> encode({"b": [1.0], "a": [5.0]}, Metadata(inputs=("a", "b"), ranges=((0, 1), (0, 1)))).X
    tensor([[5., 1.]], dtype=torch.float64)
    """
    drop_rows = ROWS in ([drop] if isinstance(drop, str) else drop)
    grid = _grid(data, raw_columns(metadata), drop_rows)
    inputs = metadata.inputs or grid.names
    positions = used if metadata.inputs and used is not None else range(len(inputs))
    sources = metadata.sources() or inputs
    wanted = tuple(dict.fromkeys(sources[position] for position in sorted(positions)))
    _check_columns(grid, wanted, {*wanted, *raw_columns(metadata)})
    extra = [name for name in grid.names if name not in wanted and name not in metadata.outputs]
    notes = [f"not used by the model: {', '.join(extra[:8])}{', ...' if len(extra) > 8 else ''}"] if extra else []
    columns, faults, stand_ins = _columns(grid, wanted, metadata, drop_rows)
    kept, left_out = usable_rows(grid, faults, drop_rows=drop_rows, new=True)
    if not len(kept):
        raise DataError(f"{grid.where} {'leaves no usable row' if len(grid.lines) else 'has no rows'}")
    idle = np.zeros(len(grid.lines))
    X = np.stack([columns.get(name, idle)[kept] for name in inputs], axis=1)
    outside, remark = beyond_ranges(X, metadata, positions)
    notes = [*grid.notes, *notes, *left_out, *stand_ins, *([remark] if remark else [])]
    return EncodedRows(
        torch.from_numpy(X), tuple(kept.tolist()), torch.from_numpy(outside), tuple(notes), grid, tuple(stand_ins)
    )


def _check_columns(grid: Grid, wanted: Sequence[str], known: Collection[str]) -> None:
    """Raise `DataError` for wanted columns that the grid lacks; columns that the model knows are no misspelt ones."""
    missing = [name for name in wanted if name not in grid.names]
    if not missing:
        return
    spare = [name for name in grid.names if name not in known]
    guesses = [did_you_mean(name, spare) for name in missing]
    near = [
        f"{shown(name)}" + (f" ({guess})" if guess.startswith("did") else "")
        for name, guess in zip(missing, guesses, strict=True)
    ]
    more = f" and {len(near) - 8} more" if len(near) > 8 else ""
    header = "" if grid.header else "; its first line is no header"
    raise DataError(
        f"{grid.where} lacks {'columns' if len(near) > 1 else 'the column'} {', '.join(near[:8])}{more} that the"
        f" model needs{header}"
    )


def _columns(
    grid: Grid, wanted: Sequence[str], metadata: Metadata, drop_rows: bool
) -> tuple[dict[str, np.ndarray], list[Fault], list[str]]:
    """The values (n,) of each input from the wanted columns, their faults, and notes on what stands in for cells. With
    `drop_rows` such cells are faults."""
    cells, known = dict(zip(grid.names, grid.columns, strict=True)), metadata.encoding
    ranges = zip(metadata.inputs, metadata.ranges, strict=bool(metadata.ranges))
    no_truths = {name for name, (low, high) in ranges if low < 0 or high > 1}
    columns: dict[str, np.ndarray] = {}
    faults: list[Fault] = []
    notes: list[str] = []
    for name in wanted:
        if name in metadata.categories:
            levels, gaps = read_levels(cells[name], grid.decimal, metadata.named_levels(name))
            missing, strange, told = _placed(name, levels, gaps, metadata)
            if drop_rows or name not in known.shares:
                faults += missing_faults(grid, name, gaps if drop_rows else missing)
                faults += level_faults(grid, name, strange, levels, metadata.categories[name])
            else:
                notes += told
            columns |= indicators(name, levels, metadata)
            continue
        if name in known.dates:
            found, faulty, told = _dates(grid, name, cells[name], metadata, drop_rows)
            columns, faults, notes = columns | found, faults + faulty, notes + told
            continue
        times = read_times(cells[name], known.times[name]) if name in known.times else None
        reading = times or read_numbers(cells[name], grid.decimal, new=name not in no_truths)
        filled = not drop_rows and (name in known.fills or name in known.gaps)
        counted = replace(reading, missing=[]) if filled else reading
        faults += number_faults(grid, name, counted, cells[name], new=True)
        gaps = np.zeros(len(reading.values), dtype=bool)
        gaps[reading.missing] = True
        columns[name] = np.where(gaps, known.fills.get(name, np.nan), reading.values)
        if name in known.gaps:
            columns[f"{name}={MISSING}"] = gaps.astype(np.float64)
        elif reading.missing and filled:
            notes.append(
                f"column {shown(name)} misses {len(reading.missing)} of {len(gaps)} values, which it never did in"
                " training: its median stands in"
            )
    return columns, faults, notes


def _dates(
    grid: Grid, name: str, cells: Any, metadata: Metadata, drop_rows: bool
) -> tuple[dict[str, np.ndarray], list[Fault], list[str]]:
    """The inputs (n,) of a column of dates, its faults, and notes on what stands in."""
    known = metadata.encoding
    zones = known.zones.get(name, ())
    moments, other, found = read_zoned(cells, known.slashes.get(name, ""), zones[0] if len(zones) == 1 else "")
    gaps = np.isnat(moments)
    gaps[other] = False
    missing, faults, notes = (
        np.flatnonzero(gaps).tolist(),
        date_faults(grid, name, other, cells),
        strange_zones(name, found, zones),
    )
    if drop_rows:
        faults += missing_faults(grid, name, missing)
    elif missing and name not in known.gaps:
        notes.append(
            f"column {shown(name)} misses {len(missing)} of {len(gaps)} dates, which it never did in training: a usual"
            " one stands in"
        )
    columns = date_inputs(name, moments, known.dates[name])
    unseen = np.zeros(len(gaps), dtype=bool)  # weekdays of which training had none
    for key in [key for key in columns if key not in metadata.inputs]:
        unseen |= columns.pop(key) == 1
    weekdays = {f"{name}={day}" for day in PARTS["weekday"]}
    for key, values in columns.items():
        stand_in = np.isnan(values) | (unseen & (key in weekdays))
        columns[key] = np.where(stand_in, known.fills.get(key, 0.0), values)
    if name in known.gaps:
        columns[f"{name}={MISSING}"] = gaps.astype(np.float64)
    return columns, faults, notes


def _placed(
    name: str, levels: list[str], gaps: Sequence[int], metadata: Metadata
) -> tuple[list[int], list[int], list[str]]:
    """Put rows without a level of the model where they belong, in `levels` itself. Gives the rows that miss one and for
    which the model has no level, those of unknown levels, and notes on both."""
    known, notes = metadata.categories[name], []
    missing = [] if MISSING in known else list(gaps)
    for row in gaps:
        levels[row] = MISSING if MISSING in known else ""
    named = {*known, *metadata.encoding.merged.get(name, ()), ""}
    strange = [row for row, level in enumerate(levels) if level not in named and not names_nothing(known)]
    if missing:
        notes.append(
            f"column {shown(name)} misses {len(missing)} of {len(levels)} values, which it never did in training:"
            " the mean of its levels stands in"
        )
    if strange:
        what = few([*map(shown, dict.fromkeys(levels[row] for row in strange))])
        place = f"they count as {shown(OTHER)}" if OTHER in known else "the mean of its levels stands in"
        notes.append(
            f"column {shown(name)} has levels that the model does not know ({what}, in {len(strange)}"
            f" row{'s' if len(strange) > 1 else ''}): {place}"
        )
    return missing, strange, notes


def indicators(name: str, levels: Sequence[str], metadata: Metadata) -> dict[str, np.ndarray]:
    """The inputs (n,) of the levels of a column. Rows of unknown levels are "other" where there is such a level, else
    they have the shares of all."""
    known = metadata.categories[name]
    codes = codes_of(levels, known)
    shares = metadata.encoding.shares.get(name, (0.0,) * len(known))
    stand_in = [float(level == OTHER) for level in known] if OTHER in known else shares
    return {
        f"{name}={level}": np.where(codes < 0, share, codes == place)
        for place, (level, share) in enumerate(zip(known, stand_in, strict=True))
    }


def beyond_ranges(
    X: np.ndarray, metadata: Metadata, used: Iterable[int], margin: float = 0.0
) -> tuple[np.ndarray, str]:
    """Which rows leave the training ranges by more than rounding, and a sentence on it.

    Args:
        X (n, d): the inputs of a model.
        metadata: its ranges; without them no row leaves any.
        used: positions of the inputs that count.
        margin: the part of a range by which a row may leave it.

    Returns:
        (n,) booleans, and the sentence: empty where no row leaves a range.
    """
    columns = sorted(used)
    if len(metadata.ranges) != X.shape[1] or not columns:
        return np.zeros(len(X), dtype=bool), ""
    low, high = np.array(metadata.ranges, dtype=np.float64)[columns].T
    values = X[:, columns]
    with np.errstate(over="ignore"):  # a range or an end that overflows lets every row pass there
        slack = SINGLE * np.maximum(np.abs(low), np.abs(high)) + margin * (high - low)
        beyond = (values < low - slack) | (values > high + slack)
    rows = beyond.any(axis=1)
    if not rows.any():
        return rows, ""
    names = metadata.inputs or tuple(f"x{index + 1}" for index in range(X.shape[1]))
    worst = [
        f"{shown(names[column])} (trained on {low[place]:.6g} to {high[place]:.6g}, here {values[:, place].min():.6g}"
        f" to {values[:, place].max():.6g})"
        for place, column in enumerate(columns)
        if beyond[:, place].any()
    ]
    more = f" and {len(worst) - 4} more" if len(worst) > 4 else ""
    return rows, (
        f"{rows.sum()} of {len(X)} rows lie outside the training range, where the model extrapolates:"
        f" {', '.join(worst[:4])}{more}"
    )


def _grid(data: Any, wanted: Sequence[str], drop_rows: bool) -> Grid:
    if isinstance(data, Grid):
        return data
    if isinstance(data, (str, Path)):
        return read_file(data, named=wanted, drop_rows=drop_rows, empty_rows=True)
    if isinstance(data, Mapping):
        columns = {str(name): cells_of(column) for name, column in data.items()}
        single = [name for name, column in columns.items() if not isinstance(column, list) and np.ndim(column) != 1]
        if single:
            raise ShapeError(f"X as a dict holds a list of values per column; that of {few(single)} is no such list")
        lengths = {name: len(column) for name, column in columns.items()}
        if not lengths or len(set(lengths.values())) > 1:
            raise ShapeError(f"the columns must have one length, got {shown(lengths)}")
        return Grid(tuple(columns), tuple(columns.values()), range(next(iter(lengths.values()))), "the table", "row")
    if is_frame(data := as_frame(data)):
        return frame_grid(data)
    values = as_array(data, "X")
    if values.ndim != 2 or (wanted and values.shape[1] != len(wanted)):
        raise ShapeError(f"the array has shape {values.shape}, wanted (rows, {len(wanted) or 'inputs'}): {few(wanted)}")
    names = wanted or tuple(f"x{index + 1}" for index in range(values.shape[1]))
    return Grid(
        tuple(names),
        tuple(columns_of(values)),
        range(len(values)),
        "the array",
        "row",
    )
