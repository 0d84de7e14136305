"""Columns of a grid -> numbers, levels or dates, with what is wrong with their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgewise.errors import shown
from edgewise.metadata import MISSING

from .cells import Reading, read_levels, read_numbers, read_times
from .dates import first_number, has_short_years, holds_dates, holds_days, read_zoned
from .faults import Fault, date_faults, missing_faults, number_faults, point_notes
from .kinds import counts_rows, holds_answers, holds_levels
from .reader import Grid


@dataclass(frozen=True)
class ReadColumns:
    """Columns as they were read: numbers (n,), nan where there is none, the level of each row, or dates (n,); with
    their faults, and notes on them. slashes: what dates with slashes start with, "" where there are none. times:
    "minutes" or "seconds", down to which times go. forced: columns of levels by the user's word."""

    numbers: dict[str, np.ndarray]
    levels: dict[str, list[str]]
    dates: dict[str, np.ndarray]
    slashes: dict[str, str]
    zones: dict[str, list[str]]
    times: dict[str, str]
    forced: Sequence[str]
    faults: list[Fault]
    notes: list[str]


def read_columns(
    grid: Grid,
    names: Sequence[str],
    categorical: Sequence[str],
    *,
    targets: bool = False,
    drop_rows: bool = True,
    asked: bool = False,
) -> ReadColumns:
    """These columns of the grid: inputs, of which empty ones are left out, or targets. A missing cell of an input is
    a fault only where faulty rows are to be dropped. asked: whether the user may be asked if they are classes."""
    cells = dict(zip(grid.names, grid.columns, strict=True))
    numbers: dict[str, np.ndarray] = {}
    levels: dict[str, list[str]] = {}
    dates: dict[str, np.ndarray] = {}
    slashes: dict[str, str] = {}
    zones: dict[str, list[str]] = {}
    times: dict[str, str] = {}
    faults: list[Fault] = []
    notes: list[str] = []
    for name in names:
        said = name in categorical or (name in grid.levels and not targets)
        reading = None if said else read_times(cells[name]) or read_numbers(cells[name], grid.decimal)
        may_be = None if targets else reading
        days = may_be is not None and _are_days(name, cells[name], may_be)
        if days:
            notes.append(f"column {shown(name)} holds whole numbers that all are days, as 20201231 is")
        if may_be is not None and (days or holds_dates(cells[name], may_be.text)):
            first = "" if days else first_number(cells[name])
            moments, other, found_zones = read_zoned(cells[name], first)
            if days or 2 * len(other) < len(may_be.text):  # a few slips among dates
                dates[name], slashes[name], zones[name] = moments, first, found_zones
                faults += date_faults(grid, name, other, cells[name])
                if not days and has_short_years(cells[name]):
                    notes.append(f"column {shown(name)} has years of two digits: they are read as 1969 to 2068")
                if drop_rows:
                    faults += missing_faults(
                        grid, name, sorted({*np.flatnonzero(np.isnat(moments)).tolist()} - {*other})
                    )
                continue
        if reading is None or (not targets and _are_levels(cells[name], reading, grid.decimal)):
            found, missing = read_levels(cells[name], grid.decimal)
            if targets or drop_rows:
                faults += missing_faults(grid, name, missing, target=targets)
            levels[name] = found if targets else [level or MISSING for level in found]
            continue
        if not targets and len(reading.missing) == len(reading.values):
            notes.append(f"column {shown(name)} is empty: left out")
            continue
        numbers[name] = reading.values
        known = reading if targets or drop_rows else replace(reading, missing=[])
        faults += number_faults(grid, name, known, cells[name], target=targets, asked=asked)
        notes += point_notes(name, cells[name], grid.decimal)
        if not targets and reading.truth and not isinstance(cells[name], np.ndarray):
            notes.append(f"column {shown(name)} holds truth values: read as 1 and 0")
        if reading.times:
            notes.append(f"{'target' if targets else 'column'} {shown(name)} holds times: read as hours")
            times[name] = reading.times
    return ReadColumns(numbers, levels, dates, slashes, zones, times, categorical, faults, notes)


def _are_levels(cells: Sequence[Any], reading: Reading, decimal: str) -> bool:
    """Whether a column holds levels, or few answers."""
    return holds_levels(cells, reading, decimal) or holds_answers(cells, reading, decimal)


def _are_days(name: str, cells: Any, reading: Reading) -> bool:
    """Whether a column of whole numbers holds dates such as 20201231, and does not count the rows."""
    if reading.text or reading.infinite or reading.times or not holds_days(reading.values):
        return False
    return not counts_rows(name, reading.values) and not read_zoned(cells)[1]
