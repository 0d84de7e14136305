"""The last steps of a training: on all rows, those that chose the state included."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from ...model import KAN
from ...threads import threads_for
from ..job import Job, Rows
from ..priors.sparsity import EdgePenalty
from .budget import affordable
from .candidate import Candidate
from .costs import grid_size, step_cost
from .lm_run import run
from .plan import Plan
from .training import Training
from .tuning import TUNED


def last_refit(training: Training, best: Candidate, everything: Rows) -> Candidate:
    """More steps from the chosen state on all rows, until the roughness is at rest, too; few where no smoothness keeps
    the state from bending to the noise.

    The state itself comes back where the loss on all rows grew, or a tame state became wild.
    """
    plan = training.plan if best.roughness else _with_few_steps(training)
    whole = Training(training.job.whole(everything), plan, training.monitor, chapter=training.chapter)
    job, size, sparse = whole.job, grid_size(best.model), plan.sparsity > 0
    penalty = None
    if sparse:
        penalty = EdgePenalty(plan.sparsity, TUNED.sparse_powers[-1]).relative_to(best.model.trace(job.x)[1])
    most = min(TUNED.last_rounds, training.plan.rounds[1])
    rounds = affordable(most, training.share(best.judged), training.coefficients(size))
    done, known = best, best.roughness
    with threads_for(step_cost(best.model, training.job, size)):
        for _ in range(1 + rounds):
            done, _ = run(whole, done.model, "all rows", steps=plan.steps, penalty=penalty, roughness=known)
            if not (done.usable and known and done.roughness) or done.roughness.change(known) < TUNED.at_rest:
                break
            known = done.roughness
    before = mean_loss(best.model, job)
    limit = math.inf if sparse else TUNED.kept_smooth * before if best.roughness else TUNED.kept * before + 1e-300
    kept = done.usable and done.tame_beside(best.overshoot) and mean_loss(done.model, job) <= limit
    return done if kept else best


def _with_few_steps(training: Training) -> Plan:
    return replace(training.plan, steps=min(training.plan.steps, TUNED.last_steps))


def mean_loss(model: KAN, job: Job) -> float:
    """The loss of the model on the job's training rows and those remembered, each output in units of its scale, as in
    training."""
    unit = model.output_scale if job.squared else 1.0
    with torch.no_grad():
        rows = job.loss.rows(model(job.x) / unit, job.y / unit if job.squared else job.y)
        here = float(rows.mean() if job.weight is None else job.weight @ rows / job.weight.sum())
        return ((job.rows - job.exact.rows) * here + job.exact.total(model)) / job.rows if job.exact else here
