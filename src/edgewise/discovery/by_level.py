"""The search of a table in parts, one for each level of a column such as a material: one law for all, or one for each.

The law of the level with the most rows comes first. Its form is fitted to the others, with constants by level. Where it
is no law there, the forms of the others' own laws are tried in turn: a constant that happens to be one or zero at one
level is absent from the law of that level alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from ..errors import SymbolicError, few, shown
from .formulas.named_formula import in_formula
from .formulas.tree import written
from .judging.laws import Law
from .judging.printing import aligned, clipped_formula
from .judging.verdict import Verdict, verdict
from .levels.common_form import CommonForm, common_form
from .levels.level_rows import BETWEEN, LevelRows
from .levels.shared_law import SharedLaw, as_shared, at_rows
from .levels.tuning import LEVELS
from .one_table import INTERRUPTED, Discovery, Told, gathered, judged
from .polishing.least_squares import error
from .polishing.polish import Polished, of_choice
from .search.steps import ProofStep
from .tables.law_task import LawTask


@dataclass(frozen=True, repr=False)
class LevelDiscovery:
    """What was found in a table with columns of levels. It prints as a table, a line for each level.

    Attributes:
        levels: level -> what was found there, as for a table without levels; several columns have their combinations,
            such as "steel & dry".
        shared: the law of all levels, with constants by level; None where they have no form in common.
        verdict: what can be said of all levels: that of the level of which least can be said.
        steps: what was found out on the way, each with its test; what was tried in vain, too.
        message: the verdict in words, and how the search ended.
        target: the name of y.
        columns: those that hold levels.
        rows: level -> how many rows it has.
    """

    levels: Mapping[str, Discovery]
    shared: SharedLaw | None
    verdict: Verdict
    steps: tuple[ProofStep, ...]
    message: str
    target: str
    columns: tuple[str, ...]
    rows: Mapping[str, int]

    @property
    def column(self) -> str:
        """The columns that hold levels, in words."""
        return BETWEEN.join(self.columns)

    @property
    def is_law(self) -> bool:
        """Whether a law is claimed at every level."""
        return self.verdict.is_law

    @property
    def best(self) -> SharedLaw:
        """The law of all levels. Raises `SymbolicError` where they have none in common."""
        if self.shared is None:
            level = next(iter(self.levels))
            raise SymbolicError(
                f"no form serves all levels of {self.column}; .levels[{shown(level)}].best is the formula of one level"
            )
        return self.shared

    def __call__(self, X: Any) -> Tensor:
        """The best formula of each row's level (n,); rows as for `SharedLaw`.

        Raises:
            DataError, ShapeError: rows that cannot be used, and levels that were not there.
        """
        formulas = {level: found.best._node for level, found in self.levels.items()}
        names = next(iter(self.levels.values())).best.names
        return at_rows(X, self.columns, names, formulas)

    def __repr__(self) -> str:
        head = [] if self.shared is None else [f"{self.target} = {clipped_formula(self.shared)}"]
        return "\n".join([*head, *aligned(_told(self)), self.message])


def _told(found: LevelDiscovery) -> list[tuple[str, ...]]:
    """The cells of the table: constants by level with their standard errors, or the formula of each level."""
    figures = {level: _figures(one.best, found.rows[level]) for level, one in found.levels.items()}
    heads = (found.column, "rows", "rmse", "r2")
    if found.shared is None:
        lines = [(level, *figures[level], clipped_formula(one.best)) for level, one in found.levels.items()]
        return [(*heads, found.target), *lines]
    names = [cell for symbol in found.shared.symbols for cell in (symbol, "+-")]
    constants = {
        level: [cell for one in own for cell in (f"{one.value:.6g}", f"{one.error:.2g}")]
        for level, own in found.shared.by_level.items()
    }
    return [(*heads, *names), *((level, *figures[level], *constants[level]) for level in found.levels)]


def _figures(law: Law, rows: int) -> tuple[str, str, str]:
    return str(rows), f"{law.rmse:.3g}", f"{law.r2:.6f}"


def discovered_by_level(
    table: LevelRows, tasks: Mapping[str, LawTask], seconds: float, n_jobs: int, wanted: bool
) -> LevelDiscovery:
    """Look for the law of a table in parts; for the settings see `discover`.

    tasks: the search of each level. seconds: for all of them together.
    """
    rows = {level: len(at) for level, at in table.levels.items()}
    counts = ", ".join(f"{level} ({count} rows)" for level, count in rows.items())
    most_first = {level: tasks[level] for level in sorted(rows, key=lambda level: -rows[level])}
    search = _Search(table.column, most_first, seconds, n_jobs, wanted)
    made = search.run()
    shared = None if made is None else as_shared(made, most_first, list(rows), table.columns)
    found = {level: search.found_at(level, made) for level in rows}
    weakest = max((one.verdict for one in found.values()), key=list(Verdict).index)
    steps = [ProofStep(f"{table.column} has {len(rows)} levels: {counts}"), *search.steps]
    if shared is not None:
        steps += _words_of(shared, table.target)
    message = "; ".join(part for part in (*_message(shared, found, table.column, weakest), search.ending) if part)
    return LevelDiscovery(found, shared, weakest, tuple(steps), message, table.target, table.columns, rows)


@dataclass
class _Search:
    """The search of all levels, the one with the most rows first, and what it told so far."""

    column: str
    tasks: Mapping[str, LawTask]
    seconds: float
    n_jobs: int
    wanted: bool
    told: dict[str, Told] = field(default_factory=dict)
    fronts: dict[str, list[Polished]] = field(default_factory=dict)
    steps: list[ProofStep] = field(default_factory=list)
    home: str = ""
    ending: str = ""

    def run(self) -> CommonForm | None:
        """The form that is a law at all levels, if one is found.

        A search may take half of the time that is left, so that one level does not take that of all; the last, all.
        """
        began = time.monotonic()
        for place, (level, task) in enumerate(self.tasks.items(), start=1):
            left = max(0.0, self.seconds - (time.monotonic() - began))
            share = left if place == len(self.tasks) else left / 2
            if self.ending == INTERRUPTED:
                told = replace(gathered(task, 0.0, self.n_jobs, self.wanted), ending=INTERRUPTED)
            else:
                told = gathered(task, share, self.n_jobs, self.wanted)
            if told.ending and self.ending != INTERRUPTED:
                self.ending = INTERRUPTED if told.ending == INTERRUPTED else shared_out(self.seconds)
            self.told[level], self.fronts[level] = told, told.front(task)
            words = f"at {level}, searched by itself, {self._claim(level)}"
            self.steps += [ProofStep(words), *(step.deeper() for step in told.steps)]
            try:
                made = self._at_all(level)
            except KeyboardInterrupt:
                self.ending, made = INTERRUPTED, None
            if made is not None:
                self.home = level
                return made
        return None

    def _claim(self, level: str) -> str:
        """What the search of a level found, in words."""
        task = self.tasks[level]
        best = self._by_price(level)[0].node
        if not verdict(best, task.by_choice).is_law:
            return "no law was found"
        return f"{task.target} = {written(best, [*map(in_formula, task.names)])} is a law"

    def _by_price(self, level: str) -> list[Polished]:
        """The formulas of the front of a level, the best first."""
        price = of_choice(self.tasks[level]).price
        return sorted(self.fronts[level], key=lambda one: price(one.node, one.error))

    def _at_all(self, level: str) -> CommonForm | None:
        """The form of one of the laws of a level, the best first, that is a law at all levels."""
        task, target = self.tasks[level], self.tasks[level].target
        laws = [one.node for one in self._by_price(level) if verdict(one.node, task.by_choice).is_law]
        for law in laws[: LEVELS.level_laws]:
            made = common_form(law, list(self.tasks.values()))
            if isinstance(made, CommonForm):
                return made
            words = f"{target} = {written(law, [*map(in_formula, task.names)])}, with constants by level, is a law at"
            self.steps.append(ProofStep(f"{words} {list(self.tasks)[made]} too", held=False))
        return None

    def found_at(self, level: str, made: CommonForm | None) -> Discovery:
        """What was found at a level: the common form first, where there is one, beside what its own search found."""
        task = self.tasks[level]
        found, best = list(self.fronts.get(level, ())), None
        steps = self.told[level].steps if level in self.told else ()
        ending = self.told[level].ending if level in self.told else ""
        if made is not None:
            node = made.at(list(self.tasks).index(level))
            best = Polished(node, error(node, task.choosing))
            found.append(best)
            form = f"the form that was found at {self.home}, with constants by level, is a law here"
            steps = (*steps, ProofStep(form)) if level != self.home else steps
        return judged(found, task, steps, ending, best)


def shared_out(seconds: float) -> str:
    """Why a search of levels ended, where the time of one of them was up."""
    return f"a search was cut short: the levels share {seconds:g} seconds"


def _words_of(shared: SharedLaw, target: str) -> list[ProofStep]:
    """What was found out about the constants of the common form."""
    column = BETWEEN.join(shared.columns)
    whole = f"is a law at all {len(shared.by_level)} levels of {column}, each judged alone"
    steps = [ProofStep(f"{target} = {shared} {whole}")]
    for n, symbol in enumerate(shared.symbols):
        each = ", ".join(f"{own[n].value:.6g} at {level}" for level, own in shared.by_level.items())
        steps.append(ProofStep(f"{symbol} differs by level, by an F-test: {each}"))
    if shared.symbols:
        steps.append(ProofStep("all other constants are the same at all levels: F-tests see no difference"))
    else:
        steps.append(ProofStep(f"{column} is not needed: no constant differs by level"))
    return steps


def _message(
    shared: SharedLaw | None, found: Mapping[str, Discovery], column: str, weakest: Verdict
) -> tuple[str, str]:
    """What was found in words: how the levels go together, and the verdict."""
    if shared is not None:
        own = f"with {' and '.join(shared.symbols)} by level" if shared.symbols else f"{column} is not needed"
        return f"one form for all {len(found)} levels of {column}, {own}", weakest.value
    laws = [level for level, one in found.items() if one.is_law]
    without = [level for level, one in found.items() if not one.is_law]
    claims = [f"a law at {few(laws)}"] * bool(laws) + [f"no law at {few(without)}"] * bool(without)
    return f"no form serves all {len(found)} levels of {column}", ", ".join(claims)
