"""The search: rows alone first, then what a surrogate shows, each step on what the last one left.

A search is a generator: it tells what it found and what it tried, and whoever listens may stop it at any time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from .candidates import Question, powers, products, sums
from .polish import Polished, polished
from .reductions import reductions
from .rows import Rows, Task
from .states import State
from .surrogate import Pair, surrogates
from .tree import ONE, Node, Num, Var, product, total, written
from .tuning import TUNED
from .verdict import is_exact
from .yardstick import Yardstick


@dataclass(frozen=True)
class Step:
    """Something that was found out, or tried in vain, in words."""

    text: str
    held: bool = True

    def __str__(self) -> str:
        return self.text if self.held else f"(no) {self.text}"


Event = Step | Polished
Search = Callable[[Question], list[Node]]


def search(task: Task) -> Iterator[Event]:
    """Formulas and steps, as they are found. It ends at an exact law, or where nothing is left to try."""
    yield from _plain(task)
    waiting = [State.whole(task.fitting.X.shape[1])]
    seen = {frozenset(waiting[0].columns)}
    for _ in range(TUNED.depth):
        found: list[State] = []
        for state in waiting:
            for event in _endgame(state, task, None, (powers,)):
                yield event
                if isinstance(event, Polished) and is_exact(event.node, task):
                    return
            pair = _surrogate(state, task)
            for event in _endgame(state, task, pair, (products, sums)):
                yield event
                if isinstance(event, Polished) and is_exact(event.node, task):
                    return
            fresh = [] if pair is None else reductions(state, _looked_at(state, task), pair)
            for new in fresh:
                if frozenset(new.columns) not in seen:
                    seen.add(frozenset(new.columns))
                    found.append(new)
                    yield _told(new, task)
        waiting = sorted(found, key=lambda state: len(state.columns))[: TUNED.beam]


def _told(state: State, task: Task) -> Step:
    """The last reduction of a state in words."""
    last = state.trail[-1]
    kind = last.kind if last.count > 1 else last.kind.removesuffix("s")
    outer = "" if state.prefactor == ONE else f"{written(state.prefactor, task.names)} * "
    inner = f"{outer}g({state.words(task.names)})" if state.columns else f"{outer}a constant"
    return Step(f"{last.count} {kind}, tested to {last.rest:.1g}: {task.target} = {inner}")


def _plain(task: Task) -> Iterator[Event]:
    """What every law must be better than: the mean, and a sum of multiples of the columns."""
    mean, few = Num(float(task.fitting.y.mean())), task.fitting.first(TUNED.quick_rows)
    line = total(mean, *(product(Num(0.0), Var(i)) for i in range(task.fitting.X.shape[1])))
    for node in (mean, line):
        yield from polished([node], task, few, Yardstick(len(few), 0.0, TUNED.exact * task.size))


def _surrogate(state: State, task: Task) -> Pair | None:
    if not state.columns:
        return None
    Z, g, _ = state.inner(task.fitting.first(TUNED.surrogate_rows))
    return surrogates(Z, g, *state.inner(task.choosing)[:2])


def _looked_at(state: State, task: Task) -> Tensor:
    return state.inner(task.fitting.first(TUNED.looked_at))[0]


def _endgame(state: State, task: Task, pair: Pair | None, searches: Sequence[Search]) -> Iterator[Event]:
    """Formulas for what is left, from terms on the raw rows, or on the surrogate's values where noise hides them."""
    few, floor = task.fitting.first(TUNED.searched), TUNED.exact * task.size
    measure = Yardstick(len(few), 0.0, floor)
    if not state.columns:
        if powers in searches:
            start = state.formula(Num(float(state.inner(few)[1].mean())))
            yield from polished([start], task, few, measure)
        return
    Z, g, factor = state.inner(few)
    guide = few
    if pair is not None and smoother(pair, Z) and len(Z) == len(few):
        own = factor * (pair.fine.values(Z) - pair.coarse.values(Z))
        noise = _left(pair, state, task)
        g = pair.fine.values(Z)
        guide = Rows(few.X, factor * g)
        measure = Yardstick(len(task.fitting), noise, max(floor, float(own.square().mean().sqrt())))
    asked = Question(Z, g, factor, measure)
    for search_ in searches:
        found = polished([state.formula(node) for node in search_(asked)], task, guide.first(TUNED.quick_rows), measure)
        yield from found
        if found and is_exact(found[0].node, task):
            return


def _left(pair: Pair, state: State, task: Task) -> float:
    """What the surrogate leaves of the rows that choose, in units of y."""
    Z, g, factor = state.inner(task.choosing)
    return float((factor * (pair.fine.values(Z) - g)).square().mean().sqrt())


def smoother(pair: Pair, Z: Tensor) -> bool:
    """Whether what the surrogate leaves is noise rather than its own error, as far as two degrees tell."""
    own = float((pair.fine.values(Z) - pair.coarse.values(Z)).square().mean().sqrt())
    return math.isfinite(own) and pair.fine.error > TUNED.noisy * own
