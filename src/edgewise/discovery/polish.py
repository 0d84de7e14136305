"""From candidates to formulas: constants by least squares on raw rows, then simpler numbers and fewer terms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from .drop_terms import without_idle_terms
from .least_squares import error, fitted
from .multiply import shorter
from .simplify import simplified
from .snapping import snapped
from .split_rows import LawRows, LawTask
from .tree import Node, is_finite, numbers_of
from .tuning import TUNED
from .yardstick import Yardstick


@dataclass(frozen=True)
class Polished:
    """A formula over the columns of X, and its root mean squared error on the rows that choose."""

    node: Node
    error: float


def polished(found: Iterable[Node], task: LawTask, guide: LawRows, yardstick: Yardstick) -> list[Polished]:
    """The best of these formulas with constants of least squares, the lowest description length first.

    guide: few rows for a first fit, whose y may be smoother than it was given. yardstick: of errors on them.
    """
    started = (simplified(start) for start in _in_turn(found)[: TUNED.tries])
    rough = _fitted_quickly(started, guide, yardstick, task.floor, TUNED.first_steps)
    quick = _fitted_quickly(_in_turn(rough)[: TUNED.promising], guide, yardstick, task.floor, TUNED.quick_steps)
    return finished(quick[: TUNED.kept], task)


def _in_turn(nodes: Iterable[Node]) -> list[Node]:
    """One formula of each number of free constants after the other, those of few first.

    Long formulas come near any smooth function before their constants are fitted, and would crowd out a short law.
    """
    groups: dict[int, list[Node]] = {}
    for node in nodes:
        groups.setdefault(sum(number.name is None for number in numbers_of(node)), []).append(node)
    turns = zip_longest(*(groups[count] for count in sorted(groups)))
    return [node for turn in turns for node in turn if node is not None]


def _fitted_quickly(
    nodes: Iterable[Node], guide: LawRows, yardstick: Yardstick, floor: float, steps: int
) -> list[Node]:
    """Formulas with constants that so many steps on few rows lead to, the cheapest first; up to one that is a law."""
    found: dict[Node, float] = {}
    for start in nodes:
        node = fitted(start, guide, steps=steps)
        off = error(node, guide)
        if not math.isfinite(off) or not is_finite(node) or node in found:
            continue
        found[node] = yardstick.price(node, off)
        if off <= floor:
            break
    return sorted(found, key=lambda node: found[node])


def finished(nodes: Iterable[Node], task: LawTask) -> list[Polished]:
    """Formulas fitted to all rows that fit, made simpler, and judged by the rows that choose.

    The best one loses terms that the others can stand in for.
    """
    all_rows = task.fitting.first(TUNED.fitted)
    done: list[Polished] = []
    for node in nodes:
        found = _judged(shorter(snapped(fitted(node, all_rows, steps=TUNED.steps), all_rows), all_rows), task)
        if found is not None:
            done.append(found)
            if found.error <= task.floor:
                break
    if not done:
        return []
    measure = of_choice(task)
    done.sort(key=lambda one: measure.price(one.node, one.error))
    fewer = without_idle_terms(done[0].node, all_rows)
    better = None if fewer == done[0].node else _judged(shorter(snapped(fewer, all_rows), all_rows), task)
    done = done if better is None else [better, *done]
    return sorted(done, key=lambda one: measure.price(one.node, one.error))


def _judged(node: Node, task: LawTask) -> Polished | None:
    off = error(node, task.choosing)
    return Polished(node, off) if math.isfinite(off) else None


def of_choice(task: LawTask) -> Yardstick:
    """What errors on the rows that choose cost."""
    return Yardstick(task.counted(len(task.choosing)), 0.0, task.floor)
