"""When finer grids and more steps are worth their cost: losses as a share of what the best constant leaves, and how
many coefficients a grid has."""

from __future__ import annotations

import math

import torch

from ...losses import CrossEntropy, Numbers
from ...losses.statistics import mean_of
from ..job import Job
from .tuning import TUNED


def constant_loss(job: Job) -> float:
    """The loss of the best constant prediction; infinite for a loss of the user's own."""
    y = job.y
    if job.squared:
        return float(y.var(0, unbiased=False).mean())
    if isinstance(job.loss, Numbers):
        return mean_of(job.loss.rows(job.loss.constant(y, job.weight).expand_as(y), y), job.weight)
    if not isinstance(job.loss, CrossEntropy):
        return math.inf
    share = torch.bincount(y).double() / y.shape[0]
    return float(-(share[share > 0] * share[share > 0].log()).sum())


def resolved(share: float) -> bool:
    """Whether a loss is so low that a finer grid which does not lower it tells of an end: a grid too coarse for a
    function shows nothing of it, nor does the next.

    >>> resolved(0.5), resolved(1e-6)
    (False, True)
    """
    return share < TUNED.resolved


def exact(share: float, coefficients: int) -> bool:
    """Whether a loss is so low that a grid of so many coefficients is not worth its minutes: a step costs their cube. A
    share of zero is unknown.

    >>> exact(1e-20, 500), exact(1e-20, 3000), exact(1e-12, 3000), exact(1e-12, 5000)
    (False, True, False, True)
    """
    return coefficients > TUNED.cheap and 0 < share < (TUNED.exact * (coefficients / TUNED.cheap) ** 6) ** 2


def needed(share: float, coefficients: int) -> float:
    """The part of the lowest loss that a grid must reach for a next one, of so many coefficients, to be worth its cost:
    small steps down are worth a cheap one, while each doubling of one that is needed divides the loss by far more than
    two.

    >>> needed(1e-6, 500), needed(1e-6, 3000)
    (0.95, 0.5)
    """
    return TUNED.needed_costly if coefficients > TUNED.cheap and resolved(share) else TUNED.needed


def affordable(rounds: int, share: float, coefficients: int) -> int:
    """How many rounds of steps a grid of so many coefficients gets where a cheap one gets `rounds`: those that take as
    long together, none where the loss is low enough.

    >>> affordable(16, 1e-9, 500), affordable(16, 1e-9, 2000), affordable(16, 1e-9, 5000), affordable(16, 1e-20, 2000)
    (16, 2, 0, 0)
    """
    return 0 if exact(share, coefficients) else int(rounds * min(1.0, TUNED.cheap / max(1, coefficients)) ** 3)
