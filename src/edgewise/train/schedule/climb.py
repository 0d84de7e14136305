"""The order of a training: a start, sparsity, finer grids while they are worth their cost, a last polish."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...model import KAN
from ..solvers.status import Status
from .budget import affordable, exact, needed, resolved
from .candidate import Candidate, Interrupted, best_first, finer
from .costs import grid_size
from .knots import halved, too_large
from .stage import stage
from .starts import choose_start
from .training import Training
from .tuning import TUNED


def train(training: Training, starts: Sequence[KAN]) -> Candidate:
    """Choose among starts (tried lazily, in order), sparsify, refine; the best state by held-out loss.

    Raises:
        Interrupted: by Ctrl-C or a callback, or where no start is usable.
    """
    plan = training.plan
    first = plan.grids[0] if plan.grids else grid_size(starts[0])
    climb, later = coarser(training, first), list(plan.grids[1:]) if plan.grids else doublings(training, first)
    try:
        rested = ascend(training, starts, climb, later)
        if len(starts) > 1 and training.best is not None and not resolved(training.share(training.best.judged)):
            rested = start_finer(training, starts, [*climb, *later], len(climb)) and rested
        if training.best is not None and plan.sparsity == 0 and plan.rounds[1] and not rested:
            size = grid_size(training.best.model)
            rounds = affordable(plan.rounds[1], training.share(training.best.judged), training.coefficients(size))
            training.keep(stage(training, training.best, size, rounds, "polish"))
    except KeyboardInterrupt:
        raise Interrupted(training.best, Status.INTERRUPTED) from None
    assert training.best is not None
    return training.best


def ascend(
    training: Training, starts: Sequence[KAN], climb: list[int], later: list[int], least: float = math.inf
) -> bool:
    """From starts on the first grid of `climb` to its last, which was asked for, and on along the `later` ones; whether
    steps on the last grid of the climb brought nothing. Not beyond the choice of a start unless its loss is below
    `least`."""
    field = choose_start(training, starts, climb[0], least)
    if not field:
        return True
    if training.plan.sparsity > 0:
        field = [sparsify(training, field[0].model, climb[-1])]
        training.best = field[0]  # a sparse state is wanted for its shape, not for the lowest held-out loss
    resting = 0  # grids in a row that brought nothing
    for size in climb[1:]:
        if resting >= TUNED.patience and size != climb[-1]:
            continue
        same = finer(training.best or field[0], size)
        field = best_first([same, *advance(training, field, size, len(training.plan.field))])
        resting = resting + 1 if field[0] is same else 0
        training.best = field[0]  # of the grids that were asked for
    _go_on(training, field, later, len(climb))
    return resting > 0


def _go_on(training: Training, field: list[Candidate], sizes: list[int], place: int) -> None:
    """Along finer grids, the first of which is the `place`-th of all, while they are worth their cost; all of them
    where they were asked for."""
    automatic = training.plan.grids is None
    lowest, idle = field[0].judged, 0
    for number, size in enumerate(sizes, start=place):
        if automatic and exact(training.share(lowest), training.coefficients(size)):
            break
        refined = advance(training, field, size, number)
        training.keep(refined[0])
        worth = needed(training.share(lowest), training.coefficients(2 * size)) * lowest
        idle = 0 if refined[0].judged < worth else idle + 1
        lowest = min(lowest, refined[0].judged)
        most = 1 if resolved(training.share(lowest)) else TUNED.unresolved
        if automatic and (not refined[0].usable or idle >= most):
            break
        field = refined if refined[0].usable else field


def start_finer(training: Training, starts: Sequence[KAN], sizes: list[int], climbed: int) -> bool:
    """Begin again on a finer grid, of `sizes` of which the first so many were a climb: what turns too often for a
    coarse one leads starts astray there. Whether it was in vain."""
    place = next((k for k, size in enumerate(sizes) if size >= TUNED.fine), None)
    if not place or too_large(starts[0], sizes[place], training.job):
        return True
    other = training.anew()
    least = TUNED.better * training.best.judged if training.best else math.inf
    last = max(place + 1, climbed)
    try:
        ascend(other, starts, sizes[place:last], sizes[last:], least)
    except Interrupted as stop:
        if stop.status is not Status.FAILED:
            training.keep(stop.best or Candidate.unjudged(starts[0]))
            raise Interrupted(training.best, stop.status) from None
    if other.best is None or not other.best.judged < least:
        return True
    if grid_size(other.best.model) < sizes[climbed - 1]:
        return True  # not on the grid that was asked for
    training.best = other.best
    return False


def advance(training: Training, field: list[Candidate], size: int, place: int) -> list[Candidate]:
    """The states of a field on a finer grid, the `place`-th (from 0), best first. Which of them is close to a structure
    that the data have shows only there: on such a one the error falls with every grid."""
    plan = training.plan
    most = plan.field[place] if place < len(plan.field) else 1
    power = TUNED.sparse_powers[-1]
    return best_first([stage(training, one, size, plan.rounds[0], "refine", power) for one in field[:most]])


def sparsify(training: Training, model: KAN, size: int) -> Candidate:
    """Steps under the penalty, convex first, then concave."""
    candidate, steps = Candidate.unjudged(model), max(1, TUNED.sparse_thirds * training.plan.steps // 3)
    for power in TUNED.sparse_powers:
        candidate = stage(training, candidate, size, 1, "sparsify", power, steps)
        if not candidate.usable:
            break
    return candidate


def coarser(training: Training, first: int) -> list[int]:
    """Grids that lead up to the first one, which ends the list: on a fine grid starts get stuck, and noise is followed
    before it is known."""
    return [first] if training.plan.keep_ranges or training.plan.sparsity else halved(first)


def doublings(training: Training, first: int) -> list[int]:
    """Grids of the automatic schedule; empty where nothing judges them."""
    return [] if training.job.xv is None else [first * 2**k for k in range(1, TUNED.doublings + 1)]
