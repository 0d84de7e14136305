"""Dates -> inputs: the year with its fraction as a trend; the season, the weekday and the hour where the dates show
them. Seasons and hours come round again, so each is a point on a circle. Months and quarters stand for their first day.

Letters: n rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.metadata import PARTS

from .cells import MISSING
from .zones import in_zone, one_name

CLOCK = (
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?(?:\s?(?P<half>[AP])M)?)?"
    r"\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?(?:\[(?P<zone>[^\[\]]+)\])?\Z"
)
ISO = re.compile(rf"(\d{{4}})([-/])(\d{{1,2}})\2(\d{{1,2}}){CLOCK}", re.IGNORECASE)
POINTS = re.compile(rf"(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){CLOCK}", re.IGNORECASE)  # with points the day is first
SLASHES = re.compile(rf"(\d{{1,2}})([-/])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){CLOCK}", re.IGNORECASE)
NUMBER = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0*)?\Z")  # 20201231, as a whole number of a frame may be written, too
QUARTER = re.compile(r"(?:(\d{4})[- ]?Q([1-4])|Q([1-4])[- ]?(\d{4}))\Z", re.IGNORECASE)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMED = (
    "(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|january|february|march|april|august|september|october"
    "|november|december)"
)
WEEKDAY = re.compile(r"\A(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?(?:,\s*| +)", re.IGNORECASE)
DAY_OF_MONTH = re.compile(
    rf"(?:(\d{{1,2}})[- ]{NAMED}[- ](\d{{4}}|\d{{2}})|{NAMED}[- ](\d{{1,2}}),?[- ](\d{{4}})){CLOCK}", re.IGNORECASE
)
MONTH = re.compile(rf"(?:(\d{{4}})[-/](\d{{2}})|(\d{{4}})[- ]{NAMED}|{NAMED}[- ](\d{{4}}))\Z", re.IGNORECASE)
SEASONS = 4  # different days of the year from which a wave can be told from a trend
MONTH_DAYS = 5  # different days of the month from which days are meant: ends of months are four
NUMBERS = 5  # different whole numbers that all are days, from which a column holds dates: of any, one in 27 is a day
EARLIEST, LATEST_NUMBER = 18_000_101, 22_001_231  # whole numbers that may be days
RARE = 3  # rows of a weekday from which something can be learnt of it
DAY = 86_400  # seconds
LATEST = 68  # year of a century, written with two digits, up to which it is of this century, as in POSIX
YEAR = np.timedelta64(1, "Y")


def is_date(cell: str, first: str = "") -> bool:
    """Whether a cell is written like a date, or like a month or a quarter of a year.

    Args:
        cell: as it stands.
        first: "day" or "month" where dates such as 3/4/2020 start with it; "" where nobody knows.

    >>> [is_date(cell) for cell in ("2020-12-31", "31.12.2020", "31-Dec-20", "Dec 31, 2020", "2020 Q4", "3/4/2020")]
    [True, True, True, True, True, False]
    """
    return _written(cell, first) is not None


def first_number(cells: Sequence[str]) -> str:
    """What dates such as 3/14/2020 start with, "day" or "month": a number above 12 is no month. "" where no cell says
    so, or as many say the one as the other. What is no date at all, such as 31/2/2020, says nothing. Years of two
    digits are last where the month is first, else nobody knows.

    >>> first_number(["3/4/2020", "3/14/2020"]), first_number(["3/4/2020", "14/3/2020"]), first_number(["3/4/2020"])
    ('month', 'day', '')
    """
    found = [cell for cell in map(_bare, cells) if SLASHES.match(cell)]
    month, day = (~np.isnat(_moments(found, first)[0]) for first in ("month", "day"))
    by_month, by_day = int((month & ~day).sum()), int((day & ~month).sum())
    short = has_short_years(found)
    if by_month == by_day or (by_day > by_month and short):
        return ""
    return "month" if by_month > by_day else "day"


def read_dates(cells: Any, first: str = "") -> tuple[np.ndarray, list[int]]:
    """The moments of cells (n,) as datetime64, NaT where there is none, and the rows that hold something else than a
    date, a month or a quarter. first: as for `is_date`.

    >>> read_dates(["2020-02-28 12:00", "", "soon"])[1]
    [2]
    """
    return read_zoned(cells, first)[:2]


def read_zoned(cells: Any, first: str = "", zone: str = "") -> tuple[np.ndarray, list[int], list[str]]:
    """What `read_dates` gives, and the zones of the dates, in order, each once: "" where one has none.

    Args:
        cells: as they stand.
        first: as for `is_date`.
        zone: by whose clock dates with a zone are read; "" for the clock of each cell.

    >>> moments, _, zones = read_zoned(["2020-02-28T12:00Z", "2020-02-28 12:00"], zone="+05:30")
    >>> moments.astype(str).tolist(), zones
    (['2020-02-28T17:30:00', '2020-02-28T12:00:00'], ['+05:30', ''])
    """
    if isinstance(cells, np.ndarray):
        moments = days_of(cells)
        other = np.flatnonzero(np.isnat(moments) & ~np.isnan(cells.astype(np.float64))).tolist()
        return moments, other, [] if np.isnat(moments).all() else [""]
    moments, other, zones = _moments(cells, first)
    if zone:
        zones = in_zone(moments, zones, zone)
    return moments, other, [*dict.fromkeys(np.array(zones, dtype=object)[~np.isnat(moments)].tolist())]


def _moments(cells: Sequence[str], first: str) -> tuple[np.ndarray, list[int], list[str]]:
    """The moments (n,) of text cells, the rows that hold something else, as `read_dates` gives them, and the zone of
    each cell, in which its moment is."""
    moments, other, zones = np.full(len(cells), "NaT", dtype="datetime64[s]"), [], [""] * len(cells)
    for row, cell in enumerate(cells):
        cell = cell.strip()
        found = _written(cell, first)
        try:
            if found:
                moments[row] = np.datetime64(found[0], "s")
                zones[row] = _zone(moments[row : row + 1], found[1])
            elif cell.lower() not in MISSING:
                other.append(row)
        except ValueError:  # such as the 30th of February
            other.append(row)
    return moments, other, zones


def _zone(moment: np.ndarray, clock: re.Match[str] | None) -> str:
    """The zone of a moment (1,), which is put there where its cell says its distance from UTC as well."""
    if clock is None:
        return ""
    offset, zone = one_name(clock["offset"] or ""), one_name(clock["zone"] or "")
    return in_zone(moment, [offset], zone)[0] if offset else zone


def _written(cell: str, first: str) -> tuple[str, re.Match[str] | None] | None:
    """What a cell says as numpy reads it, with what tells its zone; None where it is not written like a date."""
    cell = _bare(cell)
    if found := NUMBER.match(cell):
        return (f"{found[1]}-{found[2]}-{found[3]}" if _may_be_day(int(cell[:8])) else "none"), None
    if found := ISO.match(cell):
        return _moment(found, found[1], found[3], found[4])
    if found := POINTS.match(cell):
        return _moment(found, found[3], found[2], found[1])
    if first and (found := SLASHES.match(cell)):
        day, month = (found[1], found[3]) if first == "day" else (found[3], found[1])
        return _moment(found, _year(found[4]), month, day)
    if found := DAY_OF_MONTH.match(cell):
        day, name, year = found[1] or found[5], found[2] or found[4], found[3] or found[6]
        return _moment(found, _year(year), _month(name), day)
    if found := QUARTER.match(cell):
        return f"{found[1] or found[4]}-{3 * int(found[2] or found[3]) - 2:02}-01T00:00", None
    if found := MONTH.match(cell):
        name = found[4] or found[5]
        month = found[2] or _month(name)
        return f"{found[1] or found[3] or found[6]}-{month}-01T00:00", None
    return None


def _bare(cell: str) -> str:
    """A cell without white space around it, and without the name of a weekday ahead of a date."""
    return WEEKDAY.sub("", cell.strip())


def _moment(found: re.Match[str], year: str, month: str, day: str) -> tuple[str, re.Match[str]]:
    """A day with the time that stands beside it, 12 AM for midnight, as numpy reads it, and what was found."""
    hour = int(found["hour"] or 0)
    if half := found["half"]:
        hour = hour % 12 + 12 * (half in "pP") if 1 <= hour <= 12 else 24
    return f"{year}-{month:0>2}-{day:0>2}T{hour:02}:{found['minute'] or '00'}:{found['second'] or '00'}", found


def _year(year: str) -> str:
    """The year with its century."""
    return year if len(year) == 4 else f"{20 if int(year) <= LATEST else 19}{year}"


def _month(name: str) -> str:
    """The number of a month, as two digits."""
    return f"{MONTHS.index(name[:3].lower()) + 1:02}"


def has_short_years(cells: Sequence[str]) -> bool:
    """Whether some dates have years of two digits.

    >>> has_short_years(["24-Dec-2015", "24-Dec-15"]), has_short_years(["24-Dec-2015"])
    (True, False)
    """
    return any(map(_has_short_year, cells))


def _has_short_year(cell: str) -> bool:
    cell = _bare(cell)
    if found := SLASHES.match(cell):
        return len(found[4]) == 2
    found = DAY_OF_MONTH.match(cell)
    return found is not None and found[3] is not None and len(found[3]) == 2


def holds_dates(cells: Sequence[str], text: Sequence[int]) -> bool:
    """Whether a column holds dates, by its first cell that is no number, in the rows `text`.

    Seasons such as 2009-10, 2010-11 are no months: each may as well be a year and the next one. Of dates such as
    3/4/2020 one has to say which number is the month.

    >>> holds_dates(["2009-10", "2009-11"], [0, 1]), holds_dates(["2009-10", "2010-11"], [0, 1])
    (True, False)
    """
    if not text:
        return False
    first = first_number(cells) if SLASHES.match(_bare(cells[text[0]])) else ""
    if not is_date(cells[text[0]], first):
        return False
    return not all(_is_pair_of_years(cells[row].strip()) for row in text)


def holds_days(values: np.ndarray) -> bool:
    """Whether a column of numbers (n,), nan where there is none, holds dates as whole numbers: 20201231.

    >>> holds_days(20200125.0 + np.arange(7)), holds_days(20200126.0 + np.arange(7))
    (True, False)
    """
    if not len(values) or not _may_be_day(np.nanmax(values, initial=-np.inf)):  # of most columns, seen at once
        return False
    there = values[~np.isnan(values)]
    return len(np.unique(there)) >= NUMBERS and not np.isnat(days_of(there)).any()


def days_of(values: np.ndarray) -> np.ndarray:
    """The days (n,) that whole numbers such as 20201231 are, of 1800 to 2200; NaT for others.

    >>> days_of(np.array([20200229.0, 20210229.0, 2020.5])).astype(str).tolist()
    ['2020-02-29T00:00:00', 'NaT', 'NaT']
    """
    whole = np.nan_to_num(values.astype(np.float64), posinf=0.0)
    may_be = _may_be_day(whole) & (whole == np.floor(whole))
    number = np.where(may_be, whole, EARLIEST).astype(np.int64)
    month = (number // 10_000 - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (number // 100 % 100 - 1)
    days = month.astype("datetime64[D]") + (number % 100 - 1)
    same = (1 <= number // 100 % 100) & (number // 100 % 100 <= 12) & (days.astype("datetime64[M]") == month)
    return np.where(may_be & same, days, np.datetime64("NaT")).astype("datetime64[s]")


def _may_be_day(number: Any) -> Any:
    """Whether whole numbers are of the years 1800 to 2200."""
    return (number >= EARLIEST) & (number <= LATEST_NUMBER)


def _is_pair_of_years(cell: str) -> bool:
    found = MONTH.match(cell)
    return found is not None and found[2] is not None and (int(found[1]) + 1) % 100 == int(found[2])


def parts_of(moments: np.ndarray) -> tuple[str, ...]:
    """What these dates (n,), all there, may say: names in `PARTS`. A part needs dates that show it, and that last long
    enough to tell it from a trend.

    >>> parts_of(np.arange("2019-01", "2022-01", dtype="datetime64[M]").astype("datetime64[s]"))
    ('year', 'season')
    """
    days = moments.astype("datetime64[D]")
    span = (moments.max() - moments.min()).astype(np.int64) / DAY
    of_year = days - days.astype("datetime64[Y]").astype("datetime64[D]")
    of_month = days - days.astype("datetime64[M]").astype("datetime64[D]")
    weekdays = np.bincount(_weekday(days), minlength=7)
    shown = {
        "year": True,
        "season": span >= 365 and len(np.unique(of_year)) >= SEASONS,
        "weekday": span >= 14 and len(np.unique(of_month)) >= MONTH_DAYS and (weekdays >= RARE).sum() > 1,
        "hour": span >= 2 and len(np.unique((moments - days) // np.timedelta64(1, "h"))) > 1,
    }
    return tuple(part for part in PARTS if shown[part])


def date_inputs(column: str, moments: np.ndarray, parts: Sequence[str]) -> dict[str, np.ndarray]:
    """The inputs (n,) that dates become, nan where there is no date.

    >>> found = date_inputs("day", np.array(["2021-07-02T12"], dtype="datetime64[s]"), ("year", "weekday"))
    >>> float(found["day=year"][0]), float(found["day=Friday"][0])
    (2021.5, 1.0)
    """
    gaps = np.isnat(moments)
    there = np.where(gaps, np.datetime64("2000-01-01T00:00:00", "s"), moments)
    days, years = there.astype("datetime64[D]"), there.astype("datetime64[Y]")
    first, last = years.astype("datetime64[s]"), (years + YEAR).astype("datetime64[s]")
    part = (there - first).astype(np.float64) / (last - first).astype(np.float64)
    hour = (there - days).astype(np.float64) / DAY
    weekday = _weekday(days)
    values = {
        "year": (years.astype(np.int64) + 1970 + part,),
        "season": (np.sin(2 * np.pi * part), np.cos(2 * np.pi * part)),
        "weekday": tuple((weekday == number).astype(np.float64) for number in range(7)),
        "hour": (np.sin(2 * np.pi * hour), np.cos(2 * np.pi * hour)),
    }
    found = {f"{column}={name}": v for p in parts for name, v in zip(PARTS[p], values[p], strict=True)}
    return {name: np.where(gaps, np.nan, v) for name, v in found.items()}


def date_texts(years: np.ndarray, zones: Sequence[str] = ()) -> list[str]:
    """The dates that years with their fractions (n,) came from, to the second; "" for nan. zones: those of their
    column; of several only the clock is known, and the first one stands there.

    >>> date_texts(date_inputs("a", read_dates(["2020-02-28 12:30", ""])[0], ("year",))["a=year"], ["Europe/Berlin"])
    ['2020-02-28T12:30:00[Europe/Berlin]', '']
    """
    zone = zones[0] if zones else ""
    zone = zone if not zone or zone[0] in "+-" else f"[{zone}]"
    whole = np.floor(np.nan_to_num(years, nan=2000.0))
    start = (whole.astype(np.int64) - 1970).astype("datetime64[Y]")
    first, last = start.astype("datetime64[s]"), (start + YEAR).astype("datetime64[s]")
    part = np.nan_to_num(years, nan=2000.0) - whole
    seconds = np.round(part * (last - first).astype(np.float64)).astype(np.int64)
    return ["" if gap else f"{moment}{zone}" for gap, moment in zip(np.isnan(years), first + seconds, strict=True)]


def _weekday(days: np.ndarray) -> np.ndarray:
    """0 for Monday to 6 for Sunday: the first day of numpy's count, 1970-01-01, was a Thursday."""
    return (days.astype(np.int64) + 3) % 7
