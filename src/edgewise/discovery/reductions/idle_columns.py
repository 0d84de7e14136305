"""Columns that a law need not hold: without them a surrogate is as good on rows."""

from __future__ import annotations

from dataclasses import replace

from ..tables.law_task import LawTask
from ..tables.tuning import TABLES
from .surrogated import SurrogatedProblem
from .tuning import REDUCTIONS


def without_idle(known: SurrogatedProblem, task: LawTask) -> SurrogatedProblem | None:
    """The problem without all columns that matter less than the surrogate is wrong, while held-out rows allow it; None
    where none can go, or the surrogate says too little to tell.

    A polynomial of fewer columns reaches higher degrees, so that the search gains by every column that goes.
    """
    columns = known.state.columns
    if known.pair is None or len(columns) < 2 or known.left > REDUCTIONS.guides * task.held_spread:
        return None
    Z, _, factor = known.state.inner(task.fitting.first(TABLES.searched))
    slopes = (known.pair.fine.gradient(Z) * factor[:, None]).square().mean(0).sqrt()
    moves = (slopes * (Z - Z.mean(0)).square().mean(0).sqrt()).tolist()
    idle = [i for i, move in enumerate(moves) if move <= REDUCTIONS.idle * known.left + task.floor]
    idle = sorted(idle, key=lambda i: moves[i])[: len(columns) - 1]
    for count in _halved(len(idle)):
        kept = [column for i, column in enumerate(columns) if i not in idle[:count]]
        new = SurrogatedProblem.of(replace(known.state, columns=tuple(kept)), task, with_pair=True)
        if new.left <= known.left + task.floor:
            return new
    return None


def _halved(count: int) -> list[int]:
    """The count, its half, and so on: a few numbers only, since each takes a surrogate.

    >>> _halved(6)
    [6, 3, 1]
    """
    found = []
    while count:
        found.append(count)
        count //= 2
    return found
