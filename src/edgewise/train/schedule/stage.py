"""A stage of a training: rounds of steps on one grid, whose knots follow the activations from round to round."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from ...errors import GridError
from ...losses import Numbers, SquaredError, dispersion
from ...threads import threads_for
from ..job import Job
from ..priors.smoothness import Roughness
from ..priors.sparsity import EdgePenalty
from ..solvers.status import Status
from .candidate import Candidate, best_first
from .costs import step_cost
from .knots import on_data, too_large
from .lm_run import run
from .training import Training
from .tuning import TUNED


def stage(
    training: Training,
    start: Candidate,
    size: int,
    rounds: int,
    name: str,
    power: float | None = None,
    steps: int | None = None,
) -> Candidate:
    """Lay the grids anew and minimise, round after round; the state with the lowest held-out loss, the last one under a
    penalty.

    Args:
        training: what it is a part of.
        start: where to begin, with the roughness that is known of it.
        size: intervals of the grids.
        rounds: at most so many; another one follows only where the one before was worth it.
        name: for the rows of the history.
        power: of the sparsity's penalty; without one, the edges are smoothed as they show it, estimated anew in every
            round.
        steps: of a round, which then is neither smoothed nor followed by another one that lowers the loss no further.

    Raises:
        Interrupted: by Ctrl-C or a callback.
    """
    job, plan = training.job, training.plan
    sparse, model, known = power is not None and plan.sparsity > 0, start.model, start.roughness
    smooth = not sparse and steps is None
    best = candidate = Candidate.unjudged(model)
    damping, before = None, math.inf
    with threads_for(step_cost(model, job, size)):
        for _ in range(rounds):
            if plan.grids is None and too_large(model, size, job):
                break
            try:
                model = on_data(model, job, size, start.roughness if smooth else None, keep_ranges=plan.keep_ranges)
            except GridError:  # activations that are no numbers
                break
            penalty = EdgePenalty(plan.sparsity, power or 1.0).relative_to(model.trace(job.x)[1]) if sparse else None
            known = known.on(model.edge_layers) if known and smooth else None
            if known is None and smooth and job.exact:
                noise = job.exact.noise if rounds > 1 else 0.0  # a single round is hardly smoothed
                known = Roughness.even(model.edge_layers, job.exact.model.edge_layers, noise)
            candidate, damping = run(
                training,
                model,
                name,
                steps=steps or plan.steps,
                penalty=penalty,
                damping=damping,
                roughness=known,
            )
            if not candidate.usable:
                break
            if smooth and not known:
                candidate = replace(candidate, roughness=first_roughness(candidate, job))
            best = best_first([best, candidate])[0] if smooth else candidate
            if _settled(candidate, known, before, smooth):
                break
            model, known, before = candidate.model, candidate.roughness, candidate.loss
    return best


def _settled(candidate: Candidate, known: Roughness | None, before: float, smooth: bool) -> bool:
    """Whether a round is the last one: the roughness is steady, and the loss hardly fell below the one before."""
    if candidate.roughness and (known is None or candidate.roughness.change(known) >= TUNED.steady):
        return False
    return candidate.loss > TUNED.worth * before or (not smooth and candidate.status is not Status.BUDGET)


def first_roughness(candidate: Candidate, job: Job) -> Roughness:
    """What a network says that was trained without a smoothness."""
    found = 1.0
    if isinstance(job.loss, SquaredError):
        found = 2 * candidate.loss / float(candidate.model.output_scale.square().mean())
    elif isinstance(job.loss, Numbers):
        with torch.no_grad():
            found = dispersion(job.loss, candidate.model(job.x), job.y, job.weight)
    return Roughness.first(candidate.model.edge_layers, found)
