"""A fit of a KAN without hidden layers by its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...model import KAN
from ..closing import finish
from ..job import Job, Rows
from ..monitor import Monitor
from ..problems.losses import Loss
from ..result import FitResult
from ..schedule.null_model import constant
from ..solvers.status import Status
from .additive import additive, check

HOW = "highest marginal likelihood"


@dataclass(frozen=True)
class Again:
    """What `refit` goes on from: the scaled network that the fit began with, and its loss."""

    start: KAN
    loss: Loss


def fit_kan(model: KAN, start: KAN, job: Job, everything: Rows, monitor: Monitor) -> FitResult:
    """Fit `start`, the prepared copy of the model. No row has to choose anything, so only those that judge are left
    out. Ctrl-C gives back the best constant.

    Raises:
        ConfigError: for a network with hidden layers, products or closed forms, and for other losses.
    """
    check(model, job)
    rows = everything if job.own_split else (job.x, job.y, job.weight)
    try:
        found, status = additive(start, job, rows, monitor)
    except KeyboardInterrupt:
        found, status = constant(start, job), Status.INTERRUPTED
    if job.own_split:
        job = replace(job, xv=None, yv=None, wv=None)
    result = finish(model, found, found, job, rows, status, monitor, HOW)
    return replace(result, ending=None if status is Status.INTERRUPTED else Again(start, job.loss))
