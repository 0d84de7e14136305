"""The search of one table: all that it tells, and what is made of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .formulas.half_angles import with_half_angles
from .formulas.tidy import tidied
from .formulas.tree import Num, columns_of, complexity, numbers_of
from .judging.laws import Law, as_law, chosen, front
from .judging.printing import clipped_formula, table
from .judging.verdict import Verdict, explains, verdict
from .polishing.exactness import is_exact
from .polishing.least_squares import error, fitted
from .polishing.polish import Polished, allowed
from .polishing.snapping import snapped
from .polishing.tuning import POLISHING
from .search.steps import ProofStep
from .search.strategy import search
from .tables.law_task import LawTask
from .tables.tuning import TABLES
from .tables.units import breaks_units

INTERRUPTED = "the search was cut short by Ctrl-C"


@dataclass(frozen=True, repr=False)
class Discovery:
    """What was found. It prints as a table, the shortest formula first.

    Attributes:
        best: the formula of the least description length.
        front: the formulas than which none is both shorter and nearer, and the best one; the shortest first.
        verdict: what can be said of the best one: constant, exact, within noise, an approximation,
            undecided, or nothing.
        steps: what was found out on the way, each with its test; what was tried in vain, too.
        message: the verdict in words, and how the search ended.
        target: the name of y.
    """

    best: Law
    front: tuple[Law, ...]
    verdict: Verdict
    steps: tuple[ProofStep, ...]
    message: str
    target: str

    @property
    def is_law(self) -> bool:
        """Whether the best formula is claimed to be the law behind the rows."""
        return self.verdict.is_law

    def __repr__(self) -> str:
        return table(self.front, self.best, self.target, self.message)


@dataclass(frozen=True)
class Told:
    """What a search told: formulas, steps, and why it ended early, "" where it did not."""

    formulas: tuple[Polished, ...]
    steps: tuple[ProofStep, ...]
    ending: str

    def front(self, task: LawTask) -> list[Polished]:
        """The formulas of the front and the one of the least description length, each in its shortest form, with the
        simple numbers that the rows allow."""
        few = dict.fromkeys([*front(self.formulas, task), chosen(self.formulas, task)])
        return [_tidy(allowed(one, task), task) for one in few]


def gathered(task: LawTask, seconds: float, n_jobs: int, wanted: bool, most: float = math.inf) -> Told:
    """All that a search of a table tells, within so many seconds, and in at most so many formulas and steps; the best
    constant at least."""
    events: list[ProofStep | Polished] = []
    began, ending = time.monotonic(), ""
    try:
        with _bar(wanted) as bar:
            for event in search(task, n_jobs=n_jobs):
                events.append(event)
                if bar is not None:
                    bar.update(1)
                if time.monotonic() - began > seconds:
                    ending = cut_after(seconds)
                    break
                if len(events) >= most:
                    ending = f"the search was cut short after {most:g} formulas and steps"
                    break
    except KeyboardInterrupt:
        ending = INTERRUPTED
    formulas = tuple(event for event in events if isinstance(event, Polished))
    if not formulas:  # Ctrl-C came first
        mean = Num(float(task.fitting.y.mean()))
        formulas = (Polished(mean, error(mean, task.choosing)),)
    return Told(formulas, tuple(event for event in events if isinstance(event, ProofStep)), ending)


def cut_after(seconds: float) -> str:
    """Why a search ended, where its time was up."""
    return f"the search was cut short after {seconds:g} seconds"


def judged(
    found: Sequence[Polished], task: LawTask, steps: Sequence[ProofStep], ending: str, best: Polished | None = None
) -> Discovery:
    """What was found in a table, with the figures and the verdict of rows that judge.

    best: the formula that is told as the best one; by default that of the least description length.
    """
    best = chosen(found, task) if best is None else best
    # of two formulas as long as each other, as 0 and 3.9 are, the one of fewer bits may be farther off
    lengths = {one: complexity(one.node) for one in [*front(found, task), best]}
    said, shown = verdict(best.node, task), sorted(lengths, key=lambda one: (lengths[one], -one.error))
    if said is Verdict.NOTHING and not columns_of(best.node) and any(explains(one.node, task) for one in shown):
        said = Verdict.UNDECIDED
    laws = tuple(as_law(one, task) for one in shown)
    law, steps, remarks = as_law(best, task), list(steps), [ending] if ending else []
    if columns_of(best.node) and task.scalings is not None and breaks_units(best.node, task.judging.X, task.scalings):
        steps.append(ProofStep(f"the units hold: {task.target} = {clipped_formula(law)} breaks them", held=False))
        remarks.insert(0, "it breaks the units")
    return Discovery(law, laws, said, tuple(steps), "; ".join([said.value, *remarks]), task.target)


def _tidy(one: Polished, task: LawTask) -> Polished:
    """The formula in its shortest form. Constants of an exact law are fitted to the last digit before, so that those
    that are equal cancel; what computer algebra makes of them may be simple numbers."""
    few, rows = task.fitting.X[: POLISHING.quick_rows], task.fitting.first(TABLES.fitted)
    if not is_exact(one.node, task):
        return Polished(with_half_angles(tidied(one.node, few), task.fitting.X), one.error)
    node = fitted(one.node, rows, steps=POLISHING.quick_steps, left=0.0)
    known, node = numbers_of(node), tidied(node, few)
    if any(part.name is None and part not in known for part in numbers_of(node)):
        node = snapped(node, rows)
    node = with_half_angles(node, task.fitting.X)
    return Polished(node, error(node, task.choosing))


@contextmanager
def _bar(wanted: bool) -> Iterator[Any]:
    """A bar that counts what was tried; None where nobody would see it."""
    if not wanted:
        yield None
        return
    from tqdm.auto import tqdm

    form = "{desc}  [{n_fmt} formulas, {elapsed}]"
    with tqdm(desc="discover", leave=False, dynamic_ncols=True, bar_format=form) as bar:
        yield bar
