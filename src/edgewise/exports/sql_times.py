"""Times such as 2:30, 2:30:15 or 2:30 PM in SQL, read as hours as `data.cells.read_times` reads them."""

from __future__ import annotations

from .sql_steps import Sql, SqlSteps, joined

LONG = "999:99:99"  # a time with seconds, whose hours have three digits and whose digits are all 9
TENS = "('0', '1', '2', '3', '4', '5')"  # first digits of minutes and of seconds


def hours_of(steps: SqlSteps, index: int, small: Sql, down_to: str) -> Sql:
    """The hours that each cell says, or NULL.

    SQL without regular expressions reads it by place: the hours get three digits, and all digits count as 9.

    Args:
        steps: the query, which gets columns.
        index: of the column in the table, for their names.
        small: its cells in small letters, without white space around them, and with a space for each within.
        down_to: "minutes" for times with or without seconds, "seconds" for those with seconds alone.

    >>> steps = SqlSteps("t", "row")
    >>> hours_of(steps, 0, steps.read("cell_0", "start"), "minutes").text
    'hours_0'
    """
    half = " WHEN ".join(
        f"{{0}} LIKE '%{space}am' OR {{0}} LIKE '%{space}pm' THEN SUBSTR({{0}}, 1, LENGTH({{0}}) - {letters})"
        for space, letters in ((" ", 3), ("", 2))
    )
    clock = steps.column(f"clock_{index}", joined(f"CASE WHEN {half} ELSE {{0}} END", small))
    ahead = "WHEN SUBSTR({0}, 2, 1) = ':' THEN '00' || {0} WHEN SUBSTR({0}, 3, 1) = ':' THEN '0' || {0}"
    whole = steps.column(f"whole_{index}", joined(f"CASE {ahead} ELSE {{0}} END", clock))
    digits = "{}"
    for digit in range(9):
        digits = f"REPLACE({digits}, '{digit}', '9')"
    shape = steps.column(f"shape_{index}", joined(digits, whole))
    seconds = f"({{1}} = '{LONG}' OR ({{1}} LIKE '{LONG}.9%' AND RTRIM({{1}}, '9') = '{LONG}.'))"
    written = f"({seconds} AND SUBSTR({{0}}, 8, 1) IN {TENS})"
    if down_to == "minutes":
        written = f"({{1}} = '{LONG[:6]}' OR {written})"
    right = f"{written} AND SUBSTR({{0}}, 5, 1) IN {TENS}"
    first = joined(f"CASE WHEN {right} THEN CAST(SUBSTR({{0}}, 1, 3) AS DOUBLE PRECISION) END", whole, shape)
    hour = steps.column(f"hour_{index}", first)
    # 12 AM is midnight, and there is no 13 PM
    of_half = "CASE WHEN {0} = 12e0 THEN 0e0 ELSE {0} END + CASE WHEN {1} LIKE '%pm' THEN 12e0 ELSE 0e0 END"
    halves = f"WHEN {{1}} NOT LIKE '%m' THEN {{0}} WHEN {{0}} >= 1e0 AND {{0}} <= 12e0 THEN {of_half}"
    of_day = steps.column(f"day_{index}", joined(f"CASE {halves} END", hour, small))
    rest = (
        "CAST(SUBSTR({1}, 5, 2) AS DOUBLE PRECISION) / 60e0"
        " + CASE WHEN LENGTH({1}) > 6 THEN CAST(SUBSTR({1}, 8) AS DOUBLE PRECISION) / 3600e0 ELSE 0e0 END"
    )
    return steps.column(f"hours_{index}", joined(f"CASE WHEN {{0}} IS NOT NULL THEN {{0}} + {rest} END", of_day, whole))
