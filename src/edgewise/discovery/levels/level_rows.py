"""Columns that hold levels, such as materials: which they are, and the rows of each level.

Letters: n rows, d columns of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data import as_matrix, as_target, frame_names
from ...data.cell_grids import as_array, cells_of
from ...data.cells import PLACES_SHOWN, read_levels, read_numbers, sort_levels
from ...data.dates import holds_dates
from ...data.frames import as_frame, frame_columns, frame_part, is_categorical, is_frame
from ...data.kinds import holds_levels
from ...errors import DataError, ShapeError, did_you_mean, few, shown
from ..tables.law_task import LawTask
from ..tables.split_rows import Given, names_of, task_of
from ..tables.tuning import TABLES
from .tuning import LEVELS

BETWEEN = " & "  # the levels of several columns
LEAVE_OUT = "leave the column out (in Python with inputs=, on the command line with --drop)"


@dataclass(frozen=True)
class LevelRows:
    """A table in parts, one for each level.

    Attributes:
        columns: the columns that hold levels; several of them have their combinations as levels.
        levels: level -> the positions of its rows (m,), in the order of the levels.
        X (n, d), y (n,), names, target: the columns of numbers, and the target.
    """

    columns: tuple[str, ...]
    levels: Mapping[str, Tensor]
    X: Tensor
    y: Tensor
    names: tuple[str, ...]
    target: str

    @property
    def column(self) -> str:
        """The columns in words."""
        return BETWEEN.join(self.columns)

    def tasks(self, seed: int, units: Mapping[str, Any] | None) -> dict[str, LawTask]:
        """The search of each level. Raises as `task_of` does."""
        units = without(units, self.columns)
        return {
            level: task_of(Given(self.X[rows], self.y[rows], self.names, self.target), seed, units)
            for level, rows in self.levels.items()
        }


def without(units: Any, columns: Sequence[str]) -> Any:
    """The units of the columns of numbers: levels have none, though "" may be said of them."""
    if not isinstance(units, Mapping):
        return units
    return {name: unit for name, unit in units.items() if not (name in columns and unit == "")}


def by_levels(given: Given) -> LevelRows | Given:
    """The table in parts, where columns hold levels; else as it is, without columns of text that hold one level alone.

    Raises `DataError` where a cell of such a column is missing, where there are too many levels, or where one of them
    has too few rows for a search.
    """
    columns = _columns(given.X)
    places = [place for place, column in enumerate(columns) if _holds_levels(column)]
    if not places:
        return given
    names = names_of(given.names, len(columns))
    told = {names[place]: read_levels(cells_of(columns[place])) for place in places}
    for name, (_, missing) in told.items():
        if missing:
            raise DataError(
                f"column {shown(name)} misses its level in row {few(missing, PLACES_SHOWN)} (counted from 0); leave"
                f" these rows out, fill them in, or {LEAVE_OUT}"
            )
    levels = {name: found for name, (found, _) in told.items() if len(set(found)) > 1}
    others = [place for place in range(len(columns)) if place not in places]
    kept = [names[place] for place in others]
    if not kept:
        raise DataError(f"all columns hold levels ({few(names)}); a law needs at least one column of numbers")
    X = as_matrix(_chosen(given.X, others), dtype=torch.float64, device="cpu")
    if not levels:
        return Given(X, given.y, kept, given.target)
    y = as_target(given.y, rows=len(X), width=1, dtype=torch.float64, device="cpu", giver="a law")[:, 0]
    return parted(levels, X, y, kept, given.target)


def parted(levels: Mapping[str, Sequence[str]], X: Tensor, y: Tensor, names: Sequence[str], target: str) -> LevelRows:
    """The table in parts.

    Args:
        levels: column -> the level of each row.
        X (n, d): the columns of numbers.
        y (n,): the target.
        names (d): of the columns.
        target: the name of y.

    Raises:
        DataError: too many levels, or too few rows of one.
    """
    return LevelRows(tuple(levels), _rows_of(levels), X, y, tuple(names), target)


def level_of_rows(
    X: Any, columns: Sequence[str], names: Sequence[str], known: Iterable[str]
) -> tuple[list[str], Tensor]:
    """The level of each row, and its numbers (n, d), of a frame or a mapping of columns, found by their names. known:
    the levels that have laws, which say how numbers among them are written.

    Raises `DataError` for columns that it lacks, or cells that cannot be used.
    """
    X = as_frame(X)
    if isinstance(X, Mapping):
        found = dict(X)
    elif is_frame(X) and frame_names(X):
        found = dict(zip(frame_names(X), frame_columns(X)[1], strict=True))
    else:
        raise DataError(
            f"rows of several levels must be a DataFrame, or a mapping of columns, got {shown(X)}; for rows of one"
            " level take .levels[level].best"
        )
    for name in (*columns, *names):
        if name not in found:
            raise DataError(f"the rows have no column {shown(name)}; {did_you_mean(name, map(str, found))}")
    parts = {name: as_array(found[name], f"column {shown(name)}") for name in (*columns, *names)}
    for name, part in parts.items():
        if part.ndim == 0 or part.size != len(part):
            raise ShapeError(f"column {shown(name)} must hold one value for each row, got {shown(found[name])}")
    apart = zip(*(level.split(BETWEEN, len(columns) - 1) for level in known), strict=True)
    read = {name: read_levels(cells_of(found[name]), known=of) for name, of in zip(columns, apart, strict=True)}
    for name, (_, missing) in read.items():
        if missing:
            raise DataError(f"column {shown(name)} misses its level in row {missing[0]}; leave such rows out")
    rows = {len(part) for part in parts.values()}
    if len(rows) != 1:
        raise ShapeError(f"the columns of the rows have unequal lengths: {few(sorted(rows))}")
    numbers = [as_target(found[name], width=1, what=f"column {shown(name)}", dtype=torch.float64) for name in names]
    return _joined([levels for levels, _ in read.values()]), torch.cat([part.cpu() for part in numbers], 1)


def _columns(X: Any) -> list[Any]:
    """The columns of a frame, or of an array of objects; none of anything else, which holds no levels."""
    if is_frame(X):
        return frame_columns(X)[1]
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 2:
        return [X[:, place] for place in range(X.shape[1])]
    return []


def _chosen(X: Any, places: Sequence[int]) -> Any:
    """These columns alone."""
    return X[:, places] if isinstance(X, np.ndarray) else frame_part(X, places)


def _holds_levels(column: Any) -> bool:
    """Whether a column holds levels: it is categorical by its kind, or holds truth values or words."""
    if is_categorical(column):
        return True
    cells = cells_of(column)
    if isinstance(cells, np.ndarray):
        return cells.dtype == bool
    reading = read_numbers(cells)
    if holds_dates(cells, reading.text):
        return False
    return reading.truth or holds_levels(cells, reading, ".")


def _joined(columns: Sequence[Sequence[str]]) -> list[str]:
    """The level of each row: those of all columns, one after the other."""
    return [BETWEEN.join(levels) for levels in zip(*columns, strict=True)]


def _rows_of(levels: Mapping[str, Sequence[str]]) -> dict[str, Tensor]:
    """The rows of each level. Raises `DataError` for too many levels, or too few rows of one."""
    column, joined = few([*map(shown, levels)]), _joined([*levels.values()])
    kinds = sort_levels({*joined})
    if len(set(zip(*levels.values(), strict=True))) > len(kinds):
        raise DataError(f"two levels of {column} are written alike, since they hold {shown(BETWEEN)}; rename them")
    truth = any({level.lower() for level in found} == {"true", "false"} for found in levels.values())
    truths = "; truth values are numbers after .astype(float)" if truth else ""
    if len(kinds) > LEVELS.most_levels:
        raise DataError(
            f"{column} {'has' if len(levels) == 1 else 'have together'} {len(kinds)} levels, such as"
            f" {shown(kinds[0])}, and a law is looked for at each of them, {LEVELS.most_levels} at most; merge levels,"
            f" or {LEAVE_OUT}{truths}"
        )
    rows = {kind: torch.tensor([n for n, level in enumerate(joined) if level == kind]) for kind in kinds}
    small = {kind: len(at) for kind, at in rows.items() if len(at) < TABLES.fewest}
    if small:
        counts = few([f"{shown(kind)} has {count} row{'' if count == 1 else 's'}" for kind, count in small.items()])
        raise DataError(
            f"a law needs at least {TABLES.fewest} rows at each level of {column}; {counts}; leave these rows out,"
            f" merge levels, or {LEAVE_OUT}{truths}"
        )
    return rows
