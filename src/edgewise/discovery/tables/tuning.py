"""The numbers that say how many rows do what, and when a law gives them: each with its meaning, unit and reason. "Not
measured" says that a value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ rows (split_rows.py)

    fewest: int = 20
    """Rows from which a law can be looked for: a part that fits, one that chooses, one that judges."""
    smallest_size: float = 1e-120
    """Size of a target from which errors a billionth of it have squares that float64 holds."""
    choosing: float = 0.2
    """Part of the rows that choose among formulas. Not measured."""
    judging: float = 0.2
    """Part of the rows that only give the figures shown. With eight at least, laws of 20 rows under noise were claimed,
    but also a line over time for 65 of 100 walks with a drift: so few rows do not show what a formula leaves."""
    searched: int = 400
    """Rows on which terms are compared: a pair of terms has three constants, so more of them tell little more."""
    fitted: int = 4000
    """Rows to which the constants of a formula are fitted, at most: more take time, and lower their errors little."""
    judged: int = 4000
    """Rows that choose, and rows that judge, at most: they tell an error to about one percent."""
    exact: float = 1e-9
    """Relative error of a formula that counts as exact: some million roundings of float64, and far below any noise."""

    # ------------------------------------------------------------------ units (units.py)

    unit_change: float = 1.5
    """Factor of the change of a unit that shows whether a formula keeps units: no power of a simple number, and small
    enough that exponentials stay finite. Not measured."""
    unit_digits: float = 1e-6
    """Part of its size by which a formula may change then: far above round-off, where terms cancel. Not measured."""


TABLES = TableTuning()
