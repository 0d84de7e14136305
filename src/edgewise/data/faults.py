"""The unusable cells of a table, gathered over all columns: one error for all of them, or the rows that are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgewise.errors import DataError, few, shown

from .cells import PLACES_SHOWN, Reading, hint, points_of_thousands
from .kinds import may_be_classes
from .reader import Grid, quoted

ROWS, TARGETLESS = "rows", "targetless"  # of what is to be left out: faulty rows, or those without a target alone
IN_PYTHON = {"--task": 'task="classification"', "--drop": "drop=...", "--categorical": "categorical=..."}
COLUMNS = 8  # faulty columns that a message lists before it counts the rest
LETTERS = 40  # of a cell, that a message shows
NOTED = 4  # reasons that a note on rows left out gives


@dataclass(frozen=True)
class Fault:
    """What is wrong with a column.

    Attributes:
        text: the fault and its places in words.
        rows: the rows that have it; without any, leaving rows out does not mend the column.
        levels: the name of a column that could be read as levels.
        classes: whether it is of a target that could be read as classes.
    """

    text: str
    rows: tuple[int, ...] = ()
    levels: str = ""
    classes: bool = False


def number_faults(
    grid: Grid,
    name: str,
    reading: Reading,
    cells: Sequence[Any],
    *,
    target: bool = False,
    new: bool = False,
    asked: bool = False,
) -> list[Fault]:
    """The faults of a column of numbers; one that is mostly text cannot be saved by leaving rows out.

    Args:
        grid: the table, for the places.
        name: of the column.
        reading: what its cells were read as.
        cells: as they stand.
        target: whether it is a column to predict.
        new: whether the rows are for a trained model, whose columns are settled.
        asked: whether the user may be asked if a target is one of classes.
    """
    role, rows, text = "target" if target else "column", len(grid.lines), reading.text
    commas = grid.commas if any("," in str(cells[row]) for row in text[:PLACES_SHOWN]) else ""
    advised = (hint(str(cells[row]), grid.decimal, commas) for row in text[:PLACES_SHOWN])
    advice = next(filter(None, advised), "")
    remark = f" - {advice}" if advice else ""
    levels = "" if target or advice or new else name
    classes = asked and may_be_classes(cells, reading, grid.decimal)
    if text and len(text) >= (rows - len(reading.missing)) / (1 if new else 2):
        samples = list(dict.fromkeys(str(cells[row])[:LETTERS] for row in text))
        told = ", ".join(map(repr, samples[:PLACES_SHOWN])) + (", ..." if len(samples) > PLACES_SHOWN else "")
        return [Fault(f"{role} {shown(name)} holds text ({told}){remark}", levels=levels, classes=classes)]
    found = missing_faults(grid, name, reading.missing, target=target)
    high, low, sure = points_of_thousands(cells) if grid.decimal == "." else ("", "", False)
    if sure:
        plain = high.replace(".", "")
        ways = f"write {plain}, or {low}.000 where points are decimal"
        found.append(Fault(f"{role} {shown(name)} has {high} beside {low} - points between thousands? {ways}"))
    if reading.infinite:
        where = _places(grid, reading.infinite, cells)
        words = f"{role} {shown(name)} is infinite, or too large for a float64, in {where}"
        found.append(Fault(words, tuple(reading.infinite)))
    if text:
        times = {"minutes": "time such as 2:30", "seconds": "time such as 2:30:15"}
        kind = "truth value" if reading.truth else times.get(reading.times, "number")
        words = f"{role} {shown(name)} holds no {kind} in {_places(grid, text, cells)}{remark}"
        found.append(Fault(words, tuple(text), levels, classes))
    return found


def point_notes(name: str, cells: Sequence[Any], decimal: str) -> list[str]:
    """A sentence on a column whose points may stand between thousands, but not surely."""
    high, low, sure = points_of_thousands(cells) if decimal == "." else ("", "", False)
    if not high or sure:
        return []
    return [f"column {shown(name)} has {high} beside {low}: points are read as decimal; between thousands, write none"]


def missing_faults(grid: Grid, name: str, at: Sequence[int], *, target: bool = False) -> list[Fault]:
    """The rows in which a column has no value."""
    if not at:
        return []
    if target and len(at) == len(grid.lines):
        return [Fault(f"target {shown(name)} is empty")]
    role, count = "target" if target else "column", f"{len(at)} value{'s' if len(at) > 1 else ''}"
    return [Fault(f"{role} {shown(name)} misses {count}, in {_places(grid, at)}", tuple(at))]


def level_faults(grid: Grid, name: str, at: Sequence[int], levels: Sequence[str], known: Sequence[str]) -> list[Fault]:
    """The rows whose level a trained model has never seen."""
    if not at:
        return []
    what = f"column {shown(name)} has a level that the model has never seen, in {_places(grid, at, levels)}"
    return [Fault(f"{what}; it knows {few(known)}", tuple(at))]


def date_faults(grid: Grid, name: str, at: Sequence[int], cells: Sequence[Any]) -> list[Fault]:
    """The rows without a date, in a column that holds dates elsewhere, or did so in training."""
    if not at:
        return []
    where = _places(grid, at, cells)
    return [Fault(f"column {shown(name)} holds no date such as 2020-12-31 or 31.12.2020 in {where}", tuple(at))]


def columns_among(words: Sequence[str]) -> list[str]:
    """The columns among what is to be left out.

    >>> columns_among(["id", "rows"])
    ['id']
    """
    return [word for word in words if word not in (ROWS, TARGETLESS)]


def usable_rows(
    grid: Grid, faults: Sequence[Fault], *, drop_rows: bool, spared: Sequence[Fault] = (), new: bool = False
) -> tuple[np.ndarray, list[str]]:
    """The rows without a fault, and notes on the others.

    Args:
        grid: the table.
        faults: of all its columns.
        drop_rows: whether rows with faults may be left out.
        spared: the faults whose rows may be left out in any case, whatever else is wrong with them.
        new: whether nothing says which columns to take, as for a trained model and in an estimator.

    Raises:
        DataError: one error for all faults that leaving rows out does not mend, or must not.
    """
    gone = {row for fault in spared for row in fault.rows}
    wrong = [fault for fault in faults if not fault.rows]
    wrong += [] if drop_rows else [fault for fault in faults if fault.rows and not gone.issuperset(fault.rows)]
    if wrong:
        words = [fault.text for fault in wrong]
        more = f"; and {len(words) - COLUMNS} more" if len(words) > COLUMNS else ""
        ways = _ways(grid, faults, wrong, drop_rows, new)
        raise DataError(f"{grid.where}: {'; '.join(words[:COLUMNS])}{more}. Mend the table{ways}")
    good = np.ones(len(grid.lines), dtype=bool)
    for fault in faults:
        good[list(fault.rows)] = False
    left = int((~good).sum())
    if not left:
        return np.flatnonzero(good), []
    reasons = "; ".join(fault.text for fault in faults[:NOTED]) + ("; ..." if len(faults) > NOTED else "")
    return np.flatnonzero(good), [f"{left} of {len(good)} rows left out: {reasons}"]


def _ways(grid: Grid, faults: Sequence[Fault], wrong: Sequence[Fault], drop_rows: bool, new: bool) -> str:
    """What can be done instead of mending the table."""
    curable = any(fault.rows for fault in faults) and not drop_rows
    levels = next((fault.levels for fault in faults if fault.levels), "")
    if new and grid.unit == "row":  # of a DataFrame or an array, from which the caller can take rows
        texts = f"; a frame's astype('category') makes the texts of {shown(levels)} classes" if levels else ""
        return (", or leave these rows out" if curable else "") + texts
    ways = []
    if any(fault.classes for fault in faults):
        ways.append("--task classification makes classes of the target's cells")
    if curable:
        targets = all(fault.text.startswith("target") for fault in wrong)
        which, whose = (TARGETLESS, "these") if targets else (ROWS, "the faulty")
        ways.append(f"--drop {which} leaves out {whose} rows")
    if levels:
        like = ", as astype('category') does" if grid.unit == "row" else ""
        ways.append(f"--categorical {quoted(levels)} makes its texts classes{like}")
    if not new and any(not fault.text.startswith(("target", "groups")) for fault in wrong):
        ways.append("--drop COLUMN leaves out a column")
    told = [words for flag, words in IN_PYTHON.items() if any(way.startswith(flag) for way in ways)]
    return f", or: {'; '.join(ways)} (in Python: {', '.join(told)})" if ways else ""


def _places(grid: Grid, rows: Sequence[int], cells: Sequence[Any] | None = None) -> str:
    told = [
        f"{grid.lines[row]}" + ("" if cells is None else f" ({shown(str(cells[row])[:LETTERS])})")
        for row in rows[:PLACES_SHOWN]
    ]
    more = f" and {len(rows) - PLACES_SHOWN} more" if len(rows) > PLACES_SHOWN else ""
    return f"{grid.unit}{'s' if len(rows) > 1 else ''} {', '.join(told)}{more}"
