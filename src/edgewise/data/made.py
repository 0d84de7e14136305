"""Columns -> inputs: the numbers of each row, their names, and what has to be kept to do the same with new rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgewise.errors import few, shown
from edgewise.metadata import MISSING, PARTS, Encoding

from .cells import sort_levels
from .dates import date_inputs, parts_of

# n rows, d inputs


@dataclass
class Made:
    """The inputs so far: columns (n,) and their names; levels, their shares, rare ones that were merged, what fills
    missing cells, and the columns with an input that says where they miss; what dates with slashes start with, and
    their zones; down to what times go. texts: as in a `Table`. weight (n,): how often rows count; None for once."""

    weight: np.ndarray | None = None
    columns: list[np.ndarray] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shares: dict[str, tuple[float, ...]] = field(default_factory=dict)
    fills: dict[str, float] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    dates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    merged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    slashes: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    zones: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, np.ndarray] = field(default_factory=dict)

    def count(self, rows: np.ndarray) -> float:
        """How much these rows (n,) count, of all."""
        return float(rows.mean() if self.weight is None else self.weight[rows].sum() / self.weight.sum())

    def add(self, name: str, values: np.ndarray) -> None:
        """One more input."""
        self.columns.append(values.astype(np.float64))
        self.names.append(name)

    def encoding(self) -> Encoding:
        """What has to be kept."""
        how = self.dates, self.merged, self.slashes, self.times, self.zones
        return Encoding(self.shares, self.fills, tuple(self.gaps), *how)

    def matrix(self) -> np.ndarray:
        """All inputs side by side (n, d)."""
        return np.stack(self.columns, axis=1)


def as_levels(made: Made, name: str, values: Sequence[str]) -> None:
    """A column as one input for each of its levels, 0 or 1."""
    kinds = sort_levels(set(values))
    codes = codes_of(values, kinds)
    made.categories[name] = kinds
    for place, kind in enumerate(kinds):
        made.add(f"{name}={kind}", codes == place)
    made.shares[name] = tuple(made.count(codes == place) for place in range(len(kinds)))


def codes_of(values: Sequence[str], kinds: Sequence[str]) -> np.ndarray:
    """The place of each value among these levels (n,), -1 for others."""
    place = {kind: number for number, kind in enumerate(kinds)}
    return np.array([place.get(value, -1) for value in values], dtype=np.int64)


def as_number(made: Made, name: str, values: np.ndarray, varies: bool) -> list[str]:
    """A column as an input, its median in missing cells, and an input that says where it misses; notes on it.

    Args:
        made: where they go.
        name: of the column.
        values (n,): nan where there is none.
        varies: whether the others differ; otherwise only the places of the missing ones say something.
    """
    gaps = np.isnan(values)
    middle = median(values[~gaps], None if made.weight is None else made.weight[~gaps])
    if varies:
        made.add(name, np.where(gaps, middle, values))
        made.fills[name] = middle
    return _with_gaps(made, name, gaps, "its median stands in")


def as_date(made: Made, name: str, moments: np.ndarray, first: str, zones: Sequence[str]) -> list[str]:
    """A column of dates as inputs, of which its median date or the mean stands in missing cells; notes on it.

    Args:
        made: where they go.
        name: of the column.
        moments (n,): datetime64, NaT where there is none.
        first: what dates with slashes start with, "day" or "month"; "" where there are none.
        zones: the time zones of the dates, "" for those without one.
    """
    gaps = np.isnat(moments)
    parts = parts_of(moments[~gaps])
    found = date_inputs(name, moments, parts)
    weight = None if made.weight is None else made.weight[~gaps]
    kept = {key: values for key, values in found.items() if (values[~gaps] != values[~gaps][0]).any()}
    for key, values in kept.items():
        there = values[~gaps]
        middle = median(there, weight) if key == f"{name}=year" else mean(there, weight)
        made.add(key, np.where(gaps, middle, values))
        made.fills[key] = middle
    made.dates[name] = tuple(part for part in parts if any(f"{name}={key}" in kept for key in PARTS[part]))
    notes = [f"column {shown(name)} holds dates: read as {', '.join(made.dates[name])}"]
    if first:
        made.slashes[name] = first
        notes[0] += f"; dates with slashes start with the {first}"
    made.zones[name] = tuple(zones)
    if any(zones):
        notes[0] += f"; by the clock of {few([zone or 'no time zone' for zone in zones])}"
        notes[0] += ", each by its own" if len(zones) > 1 else ""
    return notes + _with_gaps(made, name, gaps, "a usual one stands in")


def _with_gaps(made: Made, name: str, gaps: np.ndarray, what: str) -> list[str]:
    """The input that says where a column misses, if anywhere, and a note on it."""
    if not gaps.any():
        return []
    made.add(f"{name}={MISSING}", gaps)
    made.gaps.append(name)
    count = f"{int(gaps.sum())} of {len(gaps)} values"
    return [f"column {shown(name)} misses {count}: {what}, and {shown(made.names[-1])} says where"]


def mean(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The same to the last bit in any order of the rows, and with whole weights as if rows were repeated.

    >>> mean(np.array([1.0, 5.0, 5.0])) == mean(np.array([5.0, 1.0]), np.array([2.0, 1.0]))
    True
    """
    different, place = np.unique(values, return_inverse=True)
    return float(np.average(different, weights=np.bincount(place, weight)))


def median(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Half of the weight is on either side of it; with whole weights, as if rows were repeated.

    >>> median(np.array([1.0, 5.0, 2.0])), median(np.array([1.0, 5.0, 2.0]), np.array([1.0, 3.0, 1.0]))
    (2.0, 5.0)
    """
    if weight is None:
        return float(np.median(values))
    order = values.argsort(kind="stable")
    sums = weight[order].cumsum()
    ends = (np.searchsorted(sums, sums[-1] / 2, side) for side in ("left", "right"))
    low, high = (values[order[min(int(end), len(order) - 1)]] for end in ends)
    return float(low + (high - low) / 2)
