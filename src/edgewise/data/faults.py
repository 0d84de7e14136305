"""The unusable cells of a table, gathered over all columns: one error for all of them, or the rows that are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.errors import DataError

from .cells import PLACES_SHOWN, Reading, hint
from .reader import Grid, quoted

COLUMNS = 8  # faulty columns that a message lists before it counts the rest


class Faults:
    """Gathers faults column by column; `settle` raises one error or says which rows can be used.

    `new`: the rows are for a trained model, whose columns are settled.
    """

    def __init__(self, grid: Grid, drop_rows: bool, *, new: bool = False) -> None:
        self.grid, self.drop_rows, self.new = grid, drop_rows, new
        self.bad = np.zeros(len(grid.lines), dtype=bool)
        self.found: list[str] = []  # faults that leaving rows out would cure
        self.hopeless: list[str] = []  # faults that it would not
        self.texts: list[str] = []  # columns that could be classes

    def add_reading(self, name: str, reading: Reading, cells: Sequence[Any], role: str = "column") -> None:
        """Note the faulty rows of a column of numbers. One that is mostly text is hopeless: leaving rows out cannot
        save it."""
        rows, decimal = len(self.bad), self.grid.decimal
        text = reading.text
        advice = next((found for row in text[:PLACES_SHOWN] if (found := hint(str(cells[row]), decimal))), "")
        if text and len(text) >= (rows - len(reading.missing)) / (1 if self.new else 2):
            samples = list(dict.fromkeys(str(cells[row])[:40] for row in text))
            shown = ", ".join(map(repr, samples[:PLACES_SHOWN])) + (", ..." if len(samples) > PLACES_SHOWN else "")
            self.hopeless.append(f"{role} {name!r} holds text ({shown})" + (f" - {advice}" if advice else ""))
            if role == "column" and not advice and not self.new:
                self.texts.append(name)
            return
        self.add_missing(name, reading.missing, role)
        if reading.infinite:
            places = self._places(reading.infinite, cells)
            self._note(reading.infinite, f"{role} {name!r} is infinite, or too large for a float64, in {places}")
        if text:
            self._note(
                text,
                f"{role} {name!r} holds no number in {self._places(text, cells)}" + (f" - {advice}" if advice else ""),
            )

    def add_missing(self, name: str, at: list[int], role: str = "column") -> None:
        """Note the rows in which a column has no value."""
        if role == "target" and len(at) == len(self.bad):
            self.hopeless.append(f"target {name!r} is empty")
        elif at:
            self._note(at, f"{role} {name!r} misses {len(at)} value{'s' if len(at) > 1 else ''}, in {self._places(at)}")

    def add_strange(self, name: str, at: list[int], levels: Sequence[str], known: Sequence[str]) -> None:
        """Note the rows whose level a trained model has never seen."""
        if at:
            what = f"column {name!r} has a level that the model has never seen, in {self._places(at, levels)}"
            self._note(at, f"{what}; it knows {', '.join(known[:12])}")

    def settle(self, notes: list[str]) -> np.ndarray:
        """The rows that can be used, with a note on the others. Raises `DataError` unless all is fine or bad rows are
        to be left out."""
        if self.hopeless or (self.found and not self.drop_rows):
            wrong = self.hopeless + ([] if self.drop_rows else self.found)
            more = f"; and {len(wrong) - COLUMNS} more" if len(wrong) > COLUMNS else ""
            raise DataError(f"{self.grid.where}: {'; '.join(wrong[:COLUMNS])}{more}. Mend the table{self._ways(wrong)}")
        left = int(self.bad.sum())
        if left:
            more = "; ..." if len(self.found) > 4 else ""
            notes.append(f"{left} of {len(self.bad)} rows left out: {'; '.join(self.found[:4])}{more}")
        return np.flatnonzero(~self.bad)

    def _ways(self, wrong: list[str]) -> str:
        """What can be done instead of mending the table."""
        if self.new and self.grid.unit == "row":  # of a DataFrame or an array, that the caller can take rows from
            return ", or leave these rows out" if self.found and not self.drop_rows else ""
        ways = []
        if self.found and not self.drop_rows:
            ways.append("--drop rows leaves out the faulty rows")
        if self.texts:
            ways.append(f"--categorical {quoted(self.texts[0])} makes its texts classes")
        if not self.new and any(not text.startswith("target") for text in wrong):
            ways.append("--drop COLUMN leaves out a column")
        settings = "drop=..., categorical=..." if self.texts else "drop=..."
        return f", or: {'; '.join(ways)} (in Python: {settings})" if ways else ""

    def _note(self, at: list[int], text: str) -> None:
        self.bad[at] = True
        self.found.append(text)

    def _places(self, rows: list[int], cells: Sequence[Any] | None = None) -> str:
        shown = [
            f"{self.grid.lines[row]}" + ("" if cells is None else f" ({str(cells[row])[:30]!r})")
            for row in rows[:PLACES_SHOWN]
        ]
        more = f" and {len(rows) - PLACES_SHOWN} more" if len(rows) > PLACES_SHOWN else ""
        return f"{self.grid.unit}{'s' if len(rows) > 1 else ''} {', '.join(shown)}{more}"
