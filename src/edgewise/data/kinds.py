"""What a column of text holds: levels, or the names of its rows; and which levels get an input of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from edgewise.errors import shown
from edgewise.metadata import MISSING, OTHER

from .cells import UNIT, Reading, hint, read_numbers

RARE = 3  # rows of a level or a class from which something can be learnt of it
FEW_LEVELS = 20  # levels that a column may always have, however few its rows
MOST_LEVELS = 200  # levels of a column of text: an input for each, enough for the countries of the world
MOST_NAMES = 1200  # levels of a column of names: 1149 routes halve the error that 500 leave. Time grows with the cube
SHARED = 0.5  # part of the rows that share their level, from which levels may be names. Not measured
TOLD = 0.5  # part of the rows with a level that is not rare, below which levels are names. Not measured
ALIKE = 0.5  # part of the different cells; of a number with its unit fewer have an ending of their own
ENDINGS = 1.5  # of a number, in the mean: a plot may be called 3A or 3B, but few lengths are 3 m and 3 km. Not measured
SOME = 0.1  # part of the different cells that may look like numbers in disguise: a film may be called 10:30
ANSWERS = 0.05  # part of the cells that are no numbers, where few answers are levels. Not measured
ID_NAME = re.compile(
    r"(?si:(.*[\W_])?(id|idx|index|key|nr|no|num|number|row|rowid|rownames?)|unnamed: \d+)|.*[a-z]I[dD]"
)
CALLED_ID = re.compile(r"(?si:(.*[\W_])?id)|.*[a-z]I[dD]")  # a cycle_number may be meant as a number, no user_id is
ENOUGH = 20  # rows: so many random numbers out of twice as many are all different once in 300 times
NUMBER_AHEAD = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?\s*", re.IGNORECASE)


def holds_levels(cells: Sequence[Any], reading: Reading, decimal: str) -> bool:
    """Whether a column says by itself that it holds levels: at least half of its cells are text, and next to none of it
    is a number in disguise.

    >>> from .cells import read_numbers
    >>> said = lambda *cells: holds_levels(cells, read_numbers(cells), ".")
    >>> said("red", "2. blue"), said("5 km", "6 km"), said("3A", "3B", "4A"), said("1", "x", "2")
    (True, False, True, False)
    >>> said("3 m", "3 km", "4 m", "4 km"), said(*["1 virgin", "8 virgin", "1 pregnant", "8 pregnant"] * 5)
    (False, True)
    """
    text = reading.text
    if not text or len(text) < (len(reading.values) - len(reading.missing)) / 2:
        return False
    counts = Counter(str(cells[row]).strip() for row in text)
    different = list(counts)
    if all(UNIT.match(cell) for cell in different):  # also 1st, 2nd; 3A, 3B
        endings = {NUMBER_AHEAD.sub("", cell, count=1) for cell in different}
        return len(endings) > ALIKE * len(different) or _are_codes(counts)
    disguised = sum(bool(hint(cell, decimal)) and not UNIT.match(cell) for cell in different)
    return disguised <= SOME * len(different)


def holds_answers(cells: Sequence[Any], reading: Reading, decimal: str) -> bool:
    """Whether a column holds few different answers, some of which are numbers: 0, 1, 2, 3+. Those that are no numbers
    are no slips: all are met again, and look like no number in disguise.

    >>> from .cells import read_numbers
    >>> said = lambda *cells: holds_answers(cells, read_numbers(cells), ".")
    >>> said(*["0", "1", "2", "3+"] * 5), said(*["0", "1", "2"] * 5, "3+"), said(*["0", "1", "5 km"] * 5)
    (True, False, False)
    """
    text, there = reading.text, len(reading.values) - len(reading.missing)
    if not text or len(text) < ANSWERS * there:
        return False
    counts = Counter(str(cells[row]).strip() for row in text)
    if min(counts.values()) < RARE or any(hint(cell, decimal) for cell in counts):
        return False
    return len(counts) + len(np.unique(reading.values[~np.isnan(reading.values)])) <= FEW_LEVELS


def says_classes(cells: Any, decimal: str) -> bool:
    """Whether a target declares itself as classes: no cell of it is a number."""
    if isinstance(cells, np.ndarray):
        return cells.dtype == bool
    reading = read_numbers(cells, decimal)
    if reading.truth:
        return True
    samples = [str(cells[row]) for row in reading.text]
    return (
        bool(samples) and len(reading.missing) + len(samples) == len(reading.values) and not hint(samples[0], decimal)
    )


def may_be_classes(cells: Sequence[Any], reading: Reading, decimal: str) -> bool:
    """Whether a target that holds text beside numbers may be one of classes: few different ones, and the text is no
    slip: some of it is met again, or it is half of the cells; nor is all of it numbers in disguise.

    >>> from .cells import read_numbers
    >>> said = lambda *cells: may_be_classes(cells, read_numbers(cells), ".")
    >>> said(*["1E2", "100", "A1"] * 3), said(*["0", "1", "2"] * 5, "x"), said(*["0", "1", "5 km"] * 5)
    (True, False, False)
    """
    text, there = reading.text, len(reading.values) - len(reading.missing)
    different = {str(cells[row]).strip() for row in text}
    if len(different) == len(text) < there / 2 or all(hint(cell, decimal) for cell in different):
        return False
    return few_enough(len(different) + len(np.unique(reading.values[~np.isnan(reading.values)])), there)


def few_enough(kinds: int, rows: int) -> bool:
    """Whether so many different values in so many rows are few enough for classes.

    >>> few_enough(3, 12), few_enough(30, 60), few_enough(5, 5)
    (True, False, False)
    """
    return kinds <= max(FEW_LEVELS, rows // 4) and not kinds == rows > 4


def _are_codes(counts: Counter[str]) -> bool:
    """Whether numbers have several endings each: plots 3A and 3B. With a space ahead of these, as in 3 m and 3 km, few
    cells must be met again and again: 1 mate and 8 mates, virgin or pregnant."""
    spaced = any(" " in cell for cell in counts)
    if spaced and (min(counts.values()) < RARE or len(counts) > FEW_LEVELS):
        return False
    different = {cell.casefold() for cell in counts}
    ahead = {cell[: NUMBER_AHEAD.match(cell).end()] for cell in different}  # type: ignore[union-attr]
    return len(different) >= ENDINGS * len(ahead)


def counts_rows(name: str, values: np.ndarray) -> bool:
    """Whether a column of numbers with a name like id counts its rows, in whatever order they stand.

    Its numbers are whole, all different, and leave none out. Those of a column that is called id leave some out where
    rows were taken out of a table; there half of the numbers are enough, of `ENOUGH` rows or more.

    >>> counts_rows("user_id", np.array([9.0, 7.0, 8.0])), counts_rows("year", np.array([9.0, 7.0, 8.0]))
    (True, False)
    """
    if len(values) < 2 or not ID_NAME.fullmatch(name):
        return False
    ordered = np.sort(values)
    if not ((ordered == np.floor(ordered)).all() and (np.diff(ordered) >= 1).all()):
        return False
    missing = ordered[-1] - ordered[0] + 1 - len(values)
    part = len(values) >= ENOUGH and bool(CALLED_ID.fullmatch(name))
    return bool(missing <= (len(values) if part else 0))


def main_levels(
    name: str,
    values: Sequence[str],
    weight: np.ndarray | None = None,
    most: int = MOST_LEVELS,
    fewest: int = RARE,
) -> tuple[list[str], str]:
    """The level of each row, rare ones and all beyond so many as "other", and a note on the column.

    Where most rows have a rare level, but share it, levels name what was met more than once, such as patients: all keep
    their names, if there are no more than `MOST_NAMES`. Where none is left but "other", the column names its rows: no
    levels, and the note says so. Where some rows have no name, such as remarks, the levels are "other" and "missing".

    Args:
        name: of the column.
        values: the level of each row.
        weight (n,): how often each row counts; None for once.
        most: levels that keep their names, the most frequent.
        fewest: rows that such a level has, at least.

    >>> main_levels("hue", ["red", "blue", "red", "red", "teal", "blue", "blue"])[1]
    "column 'hue' holds text: read as 3 levels"
    """
    counts = _counts(values, weight)
    rows = int(sum(counts.values()))
    often = sorted(counts, key=lambda level: (-counts[level], level))  # whatever the order of the rows
    named = [level for level in often if level not in (MISSING, OTHER)]
    told = [counts[level] for level in named]
    if _met_again(told) and shared(told, RARE) < TOLD:
        most, fewest = MOST_NAMES, 0
    kept = {level for level in named[:most] if counts[level] >= fewest}
    merged = len(named) - len(kept)
    if not kept:
        if len(named) >= rows - counts[MISSING] - counts[OTHER]:
            if min(len(named), counts[MISSING]) >= RARE:
                what = f"{len(named)} different texts and {int(counts[MISSING])} gaps"
                told = f"column {shown(name)} holds {what}: read as whether there is a text"
                return [MISSING if level == MISSING else OTHER for level in values], told
            return [], f"column {shown(name)} holds a different text in every row, as names and ids do: left out"
        if len(named) > max(FEW_LEVELS, rows // fewest):
            what = f"{len(named)} different texts in {rows} rows, none of them in {fewest}"
            return [], f"column {shown(name)} holds {what}: it names rows, left out"
        kept, merged = {*named}, 0  # a short table
    if merged < 2:  # one rare level keeps its name
        kept, merged = {*named}, 0
    levels = [level if level in kept or level == MISSING else OTHER for level in values]
    words = f"column {shown(name)} holds text: read as {len(set(levels))} levels"
    if merged:
        words += f", the rarest {merged} together as {shown(OTHER)}"
    alike = _spelt_alike(sorted({*levels}))
    if alike:
        words += f"; {' and '.join(map(shown, alike))} differ in capitals alone"
    return levels, words


def names_nothing(levels: Collection[str]) -> bool:
    """Whether levels only tell rows that have a text from those that have none."""
    return {*levels} == {MISSING, OTHER}


def may_be_names(values: Sequence[str], weight: np.ndarray | None = None) -> bool:
    """Whether levels may name what was met more than once, however many rows each of them has.

    >>> may_be_names(["Ann", "Ann", "Bob", "Bob", "Eve"]), may_be_names(["Ann", "Bob", "Eve", "Dan", "Dan"])
    (True, False)
    """
    counts = _counts(values, weight)
    return _met_again([count for level, count in counts.items() if level not in (MISSING, OTHER)])


def _met_again(counts: Sequence[float]) -> bool:
    return 0 < len(counts) <= MOST_NAMES and shared(counts) >= SHARED


def _counts(values: Sequence[str], weight: np.ndarray | None) -> Counter[str]:
    """How often each level counts. weight (n,): as for `main_levels`."""
    counts = Counter[str]()
    for level, count in zip(values, [1] * len(values) if weight is None else weight.tolist(), strict=True):
        counts[level] += count
    return counts


def shared(counts: Iterable[float], fewest: int = 2) -> float:
    """The part of all rows whose level so many rows have, from the rows of each level.

    >>> shared([3, 2, 1]), shared([3, 2, 1], 3)
    (0.8333333333333334, 0.5)
    """
    counts = list(counts)
    return sum(count for count in counts if count >= fewest) / sum(counts)


def _spelt_alike(levels: Sequence[str]) -> list[str]:
    """The first levels that are one word but for capitals, if any are: a slip, more often than not."""
    words: dict[str, list[str]] = {}
    for level in levels:
        words.setdefault(level.casefold(), []).append(level)
    return next((found for found in words.values() if len(found) > 1), [])
