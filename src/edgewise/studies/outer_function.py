"""Whether one more function of the sum of all functions predicts better: y = g(f1(x1) + f2(x2) + ...).

Targets that level off, that are cut off at an end, or that are a root or an angle of a sum, take many pairs as a sum,
and one outer function. It is tried where a function of the predictions of a sum clearly leaves less than they do. It is
kept where it is clearly better on the rows that choose, or as good with fewer edges.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

from ..data import Table
from ..losses import Loss, SquaredError
from ..model import KAN
from ..size import summary
from ..train.evidence.by_evidence import Again, operations
from ..train.monitor import watched
from ..train.outer import HOW, Outer, Turns, job_of, refitted, searched
from ..train.result import FitResult, ending_of
from .by_log import squares
from .choosing import clearly_better, within_error
from .tuning import TUNED


def with_outer(
    plain: FitResult, added: FitResult, room: KAN, sums: KAN, training: Table, choosing: Table, loss: Loss
) -> FitResult | None:
    """The fit of a function of a sum, where that predicts better than the fit before; None elsewhere.

    Args:
        plain: the fit to do better than.
        added: that of a sum alone, which may be the same.
        room: the network that a fit by evidence begins with.
        sums: the same without room for products.
        training, choosing: the rows of fits, and those that choose between them.
        loss: that compares.
    """
    one = training.classes is None and training.y.shape[1] == 1
    if not one or not isinstance(loss, SquaredError) or not isinstance(plain.ending, Again):
        return None
    rows, inputs = len(training), len(training.inputs)
    too_long = rows * inputs > TUNED.outer_cells or operations(rows, inputs) > TUNED.outer_operations
    if too_long or not added.model.active_edges():
        return None
    began, data = time.perf_counter(), (training.X, training.y, training.weight)
    first = Turns.begun(added, data)
    if not first.left < squares(added.model, training) * math.exp(-2 * TUNED.outer_clear / training.count):
        return None
    job, _ = job_of(*data, training.groups)
    with watched((), False) as monitor:
        again = refitted(job, monitor)  # a shortened step decides nothing anew
        turns = first.taken(data, searched(sums, data, training.groups), TUNED.outer_first, again)
        if not within_error(turns.model, plain.model, choosing, loss):
            return None
        if room.topology.depth > 1:
            turns = turns.taken(data, searched(room, data, training.groups), 1, again)

        def astray(before: Turns, after: Turns) -> bool:
            """Rounds may follow a few far rows without end: what the others leave then grows."""
            worse = squares(after.model, choosing) > squares(before.model, choosing)
            return worse and not within_error(after.model, plain.model, choosing, loss)

        found = of(plain, turns.taken(data, again, astray=astray))
    found = replace(found, seconds=time.perf_counter() - began)
    if clearly_better(found.model, plain.model, choosing, loss):
        return found
    simpler = summary(found.model).edges < summary(plain.model).edges
    return found if simpler and within_error(found.model, plain.model, choosing, loss) else None


def of(plain: FitResult, turns: Turns) -> FitResult:
    """The result of a function of a sum. Its loss is its own, and nothing has judged it."""
    model = turns.model
    said = f"{turns.inner.status.sentence}. {HOW}, {summary(model)}. Training loss {turns.left:.3g}."
    return replace(
        plain,
        model=model,
        history=[],
        status=turns.inner.status,
        message=said,
        train_loss=turns.left,
        validation_loss=None,
        metrics={},
        seen=None,
        choosing_loss=None,
        ending=Outer(turns.inner, ending_of(plain).loss),
    )
