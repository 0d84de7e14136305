"""What a search gives back: formulas on a front of length against error, and a verdict on the best of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...errors import SymbolicError
from ..formulas.named_formula import NamedFormula
from ..formulas.tree import Node, complexity, numbers_of
from ..polishing.least_squares import error, standard_errors
from ..polishing.polish import Polished, of_choice
from ..tables.law_task import LawTask
from ..tables.tuning import TABLES
from .tuning import JUDGING

SHOWN = 100  # characters of a formula in the table


class LawConstant(NamedTuple):
    """A constant of a formula that is no simple number, with its standard error."""

    value: float
    error: float


@dataclass(frozen=True, repr=False)
class Law(NamedFormula):
    """One formula. Its figures come from rows that neither fitted nor chose it.

    Attributes:
        names: of the columns.
        complexity: symbols of the formula: columns, numbers, functions and operations.
        rmse: root mean squared error.
        r2: part of the variance that it explains; NaN where y does not vary.
        constants: those that are no simple numbers, with standard errors, in the order in which they stand.
    """

    names: tuple[str, ...]
    complexity: int
    rmse: float
    r2: float
    constants: tuple[LawConstant, ...]
    _node: Node

    def __repr__(self) -> str:
        return f"Law({self}, rmse={self.rmse:.3g}, complexity={self.complexity})"


def as_law(found: Polished, task: LawTask) -> Law:
    """A formula with its figures."""
    rows = task.judging
    off = error(found.node, rows)
    spread = float((rows.y - task.fitting.y.mean()).square().mean())
    r2 = 1 - off**2 / spread if spread > 0 else math.nan
    return Law(task.names, complexity(found.node), off, r2, _constants(found.node, task), found.node)


def _constants(node: Node, task: LawTask) -> tuple[LawConstant, ...]:
    rows = task.fitting.first(TABLES.fitted)
    free = [part.value for part in numbers_of(node) if part.name is None]
    if not free:
        return ()
    sigma = error(node, rows) * math.sqrt(len(rows) / max(len(rows) - len(free), 1))
    return tuple(map(LawConstant, free, standard_errors(node, rows, sigma)))


def front(found: Sequence[Polished], task: LawTask) -> list[Polished]:
    """The formulas than which none is both shorter and nearer to the rows that choose, the shortest first."""
    best: list[Polished] = []
    floor = TABLES.exact * task.size
    for one in sorted(found, key=lambda one: (complexity(one.node), one.error)):
        if math.isfinite(one.error) and (not best or max(one.error, floor) < best[-1].error * JUDGING.nearer):
            best.append(one)
    return best


def chosen(found: Sequence[Polished], task: LawTask) -> Polished:
    """The formula of the least description length. Raises `SymbolicError` where there is none."""
    if not found:
        raise SymbolicError("no formula was fitted before the search ended; give it more seconds")
    measure = of_choice(task)
    return min(found, key=lambda one: measure.price(one.node, one.error))
