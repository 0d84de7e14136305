"""Which constants of a form are the same at all levels, and which of them have simple values.

All comparisons are F-tests of what is left of the rows that fit. Source: Seber & Lee 2003, Linear Regression Analysis,
section 4.1, with the noise of each level by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

from ...symbolic.simple_numbers import SimpleNumber, nearest
from ..formulas.opened import OpenForm, Role
from ..formulas.tree import ONE, ZERO, Num
from ..judging.tuning import JUDGING
from ..polishing.tuning import POLISHING
from ..tables.law_task import LawRows
from ..tables.tuning import TABLES
from .joint_fit import LevelForm, errors_together, fitted_together


@dataclass(frozen=True)
class LevelFits:
    """The rows of all levels that constants are fitted to, and what a form with all its constants free leaves of them.

    noise: of each level, round-off at least. errors: the root mean squared errors. degrees: rows beyond constants.
    """

    rows: Sequence[LawRows]
    noise: Sequence[float]
    errors: Sequence[float]
    degrees: int

    @staticmethod
    def of(form: LevelForm, rows: Sequence[LawRows]) -> LevelFits:
        """What this form leaves, all of whose constants are free at each level."""
        errors, noise = form.errors(rows), []
        for level, (off, part) in enumerate(zip(errors, rows, strict=True)):
            free = sum(number.name is None for number in form.numbers[level])
            size = float(part.y.square().mean().sqrt()) or 1.0
            spread = off * math.sqrt(len(part) / max(len(part) - free, 1))
            noise.append(max(spread, 1e-1 * TABLES.exact * size))
        return LevelFits(rows, noise, errors, max(sum(map(len, rows)) - form.count(), 1))

    def fitted(self, form: LevelForm, steps: int = POLISHING.quick_steps) -> LevelForm:
        """The form with the constants of least squares."""
        return fitted_together(form, self.rows, self.noise, steps=steps)

    def worse(self, form: LevelForm, errors: Sequence[float] | None = None) -> float:
        """How much more a form leaves than these errors, in units of the noise's variance; without them, than all
        constants free do."""
        before = self.errors if errors is None else errors
        more = [
            len(part) * (after**2 - old**2) / noise**2
            for part, after, old, noise in zip(self.rows, form.errors(self.rows), before, self.noise, strict=True)
        ]
        return math.fsum(more) if all(map(math.isfinite, more)) else math.inf

    def allows(self, form: LevelForm, before: LevelForm, all_free: int) -> bool:
        """Whether a form with fewer constants than another is as good, and as good as that with all of them free."""
        removed, in_all = before.count() - form.count(), all_free - form.count()
        return (
            self._chance(self.worse(form, before.errors(self.rows)), removed) > JUDGING.chance
            and self._chance(self.worse(form), in_all) > JUDGING.chance
        )

    def _chance(self, worse: float, removed: int) -> float:
        """The chance that so many constants without use explain as much."""
        from scipy.special import fdtrc

        if worse <= 0 or removed < 1:
            return 1.0 if worse <= 0 else 0.0
        return float(fdtrc(removed, self.degrees, worse / removed))


def with_fewest(form: OpenForm, free: LevelForm, fits: LevelFits) -> LevelForm:
    """The form with as few constants by level as explain the rows of all levels as well as all of them do.

    Constants can stand in for each other, as the factor of a sum for those of its terms. So they are taken away in
    several orders, and the order that leaves the fewest wins.
    """
    found: list[LevelForm] = []
    for order in _orders(form):
        found.append(_thinned(form, free, fits, order))
        if len(own_places(found[-1])) <= 1:  # no order leaves fewer
            break
    return min(found, key=lambda one: (len(own_places(one)), one.count(), *_unwritten(form, one)))


def own_places(form: LevelForm) -> list[int]:
    """The places of numbers that are each level's own."""
    return [
        place
        for place in range(len(form.numbers[0]))
        if place not in form.common and any(row[place].name is None for row in form.numbers)
    ]


def _orders(form: OpenForm) -> list[list[int]]:
    """Silent factors first, since no law has them without need; then other orders of them, the factor in front, and
    what is written."""
    offset, silent = form.places(Role.OFFSET), form.places(Role.SILENT)
    factor, written = form.places(Role.FACTOR), form.places(Role.WRITTEN, Role.POWER)
    blocks = [*permutations((silent, factor, written)), (silent, factor, written[::-1])]
    return [list(order) for order in dict.fromkeys((*offset, *one, *two, *three) for one, two, three in blocks)]


def _thinned(form: OpenForm, free: LevelForm, fits: LevelFits, order: Sequence[int]) -> LevelForm:
    """The form without the constants by level that it does not need, tried in this order."""
    found, all_free = free, free.count()
    for ways in (_as_in_the_law, _one_for_all):
        for place in order:
            if place not in own_places(found):
                continue
            tried = ways(form, found, place)
            if tried is None:
                continue
            tried = fits.fitted(tried)
            if not fits.allows(tried, found, all_free):
                tried = fits.fitted(tried, POLISHING.steps)  # constants that stand in for each other have far to go
            if fits.allows(tried, found, all_free):
                found = tried
    return found


def _as_in_the_law(form: OpenForm, found: LevelForm, place: int) -> LevelForm | None:
    """With the simple number that the law has there; none where it was fitted."""
    number = form.numbers[place]
    return None if number.name is None else found.fixed(place, number)


def _one_for_all(form: OpenForm, found: LevelForm, place: int) -> LevelForm:
    """With one fitted number for all levels, which begins where that of the law is."""
    return found.tied(place, form.numbers[place].value)


def _unwritten(form: OpenForm, found: LevelForm) -> tuple[int, int]:
    """How many constants a form has that the law does not; and of these, whether there is a factor of the whole, since
    those of its terms are easier to read."""
    used = [place for place in {*own_places(found), *found.common} if form.numbers[place] in (ONE, ZERO)]
    return len(used), sum(form.roles[place] is Role.FACTOR for place in used)


# ------------------------------------------------------------------ simple values


def with_simple_numbers(form: OpenForm, found: LevelForm, fits: LevelFits) -> LevelForm:
    """The form with as many simple numbers as the rows allow: first of those that all levels have, then of the rest.

    A constant by level stays what was measured where there is noise.
    """
    found = _snapped(found, fits, lambda one: [(0, place) for place in sorted(one.common)], form)
    sizes = [float(part.y.square().mean().sqrt()) for part in fits.rows]
    exact = [n for n, size in enumerate(sizes) if fits.errors[n] <= TABLES.exact * size]
    own = own_places(found)
    return _snapped(found, fits, lambda one: [(n, place) for n in exact for place in own], form)


def _snapped(
    found: LevelForm, fits: LevelFits, places: Callable[[LevelForm], list[tuple[int, int]]], form: OpenForm
) -> LevelForm:
    """With simple numbers at these (level, place), the simplest to write first; one that costs more stays fitted."""
    refused: set[tuple[int, int]] = set()
    while True:
        errors = errors_together(found, fits.rows, fits.noise)
        offers = [
            (simple.cost, level, place, simple)
            for level, place in places(found)
            if (level, place) not in refused
            and place in errors[level]
            and (simple := _simple(found, level, place, errors[level][place], form)) is not None
        ]
        if not offers:
            return found
        _, level, place, simple = min(offers, key=lambda offer: offer[:3])
        number = Num(simple.value, simple)
        tried = found.fixed(place, number) if place in found.common else found.with_own(level, place, number)
        tried = fits.fitted(tried)
        if fits.worse(tried, found.errors(fits.rows)) <= POLISHING.worse:
            found = tried
        else:
            refused.add((level, place))


def _simple(found: LevelForm, level: int, place: int, spread: float, form: OpenForm) -> SimpleNumber | None:
    if not math.isfinite(spread):
        return None
    value, reach = found.numbers[level][place].value, POLISHING.reach * spread
    simple = nearest(value, reach)
    return nearest(value, reach, chance=0.5) if simple is None and form.roles[place] is Role.POWER else simple
