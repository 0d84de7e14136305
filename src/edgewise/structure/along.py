"""What repeats along one column: periods, and centres that a function is mirrored at."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..symbolic.simple_numbers import nearest
from .finding import UNTESTED, Evidence, Finding, judge, trimmed_rms
from .probe import Probe
from .tuning import TUNED

# n rows, a anchors, l places along the column

Compared = tuple[np.ndarray, np.ndarray, np.ndarray]  # violation, its derivative with respect to the number, its error


@dataclass(frozen=True, repr=False)
class Period(Finding):
    """f(x_i + length) = f(x_i), whatever the other columns are; the shortest such length."""

    kind: ClassVar[str] = "period"
    length: float = 0.0

    @property
    def words(self) -> str:
        """What it means."""
        return f"{self.named(self.columns)[0]} repeats after {self.length:.6g}"


@dataclass(frozen=True, repr=False)
class Mirror(Finding):
    """f is even or odd in a column around a centre.

    Attributes:
        centre: c.
        odd: f(c + u) - f(c) = f(c) - f(c - u); otherwise f(c + u) = f(c - u).
    """

    kind: ClassVar[str] = "mirror"
    centre: float = 0.0
    odd: bool = False

    @property
    def words(self) -> str:
        """What it means."""
        kind = "odd" if self.odd else "even"
        return f"{self.named(self.columns)[0]} is {kind} around {self.centre:.6g}"


def periods(probe: Probe, without: Collection[int] = ()) -> tuple[Period, ...]:
    """For each column that f repeats along: the shortest period, of which at least two lie in the range of the rows.

    Args:
        probe: the function.
        without: columns that do not matter.

    >>> from edgewise.structure import probe_of
    >>> X = 10 * np.random.default_rng(0).random((100, 2))
    >>> periods(probe_of(lambda X: (2 * X[:, 0]).sin() * X[:, 1], X, None, None, 0))
    (x1 repeats after 3.14159 (tested to ...),)
    """
    found = []
    for column in _others(probe, without):
        line = _Line.of(probe, column)
        longest = int(len(line.places) * TUNED.shortest_overlap)
        differences = [line.size(line.values[:, lag:] - line.values[:, :-lag]) for lag in range(1, longest + 1)]
        for lag in _dips(differences):
            length, evidence = _sharpened(lambda P: _shifted(line, P), (lag + 1) * line.step, line.step)  # noqa: B023
            if evidence.holds and length > line.step:
                found.append(Period((column,), evidence, probe.base.names, length))
                break
    return tuple(found)


def mirrors(probe: Probe, without: Collection[int] = ()) -> tuple[Mirror, ...]:
    """For each column: a centre that f is even around and one that it is odd around, if any; of several that next to 0.

    At least half of the range of the column must have its image there. A function that is linear in a column, which is
    odd around everything, does not count.

    Args:
        probe: the function.
        without: columns that do not matter.

    >>> from edgewise.structure import probe_of
    >>> X = 2 * np.random.default_rng(0).random((100, 2)) - 1
    >>> mirrors(probe_of(lambda X: (X[:, 0] - 0.1) ** 2 + X[:, 1].exp(), X, None, None, 0))
    (x1 is even around 0.1 (tested to ...),)
    """
    found = []
    for column in _others(probe, without):
        line = _Line.of(probe, column)
        for odd in (False, True):
            best = _mirror(line, odd)
            if best:
                found.append(Mirror((column,), best[1], probe.base.names, best[0], odd))
    return tuple(found)


def _mirror(line: _Line, odd: bool) -> tuple[float, Evidence] | None:
    """The centre nearest to 0 that f is even or odd around."""
    count = len(line.places)
    margin = int(count * TUNED.shortest_overlap)  # both sides together
    sums = range(margin, 2 * count - 1 - margin)
    sizes = []
    for total in sums:
        kept = np.arange(max(0, total - count + 1), min(count, total + 1))
        image = line.values[:, total - kept]
        whole = line.values[:, kept] + image
        middle = whole[:, [len(kept) // 2]]  # twice the value at the centre, about
        sizes.append(line.size(whole - middle if odd else line.values[:, kept] - image))
    if odd and max(sizes) <= TUNED.loose * line.error:
        return None  # a line, which is odd around everything
    found = []
    for dip in _dips(sizes):
        start = line.places[0] + line.step * sums[dip] / 2
        centre, evidence = _sharpened(lambda c: _mirrored(line, c, odd), start, line.step)
        if evidence.holds:
            found.append((centre, evidence))
    return min(found, key=lambda one: abs(one[0]), default=None)


@dataclass(frozen=True, eq=False)
class _Line:
    """A function along one column: values (a, l) at even places (l,), for some rows as anchors; their usual error."""

    probe: Probe
    column: int
    places: np.ndarray
    values: np.ndarray
    error: float

    @staticmethod
    def of(probe: Probe, column: int) -> _Line:
        X = probe.base.X
        places = np.linspace(X[:, column].min(), X[:, column].max(), TUNED.line)
        anchors = X[: TUNED.anchors]
        rows = np.repeat(anchors, len(places), 0)
        rows[:, column] = np.tile(places, len(anchors))
        values, error = (part.reshape(len(anchors), -1) for part in probe.function.values(rows))
        there = np.isfinite(values).all(1)
        return _Line(probe, column, places, values[there], trimmed_rms(error[there].ravel()) if there.any() else np.inf)

    @property
    def step(self) -> float:
        """From one place to the next."""
        return float(self.places[1] - self.places[0])

    @property
    def spread(self) -> float:
        """How much f varies along the column."""
        return self.size(self.values - self.values.mean(1, keepdims=True))

    def size(self, violation: np.ndarray) -> float:
        """The size of a violation (a, ...) on the line."""
        return trimmed_rms(np.abs(violation).ravel()) if violation.size else np.inf

    def inside(self, image: np.ndarray) -> np.ndarray:
        """Which places (n,) lie in the range."""
        return (image >= self.places[0]) & (image <= self.places[-1])


def _dips(sizes: list[float]) -> list[int]:
    """Where a row of sizes has a minimum inside, the first ones first."""
    values = np.asarray(sizes)
    lowest = (values[1:-1] <= values[:-2]) & (values[1:-1] <= values[2:]) & np.isfinite(values[1:-1])
    deep = values[1:-1] < TUNED.dip * np.max(values, initial=0.0, where=np.isfinite(values))
    return (np.flatnonzero(lowest & deep) + 1).tolist()


def _shifted(line: _Line, length: float) -> tuple[Compared, np.ndarray]:
    """f(x + length) - f(x) on the rows where both are in the range, and how much f varies there."""
    base, column = line.probe.base, line.column
    image = base.X.copy()
    image[:, column] += length
    kept = line.inside(image[:, column])
    moved, base = line.probe.function.at(image[kept]), base.at(kept)
    return (moved.f - base.f, moved.gradient[:, column], np.hypot(moved.f_error, base.f_error)), _scale(line, kept)


def _mirrored(line: _Line, centre: float, odd: bool) -> tuple[Compared, np.ndarray]:
    """f(2c - x) - f(x), or f(2c - x) + f(x) - 2 f(c), on the rows where both are in the range; how much f varies."""
    base, column = line.probe.base, line.column
    image = base.X.copy()
    image[:, column] = 2 * centre - image[:, column]
    kept = line.inside(image[:, column])
    moved, base = line.probe.function.at(image[kept]), base.at(kept)
    if not odd:
        violation, error = moved.f - base.f, np.hypot(moved.f_error, base.f_error)
        return (violation, 2 * moved.gradient[:, column], error), _scale(line, kept)
    rows = base.X.copy()
    rows[:, column] = centre
    middle = line.probe.function.at(rows)
    error = np.sqrt(moved.f_error**2 + base.f_error**2 + 4 * middle.f_error**2)
    slope = 2 * (moved.gradient[:, column] - middle.gradient[:, column])
    return (moved.f + base.f - 2 * middle.f, slope, error), _scale(line, kept)


def _scale(line: _Line, kept: np.ndarray) -> np.ndarray:
    return np.full(int(kept.sum()), line.spread)


def _sharpened(
    compare: Callable[[float], tuple[Compared, np.ndarray]], start: float, step: float
) -> tuple[float, Evidence]:
    """The number within a step of a start at which a violation vanishes, by Gauss and Newton; one that people write
    where it may be."""
    number, unsure = start, np.inf
    for _ in range(TUNED.newton):
        (violation, slope, error), _ = compare(number)
        usable = np.isfinite(violation) & np.isfinite(slope) & (error > 0)
        weight = 1 / error[usable] ** 2
        curvature = float((weight * slope[usable] ** 2).sum())
        if not 0 < curvature < np.inf:
            return number, UNTESTED
        number -= float((weight * slope[usable] * violation[usable]).sum()) / curvature
        if abs(number - start) > step:
            return number, UNTESTED
        unsure = (usable.sum() / curvature) ** 0.5  # as if all rows had one error, as those of a surrogate nearly do
    near = nearest(number, unsure)
    for candidate in ([near.value] if near is not None and abs(near.value - start) <= step else []) + [number]:
        (violation, _, error), scale = compare(candidate)
        evidence = judge(violation, error, scale)
        if evidence.holds:
            return candidate, evidence
    return number, UNTESTED


def _others(probe: Probe, without: Collection[int]) -> list[int]:
    return [column for column in range(probe.base.columns) if column not in without]
