"""Whether a formula is exact: how many digits it must give, and whether it gives them."""

from __future__ import annotations

from ..formulas.tree import Node, count_free
from ..tables.law_task import LawTask
from ..tables.tuning import TABLES
from .least_squares import error
from .tuning import POLISHING


def exact_to(node: Node) -> float:
    """The relative error to which a formula must give rows to count as exact. Fitted constants bring digits to a wrong
    formula too, so each beyond the first few must be paid by one more.

    >>> from edgewise.discovery.formulas.tree import Num, Var
    >>> exact_to(Num(1.2345)) == exact_to(Var(0)) == TABLES.exact
    True
    """
    free = count_free(node)
    return TABLES.exact * POLISHING.digit ** max(0, free - POLISHING.few_constants)


def is_exact(node: Node, task: LawTask) -> bool:
    """Whether the formula gives the rows that choose, which no constant was fitted to, and those that fit: few rows
    that choose may all be zero, where a law has zeros."""
    near = max(exact_to(node) * task.size, task.unsure)
    return error(node, task.choosing) <= near and error(node, task.fitting.first(TABLES.fitted)) <= near
