"""From candidates to formulas: constants by least squares on raw rows, then simpler numbers and fewer terms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..formulas.multiply import shorter
from ..formulas.simplify import simplified
from ..formulas.tree import Node, count_free, is_finite
from ..formulas.yardstick import Yardstick
from ..tables.law_task import LawRows, LawTask
from ..tables.tuning import TABLES
from .drop_terms import without_idle_terms
from .exactness import exact_to
from .least_squares import error, fitted
from .refused import without_refused
from .snapping import snapped
from .tuning import POLISHING


@dataclass(frozen=True)
class Polished:
    """A formula over the columns of X, and its root mean squared error on the rows that choose."""

    node: Node
    error: float


def polished(found: Iterable[Node], task: LawTask, guide: LawRows, yardstick: Yardstick) -> list[Polished]:
    """The best of these formulas with constants of least squares, the lowest description length first.

    guide: few rows for a first fit, whose y may be smoother than it was given. yardstick: of errors on them.
    """
    quick: dict[Node, float] = {}
    for start in in_turn(dict.fromkeys(map(simplified, found)))[: POLISHING.tries]:
        node = fitted(start, guide, steps=POLISHING.quick_steps)
        off = error(node, guide)
        if not math.isfinite(off) or not is_finite(node) or node in quick:
            continue
        quick[node] = yardstick.price(node, off)
        if off <= task.floor * exact_to(node) / TABLES.exact:
            break
    return finished(sorted(quick, key=lambda node: quick[node])[: POLISHING.kept], task)


def in_turn(nodes: Iterable[Node]) -> list[Node]:
    """Formulas of each number of free constants in turn, those of few more often.

    Before their constants are fitted, long formulas come nearer to any smooth function than a short law does.

    >>> from edgewise.discovery.formulas.tree import Num, Var, product, total
    >>> long = [total(Num(float(k)), product(Num(0.5), Var(0))) for k in (2, 3, 4)]
    >>> [count_free(node) for node in in_turn([*long, Num(5.5), Num(6.5)])]
    [1, 1, 2, 2, 2]
    """
    groups: dict[int, list[Node]] = {}
    for node in nodes:
        groups.setdefault(count_free(node), []).append(node)
    turns = [((rank + 1) * count, count, node) for count, group in groups.items() for rank, node in enumerate(group)]
    return [node for _, _, node in sorted(turns, key=lambda turn: turn[:2])]


def finished(nodes: Iterable[Node], task: LawTask) -> list[Polished]:
    """Formulas fitted to all rows that fit, made simpler, and judged by the rows that choose.

    The best one loses terms that the others can stand in for.
    """
    all_rows = task.fitting.first(TABLES.fitted)
    done: list[Polished] = []
    for node in nodes:
        found = _judged(shorter(snapped(fitted(node, all_rows, steps=POLISHING.steps), all_rows), all_rows.X), task)
        if found is not None:
            done.append(found)
            if found.error <= task.floor * exact_to(found.node) / TABLES.exact:
                break
    if not done:
        return []
    measure = of_choice(task)
    done.sort(key=lambda one: measure.price(one.node, one.error))
    fewer = without_idle_terms(done[0].node, all_rows)
    better = None if fewer == done[0].node else _judged(shorter(snapped(fewer, all_rows), all_rows.X), task)
    done = done if better is None else [better, *done]
    return sorted(done, key=lambda one: measure.price(one.node, one.error))


def allowed(one: Polished, task: LawTask) -> Polished:
    """The formula, without those of its simple numbers that the rows refuse: those that fit, and those that choose."""
    other = without_refused(one.node, task.fitting.first(TABLES.fitted))
    freed = None if other == one.node else _judged(other, task)
    return one if freed is None or freed.error >= one.error else freed


def _judged(node: Node, task: LawTask) -> Polished | None:
    off = error(node, task.choosing)
    return Polished(node, off) if math.isfinite(off) else None


def of_choice(task: LawTask) -> Yardstick:
    """What errors on the rows that choose cost."""
    return Yardstick(task.counted(len(task.choosing)), 0.0, task.floor)
