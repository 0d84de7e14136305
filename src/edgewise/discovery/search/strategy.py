"""The search: rows alone first, then what a surrogate shows, each step on what the last one left.

A search is a generator: it tells what it found and what it tried, and whoever listens may stop it at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ..formulas.tree import ONE, Node, Num, product, total, written
from ..formulas.yardstick import Yardstick
from ..polishing.exactness import is_exact
from ..polishing.polish import polished
from ..polishing.tuning import POLISHING
from ..proposals.one_column import located, offset_powers, waves
from ..proposals.power_products import powers, products
from ..proposals.question import Question
from ..proposals.quotients import quotients
from ..proposals.sparse import noisy_polynomials, polynomials, rationals
from ..proposals.sums import sums
from ..reductions.idle_columns import without_idle
from ..reductions.one_says_all import one_says_all
from ..reductions.states import ReducedProblem
from ..reductions.surrogated import SurrogatedProblem
from ..reductions.symmetries import grown, scaled, scaled_along, translated
from ..reductions.tuning import REDUCTIONS
from ..tables.law_task import LawRows, LawTask
from ..tables.tuning import TABLES
from .ending import SearchEnding
from .parallel import in_order
from .steps import Event, Pause, ProofStep
from .taken_apart import apart, paired
from .tuning import SEARCH

Search = Callable[[Question], list[Node]]
ENDGAME: tuple[Search, ...] = (
    powers,
    products,
    offset_powers,
    polynomials,
    rationals,
    quotients,
    sums,
    waves,
    located,
)
OF_ANY_FORM: tuple[Search, ...] = (waves, located)  # the others have one over a column, and its logarithm, as terms
ON_ROWS: tuple[Search, ...] = (noisy_polynomials, powers, products, quotients)  # before there is a surrogate


def search(task: LawTask, depth: int = 0, n_jobs: int = 1) -> Iterator[Event]:
    """Formulas and steps, as they are found. It ends at an exact law, under noise at one that leaves nothing to find,
    or where nothing is left to try.

    depth: how often the table was taken apart before. n_jobs: reduced problems that are searched at a time.
    """
    ending = SearchEnding(task)
    for event in _search(task, depth, n_jobs):
        if not isinstance(event, Pause):
            yield event
        if ending.at(event):
            return


def _search(task: LawTask, depth: int, n_jobs: int) -> Iterator[Event | Pause]:
    given = ReducedProblem.whole(task.fitting.X.shape[1])
    whole = given.without_constants(task.fitting)
    mean = Num(float(task.fitting.y.mean()))
    yield from _plain(mean, task)
    if not task.spread > 0:  # the rows that fit show nothing
        return
    if task.scalings is not None:
        groups = scaled_along(given, task.scalings, "scalings by units").without_constants(task.fitting)
        yield from _endgame(SurrogatedProblem.of(groups, task), task, ON_ROWS)
        grouped, known = (SurrogatedProblem.of(state, task, with_pair=True) for state in (groups, whole))
        step = _confirmed(grouped, known, task)
        yield step
        if step.held:  # then a formula over other columns than these groups is no law
            yield from _from(grouped, task, depth, n_jobs)
            return
    yield from _plain(total(mean, *(product(Num(0.0), column) for column in whole.columns)), task)
    yield from _endgame(SurrogatedProblem.of(whole, task), task, (powers,))
    known = SurrogatedProblem.of(whole, task, with_pair=True)
    yield from _by_order(known, task, known.left)
    fewer = None if depth else without_idle(known, task)
    if fewer is not None:
        yield ProofStep(f"{_idle(known, fewer, task)} not needed: a surrogate without is as good on rows")
        yield from _rows_then_more(fewer, task, depth, n_jobs)
        yield ProofStep("no law of these columns alone was found: the others come back")
    yield from _rows_then_more(known, task, depth, n_jobs)


def _rows_then_more(known: SurrogatedProblem, task: LawTask, depth: int, n_jobs: int) -> Iterator[Event | Pause]:
    """Formulas on the raw rows, then what the surrogate shows."""
    yield from _endgame(SurrogatedProblem.of(known.state, task), task, ON_ROWS)
    yield Pause(0)
    yield from _from(known, task, depth, n_jobs)


def _by_order(known: SurrogatedProblem, task: LawTask, most: float) -> Iterator[Event | Pause]:
    """Formulas of one column, where rows in its order leave no more than this, in units of y."""
    state = one_says_all(known.state, task, most)
    if state is not None:
        order, rest = state.words(task.names), state.trail[-1].rest
        yield ProofStep(f"rows in the order of {order} lie on a curve, tested to {rest:.1g}: {_equation(state, task)}")
        yield from _whole_endgame(SurrogatedProblem.of(state, task, with_pair=True), task)


def _idle(known: SurrogatedProblem, fewer: SurrogatedProblem, task: LawTask) -> str:
    """The columns that went, in words."""
    gone = [written(column, task.names) for column in known.state.columns if column not in fewer.state.columns]
    return f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'}"


def _from(first: SurrogatedProblem, task: LawTask, depth: int, n_jobs: int) -> Iterator[Event | Pause]:
    """What a state with a surrogate leads to: reductions, formulas for each of them, then parts."""
    states = [first]
    for event in _reductions(first, task):
        if isinstance(event, SurrogatedProblem):
            states.append(event)
        else:
            yield event
    states = sorted(states, key=lambda known: len(known.state.columns))
    few = [*[known for known in states if known is not first][: SEARCH.states], first]
    yield from in_order(partial(_whole_endgame, task=task), few, n_jobs)
    yield Pause(SEARCH.state_constants)
    alone = any(len(known.state.columns) < 2 for known in states)
    if first.left < REDUCTIONS.order_clear * task.spread and not alone:  # else it was tried before
        yield from _by_order(first, task, REDUCTIONS.order_clear * task.spread)
    yield from in_order(partial(apart, task=task, search=search, depth=depth), states[: SEARCH.states_apart], n_jobs)
    for known in states[: SEARCH.states_apart]:
        for event in paired(known, task, search, depth):
            if isinstance(event, ReducedProblem):
                yield from _whole_endgame(SurrogatedProblem.of(event, task, with_pair=True), task)
            else:
                yield event


def _whole_endgame(known: SurrogatedProblem, task: LawTask) -> Iterator[Event | Pause]:
    """All formulas for a state, and a pause."""
    yield from _endgame(known, task, ENDGAME)
    yield Pause(0)


def _reductions(first: SurrogatedProblem, task: LawTask) -> Iterator[ProofStep | SurrogatedProblem]:
    """All states that reductions lead to, one after the other, and what was tried in vain."""
    few = task.fitting.first(SEARCH.looked_at)
    waiting, seen = [first], {first.state.fingerprint(few)}
    for _ in range(SEARCH.depth):
        found: list[SurrogatedProblem] = []
        for known in waiting:
            for event in _reduced(known, task, seen):
                yield event
                if isinstance(event, SurrogatedProblem):
                    found.append(event)
        waiting = sorted(found, key=lambda known: len(known.state.columns))[: SEARCH.beam]


def _confirmed(new: SurrogatedProblem, old: SurrogatedProblem, task: LawTask) -> ProofStep:
    """The step from one state to another in words; it held if a surrogate of the new one is as good on rows."""
    return ProofStep(_told(new.state, task), new.left <= SEARCH.lost * old.left + task.floor)


def _reduced(
    known: SurrogatedProblem, task: LawTask, seen: set[frozenset[tuple[float, ...]]]
) -> Iterator[ProofStep | SurrogatedProblem]:
    """The states that scalings and translations lead to: of each kind, the first that a refit on rows confirms."""
    if known.pair is None:
        return
    few = task.fitting.first(SEARCH.looked_at)
    Z = known.state.inner(few)[0]
    for reduce in (scaled, translated, grown):
        for state in reduce(known.state, Z, known.pair)[: SEARCH.tried]:
            columns = state.fingerprint(few)
            if columns in seen or len(seen) > SEARCH.reductions:
                continue
            seen.add(columns)
            new = SurrogatedProblem.of(state, task, with_pair=True)
            step = _confirmed(new, known, task)
            yield step
            if step.held:
                yield new
                break


def _told(state: ReducedProblem, task: LawTask) -> str:
    """The last reduction of a state in words."""
    last = state.trail[-1]
    kind = (
        last.kind if last.count > 1 else last.kind.replace("scalings", "scaling").replace("translations", "translation")
    )
    tested = f", tested to {last.rest:.1g}" if last.rest else ""
    return f"{last.count} {kind}{tested}: {_equation(state, task)}"


def _equation(state: ReducedProblem, task: LawTask) -> str:
    """The target as a function that is still to be found."""
    outer = "" if state.prefactor == ONE else f"{written(state.prefactor, task.names)} * "
    return f"{task.target} = {outer}{state.call(task.names)}"


def _plain(node: Node, task: LawTask) -> Iterator[Event]:
    """What every law must be better than: the mean, or a sum of multiples of the columns."""
    few = task.fitting.first(POLISHING.quick_rows)
    yield from polished([node], task, few, Yardstick(len(few), 0.0, task.floor))


def _endgame(known: SurrogatedProblem, task: LawTask, searches: Sequence[Search]) -> Iterator[Event]:
    """Formulas for what is left, the most likely of each search first; those of one column also in its other forms."""
    state = known.state
    if not state.columns:
        if powers in searches:
            few = task.fitting.first(TABLES.searched)
            start = state.formula(Num(float(state.inner(few)[1].mean())))
            yield from polished([start], task, few, Yardstick(task.counted(len(few)), 0.0, task.floor))
        return
    forms = [_asked(known, task)]
    guide, measure = forms[0].guide.first(POLISHING.quick_rows), forms[0].question.yardstick
    for search_ in searches:
        if search_ in OF_ANY_FORM and len(forms) == 1 and known.pair is not None:
            turned = (SurrogatedProblem.of(form, task, with_pair=True) for form in state.turned(task.fitting))
            forms += [_asked(form, task) for form in turned]
        nodes = [(node, one) for one in forms for node in search_(one.question)]
        nodes.sort(key=lambda found: found[1].question.price(found[0]))
        found = polished([one.state.formula(node) for node, one in nodes], task, guide, measure)
        yield from found
        if found and is_exact(found[0].node, task):
            return


@dataclass(frozen=True)
class _Asked:
    """What a state asks for, and the rows that guide its constants: those given, or the surrogate's values where noise
    hides them."""

    state: ReducedProblem
    question: Question
    guide: LawRows


def _asked(known: SurrogatedProblem, task: LawTask) -> _Asked:
    state, pair = known.state, known.pair
    few, floor = task.fitting.first(TABLES.searched), task.floor
    measure, guide = Yardstick(task.counted(len(few)), 0.0, floor), few
    Z, g, factor = state.inner(few)
    trusted = known.left <= REDUCTIONS.guides * task.held_spread
    if pair is not None and trusted and pair.shows_noise(Z) and len(Z) == len(few):
        own = float(factor.square().mean().sqrt()) * pair.own_error(Z)
        g = pair.fine.values(Z)
        guide = LawRows(few.X, factor * g)
        measure = Yardstick(len(task.fitting), known.left, max(floor, own))
    return _Asked(state, Question(Z, g, factor, measure), guide)
