"""The search: rows alone first, then what a surrogate shows, each step on what the last one left.

A search is a generator: it tells what it found and what it tried, and whoever listens may stop it at any time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .polish import Polished, polished
from .proposals import Question, powers, products, sums
from .reductions import scaled, translated
from .split_rows import LawRows, LawTask
from .states import ReducedProblem
from .surrogate import Given, SurrogatePair, surrogates
from .tree import ONE, Node, Num, Var, product, total, written
from .tuning import TUNED
from .verdict import is_exact
from .yardstick import Yardstick


@dataclass(frozen=True)
class ProofStep:
    """Something that was found out, or tried in vain, in words."""

    text: str
    held: bool = True

    def __str__(self) -> str:
        return self.text if self.held else f"(no) {self.text}"


Event = ProofStep | Polished
Search = Callable[[Question], list[Node]]


def search(task: LawTask) -> Iterator[Event]:
    """Formulas and steps, as they are found. It ends at an exact law, or where nothing is left to try."""
    yield from _plain(task)
    whole = ReducedProblem.whole(task.fitting.X.shape[1])
    for event in _endgame(SurrogatedProblem.of(whole, task), task, (powers, products)):
        yield event
        if _is_exact(event, task):
            return
    states = [SurrogatedProblem.of(whole, task, with_pair=True)]
    for event in _reductions(states[0], task):
        if isinstance(event, SurrogatedProblem):
            states.append(event)
        else:
            yield event
    for known in sorted(states, key=lambda known: len(known.state.columns)):
        for event in _endgame(known, task, (powers, products, sums)):
            yield event
            if _is_exact(event, task):
                return


def _is_exact(event: Event, task: LawTask) -> bool:
    """Whether it is an exact law."""
    return isinstance(event, Polished) and is_exact(event.node, task)


def _reductions(first: SurrogatedProblem, task: LawTask) -> Iterator[ProofStep | SurrogatedProblem]:
    """All states that reductions lead to, one after the other, and what was tried in vain."""
    waiting, seen = [first], {frozenset(first.state.columns)}
    for _ in range(TUNED.depth):
        found: list[SurrogatedProblem] = []
        for known in waiting:
            for event in _reduced(known, task, seen):
                yield event
                if isinstance(event, SurrogatedProblem):
                    found.append(event)
        waiting = sorted(found, key=lambda known: len(known.state.columns))[: TUNED.beam]


@dataclass(frozen=True)
class SurrogatedProblem:
    """A state and its surrogate, where it has one; left: the surrogate's error on the rows that choose, in units of
    y."""

    state: ReducedProblem
    pair: SurrogatePair | None
    left: float

    @staticmethod
    def of(state: ReducedProblem, task: LawTask, *, with_pair: bool = False) -> SurrogatedProblem:
        """The state with a surrogate, or without."""
        if not with_pair:
            return SurrogatedProblem(state, None, math.inf)
        Z, g, factor = state.inner(task.choosing)
        if not state.columns:
            inner = state.inner(task.fitting)
            mean = (inner[1] * inner[2].square()).sum() / inner[2].square().sum()
            return SurrogatedProblem(state, None, float((factor * (mean - g)).square().mean().sqrt()))
        pair = surrogates(Given(*state.inner(task.fitting.first(TUNED.surrogate_rows))[:2], Z, g))
        left = math.inf if pair is None else float((factor * (pair.fine.values(Z) - g)).square().mean().sqrt())
        return SurrogatedProblem(state, pair, left)


def _reduced(
    known: SurrogatedProblem, task: LawTask, seen: set[frozenset[Node]]
) -> Iterator[ProofStep | SurrogatedProblem]:
    """The states that scalings and translations lead to: of each kind, the first that a refit on rows confirms."""
    if known.pair is None:
        return
    Z = known.state.inner(task.fitting.first(TUNED.looked_at))[0]
    for reduce in (scaled, translated):
        for state in reduce(known.state, Z, known.pair):
            if frozenset(state.columns) in seen:
                continue
            seen.add(frozenset(state.columns))
            new = SurrogatedProblem.of(state, task, with_pair=True)
            held = new.left <= TUNED.lost * known.left + TUNED.exact * task.size
            yield ProofStep(_told(state, task), held)
            if held:
                yield new
                break


def _told(state: ReducedProblem, task: LawTask) -> str:
    """The last reduction of a state in words."""
    last = state.trail[-1]
    kind = last.kind if last.count > 1 else last.kind.removesuffix("s")
    outer = "" if state.prefactor == ONE else f"{written(state.prefactor, task.names)} * "
    inner = f"{outer}g({state.words(task.names)})" if state.columns else f"{outer}a constant"
    return f"{last.count} {kind}, tested to {last.rest:.1g}: {task.target} = {inner}"


def _plain(task: LawTask) -> Iterator[Event]:
    """What every law must be better than: the mean, and a sum of multiples of the columns."""
    mean, few = Num(float(task.fitting.y.mean())), task.fitting.first(TUNED.quick_rows)
    line = total(mean, *(product(Num(0.0), Var(i)) for i in range(task.fitting.X.shape[1])))
    for node in (mean, line):
        yield from polished([node], task, few, Yardstick(len(few), 0.0, TUNED.exact * task.size))


def _endgame(known: SurrogatedProblem, task: LawTask, searches: Sequence[Search]) -> Iterator[Event]:
    """Formulas for what is left, from terms on the raw rows, or on the surrogate's values where noise hides them."""
    state, pair = known.state, known.pair
    few, floor = task.fitting.first(TUNED.searched), TUNED.exact * task.size
    measure = Yardstick(len(few), 0.0, floor)
    if not state.columns:
        if powers in searches:
            start = state.formula(Num(float(state.inner(few)[1].mean())))
            yield from polished([start], task, few, measure)
        return
    Z, g, factor = state.inner(few)
    guide = few
    if pair is not None and pair.shows_noise(Z) and len(Z) == len(few):
        own = factor * (pair.fine.values(Z) - pair.coarse.values(Z))
        g = pair.fine.values(Z)
        guide = LawRows(few.X, factor * g)
        measure = Yardstick(len(task.fitting), known.left, max(floor, float(own.square().mean().sqrt())))
    asked = Question(Z, g, factor, measure)
    for search_ in searches:
        found = polished([state.formula(node) for node in search_(asked)], task, guide.first(TUNED.quick_rows), measure)
        yield from found
        if found and is_exact(found[0].node, task):
            return
