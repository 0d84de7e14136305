"""The search: rows alone first, then what a surrogate shows, each step on what the last one left.

A search is a generator: it tells what it found and what it tried, and whoever listens may stop it at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .one_column import located, waves
from .polish import Polished, polished
from .proposals import Question, powers, products, sums
from .reductions import grown, scaled, translated
from .sparse import polynomials, rationals
from .split_rows import LawRows, LawTask
from .states import ReducedProblem
from .steps import Event, ProofStep
from .surrogated import SurrogatedProblem
from .taken_apart import apart, paired
from .tree import ONE, Node, Num, Var, product, total, written
from .tuning import TUNED
from .verdict import is_exact
from .yardstick import Yardstick

Search = Callable[[Question], list[Node]]
ENDGAME: tuple[Search, ...] = (powers, products, polynomials, rationals, waves, located, sums)


def search(task: LawTask, depth: int = 0) -> Iterator[Event]:
    """Formulas and steps, as they are found. It ends at an exact law, or where nothing is left to try.

    depth: how often the table was taken apart before.
    """
    for event in _search(task, depth):
        yield event
        if _is_exact(event, task):
            return


def _search(task: LawTask, depth: int) -> Iterator[Event]:
    yield from _plain(task)
    whole = ReducedProblem.whole(task.fitting.X.shape[1])
    yield from _endgame(SurrogatedProblem.of(whole, task), task, (powers, products))
    states = [SurrogatedProblem.of(whole, task, with_pair=True)]
    for event in _reductions(states[0], task):
        if isinstance(event, SurrogatedProblem):
            states.append(event)
        else:
            yield event
    states.sort(key=lambda known: len(known.state.columns))
    for known in states:
        yield from _endgame(known, task, ENDGAME)
    for known in states:
        yield from apart(known, task, search, depth)
    for known in states:
        for event in paired(known, task, search, depth):
            if isinstance(event, ReducedProblem):
                yield from _endgame(SurrogatedProblem.of(event, task, with_pair=True), task, ENDGAME)
            else:
                yield event


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


def _reduced(
    known: SurrogatedProblem, task: LawTask, seen: set[frozenset[Node]]
) -> Iterator[ProofStep | SurrogatedProblem]:
    """The states that scalings and translations lead to: of each kind, the first that a refit on rows confirms."""
    if known.pair is None:
        return
    Z = known.state.inner(task.fitting.first(TUNED.looked_at))[0]
    for reduce in (scaled, translated, grown):
        for state in reduce(known.state, Z, known.pair):
            if frozenset(state.columns) in seen:
                continue
            seen.add(frozenset(state.columns))
            new = SurrogatedProblem.of(state, task, with_pair=True)
            held = new.left <= TUNED.lost * known.left + task.floor
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
        yield from polished([node], task, few, Yardstick(len(few), 0.0, task.floor))


def _endgame(known: SurrogatedProblem, task: LawTask, searches: Sequence[Search]) -> Iterator[Event]:
    """Formulas for what is left, from terms on the raw rows, or on the surrogate's values where noise hides them."""
    state, pair = known.state, known.pair
    few, floor = task.fitting.first(TUNED.searched), task.floor
    measure = Yardstick(task.counted(len(few)), 0.0, floor)
    if not state.columns:
        if powers in searches:
            start = state.formula(Num(float(state.inner(few)[1].mean())))
            yield from polished([start], task, few, measure)
        return
    Z, g, factor = state.inner(few)
    guide = few
    if pair is not None and pair.shows_noise(Z) and len(Z) == len(few):
        own = float(factor.square().mean().sqrt()) * pair.own_error(Z)
        g = pair.fine.values(Z)
        guide = LawRows(few.X, factor * g)
        measure = Yardstick(len(task.fitting), known.left, max(floor, own))
    asked = Question(Z, g, factor, measure)
    for search_ in searches:
        found = polished([state.formula(node) for node in search_(asked)], task, guide.first(TUNED.quick_rows), measure)
        yield from found
        if found and is_exact(found[0].node, task):
            return
