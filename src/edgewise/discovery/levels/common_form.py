"""Whether the form of a law that was found at one level is a law at all of them, with constants by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from ..formulas.opened import OpenForm, Role, opened
from ..formulas.simplify import simplified
from ..formulas.tree import Node, Num, numbers_of, with_numbers
from ..judging.verdict import explains, is_noise, verdict
from ..polishing.least_squares import error, fitted
from ..polishing.tuning import POLISHING
from ..tables.law_task import LawTask
from ..tables.tuning import TABLES
from .common_constants import LevelFits, own_places, with_fewest, with_simple_numbers
from .joint_fit import LevelForm, Numbers, errors_together
from .tuning import LEVELS


@dataclass(frozen=True)
class CommonForm:
    """A form that is a law at all levels.

    Attributes:
        form: with its numbers at each level, of which simple ones have names.
        own: the places of numbers that differ by level.
        spreads: the standard errors of fitted numbers by their places, at each level, before some became simple.
    """

    form: LevelForm
    own: tuple[int, ...]
    spreads: tuple[dict[int, float], ...]

    def at(self, level: int) -> Node:
        """The formula of a level."""
        return simplified(self.form.at(level))


def common_form(law: Node, tasks: Sequence[LawTask]) -> CommonForm | int:
    """The form of a law with constants by level; or the first level at which it is none, whatever its constants are.

    Rows that judge take no part: the verdict is that of the rows that choose.
    """
    form = opened(law)
    known: list[Numbers] = []
    for level, task in enumerate(tasks):
        numbers = _own_numbers(form, task, known)
        if not _may_be_law(with_numbers(form.node, numbers), task):
            return level
        known.append(numbers)
    count = max(TABLES.searched, TABLES.fitted // len(tasks))
    free = LevelForm(form.node, tuple(known))
    few = LevelFits.of(free, [task.fitting.first(count) for task in tasks])
    found = with_fewest(form, free, few)
    whole = replace(few, rows=[task.fitting.first(TABLES.fitted) for task in tasks])
    found = whole.fitted(found, POLISHING.steps)
    own, spreads = tuple(own_places(found)), tuple(errors_together(found, whole.rows, whole.noise))
    made = CommonForm(with_simple_numbers(form, found, whole), own, spreads)
    for level, task in enumerate(tasks):
        if not verdict(made.at(level), task.by_choice).is_law:
            return level
    return made


def _may_be_law(node: Node, task: LawTask) -> bool:
    """Whether a form with all its constants free gives the rows that choose, or leaves what looks like noise."""
    if error(node, task.choosing) <= TABLES.exact * task.size:
        return True
    return explains(node, task.by_choice) and is_noise(node, task.by_choice)


# ------------------------------------------------------------------ constants of one level


def _own_numbers(form: OpenForm, task: LawTask, known: Sequence[Numbers]) -> Numbers:
    """The numbers of a form at a level, all but whole exponents free, from several starts."""
    guide, rows = task.fitting.first(POLISHING.quick_rows), task.fitting.first(TABLES.fitted)
    # factors inside and fractions come later, since other constants may stand in for them
    held = form.places(Role.EXPONENT, Role.SILENT, Role.POWER)
    best, least = None, torch.inf
    for start in _starts(form, known):
        node = fitted(with_numbers(form.node, _freed(start, held)), guide, steps=POLISHING.quick_steps)
        off = error(node, guide)
        if best is None or off < LEVELS.level_better * least:
            best, least = node, off
        if least <= 1e-1 * TABLES.exact * task.size:
            break
    numbers = tuple(numbers_of(best if best is not None else form.node))
    node = fitted(with_numbers(form.node, _freed(numbers, form.places(Role.EXPONENT))), rows, steps=POLISHING.steps)
    return tuple(numbers_of(node))


def _freed(numbers: Numbers, held: Sequence[int]) -> list[Num]:
    """The numbers without their names, but for those that are held."""
    return [part if place in held else Num(part.value) for place, part in enumerate(numbers)]


def _starts(form: OpenForm, known: Sequence[Numbers]) -> Iterator[Numbers]:
    """The constants of the law, those of other levels, and more of other sizes, some of them of the other sign."""
    yield form.numbers
    yield from reversed(known)
    generator = torch.Generator().manual_seed(0)
    written = form.places(Role.WRITTEN, Role.POWER)
    others = max(LEVELS.level_starts - 1 - len(known), 0)
    for n in range(others):
        turns = LEVELS.level_turn * (2 * torch.rand(len(written), generator=generator, dtype=torch.float64) - 1)
        numbers = list(form.numbers)
        for place, turn in zip(written, turns.tolist(), strict=True):
            sign = -1.0 if n >= others // 2 else 1.0
            numbers[place] = Num(numbers[place].value * sign * 2.0**turn)
        yield tuple(numbers)
