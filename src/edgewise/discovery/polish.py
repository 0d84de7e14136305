"""From candidates to formulas: constants by least squares on raw rows, then simpler numbers and fewer terms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .drop_terms import without_idle_terms
from .least_squares import error, fitted
from .multiply import shorter
from .simplify import simplified
from .snapping import snapped
from .split_rows import LawRows, LawTask
from .tree import Node, is_finite
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
    floor = task.floor
    quick: list[tuple[float, Node]] = []
    seen: set[Node] = set()
    for start in list(found)[: TUNED.tries]:
        node = fitted(simplified(start), guide, steps=TUNED.quick_steps)
        off = error(node, guide)
        if not math.isfinite(off) or not is_finite(node) or node in seen:
            continue
        seen.add(node)
        quick.append((yardstick.price(node, off), node))
        if off <= floor:
            break
    quick.sort(key=lambda entry: entry[0])
    return finished((node for _, node in quick[: TUNED.kept]), task)


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
