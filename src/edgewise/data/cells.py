"""Cells of one column -> numbers, truth values or levels, with the place of every cell that is none."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .text import NUMBER

PLACES_SHOWN = 3  # faulty cells or lines that a message lists before it counts the rest
MISSING = frozenset(
    {"", "?", ".", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "<na>", "nat"}
)
MISSING_TEXT = frozenset(
    {"", "?", "NA", "N/A", "#N/A", "n/a", "nan", "NaN", "NAN", "null", "NULL", "<NA>", "NaT"}
)  # 'none', 'Na' can be levels
TRUE = frozenset({"true", "yes", "t", "y", "on"})
FALSE = frozenset({"false", "no", "f", "n", "off"})
EXACT = 2**53  # from here on a float64 is not every whole number
LONGEST = 2**64  # whole numbers below it are levels without an exponent, as integers of 64 bits are

PLAIN = re.compile(r"[+-]?((0|[1-9]\d*)([.,]\d*(e[+-]?\d+)?)?|[.,]\d+(e[+-]?\d+)?|[1-9](?-i:e)[+-]\d\d+)\Z", re.I)
THOUSANDS = re.compile(r"[+-]?\d{1,3}([,.' \u00a0\u202f]\d{3})+([.,]\d+)?\Z")
DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T ].*)?\Z")
TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?(?:\s?([AP])M)?\Z", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?(\d+,(\d\d?|\d{4,})|0+,\d+)\Z")  # and surely none between thousands
COMMAS_OF_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+|,\d{3})\Z")
WHOLE = re.compile(r"[+-]?\d+\Z")
POINT_OF_THOUSANDS = re.compile(r"[+-]?[1-9]\d?\d?\.\d{3}\Z")
COMPLEX = re.compile(r"[(]?[+-]?[\d.]+(e[+-]?\d+)?\s*[+-]\s*[\d.]*(e[+-]?\d+)?\s*[ij][)]?\Z", re.IGNORECASE)
FORTRAN = re.compile(r"[+-]?(\d+\.\d*|\.\d+)D[+-]\d+\Z", re.IGNORECASE)  # 12D-3 may be a code
UNIT = re.compile(r"[+-]?([\d.,]*\d(e[+-]?\d+)?\s*|[\d.,]+\s+)[^\W\d][\w/^*·² ³°-]*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """A column as float64 numbers, NaN where there is none, and the rows of every kind of fault."""

    values: np.ndarray
    missing: list[int] = field(default_factory=list)
    infinite: list[int] = field(default_factory=list)
    text: list[int] = field(default_factory=list)
    truth: bool = False  # the column holds true and false, read as 1 and 0
    times: str = ""  # "minutes" or "seconds", where the column holds times down to these, read as hours


def to_float(cell: str, decimal: str = ".") -> float | None:
    """The number in a cell, or None where there is none.

    >>> to_float("-1,5e3", ","), to_float("1_000"), to_float("\u22122")
    (-1500.0, None, -2.0)
    """
    cell = cell.strip().replace("\u2212", "-")
    if decimal == ",":
        if "." in cell:
            return None
        cell = cell.replace(",", ".")
    if cell in ("\u221e", "+\u221e"):
        return math.inf
    if cell == "-\u221e":
        return -math.inf
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def is_numeric(cell: str) -> bool:
    """Whether a cell is a finite number, with a point or a comma."""
    return bool(NUMBER.match(cell.strip().replace("\u2212", "-")))


def has_decimal_commas(columns: Sequence[Sequence[str]]) -> bool:
    """Whether numbers in these columns (not separated by commas) are written with decimal commas: some are, and none
    has a point."""
    commas = points = 0
    for column in columns:
        for cell in column:
            if "," in cell:
                commas += bool(NUMBER.match(cell))
            elif "." in cell:
                points += bool(NUMBER.match(cell))
    return commas > 0 and points == 0


def role_of_commas(columns: Sequence[Any]) -> str:
    """What commas in numbers are for in these columns, "decimal" or "thousands"; "" where no cell says so, or some say
    the one and some the other.

    >>> role_of_commas([["1,234"], ["65,9"]]), role_of_commas([["1,234", "1,234.5"]]), role_of_commas([["1,234"]])
    ('decimal', 'thousands', '')
    """
    found = set[str]()
    for cell in (cell for column in columns if not isinstance(column, np.ndarray) for cell in column if "," in cell):
        bare = cell.strip().replace("\u2212", "-")
        found |= {"decimal"} if DECIMAL_COMMA.match(bare) else set()
        found |= {"thousands"} if COMMAS_OF_THOUSANDS.match(bare) else set()
        if len(found) > 1:
            return ""
    return "".join(found)


def points_of_thousands(cells: Any) -> tuple[str, str, bool]:
    """A cell such as 2.723 and one such as 527, in a column where a point may stand between thousands, and whether it
    surely does; empty where it does not.

    Each number with a point has three digits behind it there, some without have three digits, and none has more. What
    writes 2.720 with its last zero would write 527.000, so that such a zero makes it sure.

    >>> points_of_thousands(["2.720", "527", "81"]), points_of_thousands(["2.72", "527"])
    (('2.720', '527', True), ('', '', False))
    """
    with_point = plain = zero = ""
    for cell in () if isinstance(cells, np.ndarray) else dict.fromkeys(cells):  # each once: text is met again
        cell = cell.strip().replace("\u2212", "-")
        if POINT_OF_THOUSANDS.match(cell):
            with_point, zero = with_point or cell, zero or (cell if cell.endswith("0") else "")
        elif WHOLE.match(cell) and len(cell.lstrip("+-")) <= 3:
            plain = plain or (cell if len(cell.lstrip("+-")) == 3 else "")
        elif to_float(cell) is not None:
            return "", "", False
    return (zero or with_point, plain, bool(zero)) if with_point and plain else ("", "", False)


def read_numbers(cells: Any, decimal: str = ".", *, new: bool = False) -> Reading:
    """Numbers of a column; a column of only true and false (yes and no, ...) becomes 1 and 0.

    Args:
        cells: as they stand.
        decimal: the sign between whole numbers and parts.
        new: whether the rows are for a trained model. Its columns are settled, so text beside true and false is faulty.

    >>> found = read_numbers(["1", "", "abc", "inf"])
    >>> found.missing, found.text, found.infinite
    ([1], [2], [3])
    """
    if isinstance(cells, np.ndarray):
        values = cells.astype(np.float64)
        missing, infinite = np.flatnonzero(np.isnan(values)).tolist(), np.flatnonzero(np.isinf(values)).tolist()
        return Reading(np.where(np.isfinite(values), values, np.nan), missing, infinite, truth=cells.dtype == bool)
    truth = _truth(cells, decimal if new else None)
    if truth is not None:
        return truth
    values = np.empty(len(cells))
    missing, infinite, text = [], [], []
    known = {cell: to_float(cell, decimal) for cell in set(cells)}
    for row, cell in enumerate(cells):
        value = known[cell]
        if value is not None and math.isfinite(value):
            values[row] = value
            continue
        values[row] = np.nan
        if cell.strip().lower() in MISSING or (value is not None and math.isnan(value)):
            missing.append(row)
        else:
            (text if value is None else infinite).append(row)
    return Reading(values, missing, infinite, text)


def _truth(cells: Sequence[str], decimal: str | None) -> Reading | None:
    """The reading of a column of truth values, or None where it is no such column: one with a number, with a decimal
    sign, or with text, without."""
    values = np.full(len(cells), np.nan)
    missing, text = [], []
    for row, cell in enumerate(cells):
        word = cell.strip().lower()
        if word in TRUE:
            values[row] = 1.0
        elif word in FALSE:
            values[row] = 0.0
        elif word in MISSING:
            missing.append(row)
        elif decimal is None or to_float(cell, decimal) is not None:
            return None
        else:
            text.append(row)
    return Reading(values, missing, text=text, truth=True) if len(missing) + len(text) < len(cells) else None


def read_times(cells: Any, known: str = "") -> Reading | None:
    """Times such as 2:30, 2:30:15 or 2:30 PM as hours; None where most cells are none.

    All have seconds, or none has: beside 1:02:30 nobody knows what 59:30 is, so that it is no number. Nor are 1:20 and
    1:50 times, where all of them have one number ahead, as ratios do.

    Args:
        cells: as they stand.
        known: "minutes" or "seconds" for a column that had times down to these before.

    >>> found = read_times(["2:30", "12:15"])
    >>> found.values.tolist(), found.times
    ([2.5, 12.25], 'minutes')
    """
    if isinstance(cells, np.ndarray) or not any(":" in cell for cell in cells):
        return None
    found = [TIME.match(cell.strip()) for cell in cells]
    missing = [row for row, cell in enumerate(cells) if cell.strip().lower() in MISSING]
    long, short = (sum(bool(time) and bool(time[3]) == seconds for time in found) for seconds in (True, False))
    wanted = {"minutes": (False, True), "seconds": (True,)}.get(known)
    if wanted is None:
        ratios = len({time[1] for time in found if time}) == 1 and not long
        if ratios or 2 * (long + short) < len(cells) - len(missing) or not long + short:
            return None
        known, wanted = ("seconds", (True,)) if long > short else ("minutes", (False,))
    values = np.full(len(cells), np.nan)
    hours = [_hours(time) if time and bool(time[3]) in wanted else None for time in found]
    there = [row for row, hour in enumerate(hours) if hour is not None]
    values[there] = [hours[row] for row in there]
    text = sorted({*range(len(cells))} - {*there, *missing})
    return Reading(values, missing, text=text, times=known)


def _hours(time: re.Match[str]) -> float | None:
    """A time in hours, 12 AM for midnight; None for 13 PM."""
    hour = int(time[1])
    if time[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (time[4] in "pP")
    return hour + int(time[2]) / 60 + float(time[3] or 0) / 3600


def read_levels(cells: Any, decimal: str = ".", known: Collection[str] | None = None) -> tuple[list[str], list[int]]:
    """The level of every cell as text, and the rows without one.

    A level is written as it stands. In a column of nothing but plain numbers, these have one spelling: 1.50 is 1.5.
    Where others are codes, such as 007 or 1E2, only 1.0 is 1, as a column with missing cells writes it.

    Args:
        cells: as they stand.
        decimal: the sign between whole numbers and parts.
        known: the levels of a trained model, for new rows: these say whether the column holds numbers. A number in an
            array has lost its spelling, and is the only known level of this value, if there is one.

    >>> read_levels(["red", "1.0", "1", "NA", "007", "7", "1E2", "100"])
    (['red', '1', '1', '', '007', '7', '1E2', '100'], [3])
    >>> read_levels(["1.50", "1.5"])[0], read_levels(np.array([7, 8]), known=["007", "A1"])[0]
    (['1.5', '1.5'], ['007', '8'])
    """
    spellings: dict[str, str] = {}
    if isinstance(cells, np.ndarray):
        if cells.dtype == bool:
            return ["true" if value else "false" for value in cells.tolist()], []
        cells = ["" if value != value else repr(value) for value in cells.tolist()]
        decimal, spellings = ".", _spellings(known or ())
    different = {cell: " ".join(cell.split()) for cell in set(cells)}
    there = [cell for cell in different.values() if cell not in MISSING_TEXT]
    numbers = all(_is_plain(cell, decimal) for cell in there) if known is None else are_numbers(known)
    level = {cell: _level(told, decimal, numbers) for cell, told in different.items()}
    levels = [spellings.get(level[cell], level[cell]) for cell in cells]
    return levels, [row for row, level in enumerate(levels) if not level]


def are_numbers(levels: Collection[str]) -> bool:
    """Whether the levels of a column are plain numbers, each in its one spelling: others are codes.

    >>> are_numbers(["1", "2.5"]), are_numbers(["1", "007"]), are_numbers(["1", "A1"])
    (True, False, False)
    """
    return all(is_numeric(level) and _level(level, ".", True) == level for level in levels)


def _is_plain(cell: str, decimal: str) -> bool:
    """Whether a cell is a number as tools write them, and can be no code such as 007 or 1E2."""
    value = to_float(cell, decimal)
    return value is not None and math.isfinite(value) and bool(PLAIN.match(cell.replace("\u2212", "-")))


def _level(cell: str, decimal: str, numbers: bool) -> str:
    """The level of a cell with single spaces. numbers: whether its column holds nothing but numbers."""
    if cell in MISSING_TEXT:
        return ""
    value = to_float(cell, decimal) if is_numeric(cell) else None
    if value is None or not math.isfinite(value):
        return cell
    if not numbers and cell.replace(decimal, ".") != repr(value):
        return cell
    digits = cell.replace("\u2212", "-").lstrip("+-").lstrip("0")
    if abs(value) >= EXACT and digits.isdecimal():
        return f"{'-' if value < 0 else ''}{int(digits)}"
    return str(int(value)) if value == int(value) and abs(value) < LONGEST else repr(value)


def _spellings(known: Collection[str]) -> dict[str, str]:
    """Number in its one spelling -> the known level that is this number in another, where there is but one."""
    found: dict[str, set[str]] = {}
    for level in known:
        if is_numeric(level):
            found.setdefault(_level(level, ".", True), set()).add(level)
    return {number: one for number, (one, *more) in found.items() if not more}


def sort_levels(levels: set[str]) -> tuple[str, ...]:
    """Levels in order: numbers by value, then text.

    >>> sort_levels({"b", "10", "9", "1,5"})
    ('9', '10', '1,5', 'b')
    """
    values = {level: to_float(level) if is_numeric(level) else None for level in levels}
    return tuple(sorted(levels, key=lambda level: (values[level] is None, values[level] or 0.0, level)))


def hint(cell: str, decimal: str = ".", commas: str = "") -> str:
    """What a cell that is no number looks like and what to do, or nothing.

    Args:
        cell: as it stands.
        decimal: the sign between whole numbers and parts.
        commas: what commas are for in its table, as `role_of_commas` says.

    >>> hint("1,234.5"), hint("1.234,5", ",")
    ('thousands separators? write 1234.5', 'thousands separators? write 1234,5')
    >>> hint("-0,980")
    'a decimal comma? write a point, in the whole file'
    >>> hint("8,030")
    'a decimal comma or a thousands separator? write 8.030 or 8030'
    """
    cell = cell.strip()
    if DATE.match(cell):
        return (
            "a date? write 2020-12-31, 31.12.2020, or 2020-12, or numbers, such as days since the start; dates with"
            " slashes need years of four digits, and a row such as 3/14/2020, which tells what is the month"
        )
    if TIME.match(cell):
        return "a time? write all in one way, such as 2:30 or 2:30:00, or numbers, such as hours"
    if cell.endswith("%") and is_numeric(cell[:-1].strip()):
        return "a percentage? leave the % sign out"
    if cell[:1] in "$€£¥" and len(cell) > 1:
        return "a currency? leave the sign out"
    comma = decimal == "." and bool(re.match(r"[+-]?\d+,\d+\Z", cell))
    if THOUSANDS.match(cell) and not re.match(r"[+-]?0", cell) and not (comma and commas == "decimal"):
        marks, groups = re.findall(r"[,.' \u00a0\u202f]", cell), re.split(r"[,.' \u00a0\u202f]", cell)
        fraction = len(set(marks)) > 1 or len(groups[-1]) != 3
        plain = "".join(groups[:-1]) + decimal + groups[-1] if fraction else "".join(groups)
        if comma and commas != "thousands":
            return f"a decimal comma or a thousands separator? write {cell.replace(',', '.')} or {plain}"
        return f"thousands separators? write {plain}"
    if FORTRAN.match(cell):
        return "an exponent of Fortran? write e for the letter D, as in 1.5e-3"
    if COMPLEX.match(cell):
        return "a complex number? give real and imaginary part as two columns"
    if comma:
        return "a decimal comma? write a point, in the whole file"
    if decimal == "," and is_numeric(cell):
        return "a point where other numbers have a decimal comma? write them all alike"
    if UNIT.match(cell):
        return "a number with its unit? put the unit into the column's name"
    return ""
