"""A fit of an additive KAN, with or without products, by its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...losses import Loss
from ...model import KAN
from ..closing import finish
from ..job import Job, Rows
from ..monitor import Monitor
from ..result import FitResult
from ..schedule.null_model import constant
from ..solvers.status import Status
from .additive import Found, additive, check
from .chosen_terms import Structure

HOW = "highest marginal likelihood"


@dataclass(frozen=True)
class Again:
    """What `refit` goes on from: the scaled network that the fit began with, its loss, and what was decided for
    each target."""

    start: KAN
    loss: Loss
    structures: list[Structure]


def fit_kan(model: KAN, start: KAN, job: Job, everything: Rows, monitor: Monitor) -> FitResult:
    """Fit `start`, the prepared copy of the model. No row has to choose anything, so only those that judge are left
    out. Ctrl-C gives back the best constant.

    Raises:
        ConfigError: for a network of another shape or with closed forms, and for other losses.
    """
    check(model, job)
    rows = everything if job.own_split else (job.x, job.y, job.weight)
    try:
        found = additive(start, job, rows, monitor)
    except KeyboardInterrupt:
        found = Found(constant(start, job), Status.INTERRUPTED, [], job.loss)
    if job.own_split:
        job = replace(job, xv=None, yv=None, wv=None)
    again = None if found.status is Status.INTERRUPTED else Again(start, job.loss, found.structures)
    job = replace(job, loss=found.loss)
    result = finish(model, found.model, found.model, job, rows, found.status, monitor, HOW)
    return replace(result, ending=again)
