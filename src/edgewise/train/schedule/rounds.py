"""Fits by a loss with a scale, round by round: fit, look at what is left, take its scale, fit on.

The first round takes the scale of the targets about their best constant, which is too large. Every round brings it
nearer to that of the noise, whatever the units of the targets are. Losses with a kink are smoothed, by less and less.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...losses import Location
from ..job import Job
from ..monitor import Monitor
from ..result import BLOCK, FitResult
from ..settings import FitSettings
from ..solvers.status import Status

Once = Callable[[Any, Job, FitSettings], FitResult]


@dataclass(frozen=True)
class ScaleTuning:
    """The numbers that steer it: each with its meaning, unit and reason."""

    rounds: int = 6
    """Of fits, at most. The scale falls by the signal-to-noise ratio in the first one and hardly after the third."""
    change: float = 0.1
    """Relative change of the scale at which it is at rest: no loss here loses a percent of its efficiency by it."""
    rows: int = 20
    """Rows held out that tell the scale, at least; where they are fewer, the training rows do, which is a little too
    low. Not measured."""
    widths_of_modules: tuple[float, ...] = (0.5, 0.1, 0.01, 0.001)
    """Of the smoothing of a kink, for modules without a prior of smoothness. With the last one, a linear median
    regression is at the minimum to six digits."""
    least: float = 1e-7
    """Scale, as a part of that of the targets, below which rows are without noise, and smaller ones mean nothing."""


TUNED = ScaleTuning()


def in_rounds(
    model: Any,
    job: Job,
    settings: FitSettings,
    monitor: Monitor,
    once: Once,
    widths: Sequence[float] | None = None,
) -> FitResult:
    """The result of the last round; of the only one, for a loss without scale and kink. `once`: a whole fit. `widths`:
    of the smoothing, where not the loss's own ones are meant."""
    if not isinstance(job.loss, Location):
        return once(model, job, settings)
    plain, widths = job.loss, job.loss.widths if widths is None else widths
    loss = plain if plain.scale is not None else plain.begun(job.y, job.weight)
    least = [TUNED.least * scale for scale in _scales(loss)]
    number, now = 0, model
    while True:
        width = widths[min(number, len(widths) - 1)]
        result = once(now, replace(job, loss=loss.at_width(width)), settings)
        number += 1
        ended = result.status in (Status.INTERRUPTED, Status.NOTHING) or monitor.stopped
        if plain.scale is None and not ended:
            fresh = plain.tuned(*_residuals(result.model, job), least=max(least))
            change = max(abs(math.log(a / b)) for a, b in zip(_scales(fresh), _scales(loss), strict=True))
        else:
            fresh, change = loss, 0.0
        at_rest = change < TUNED.change and (number >= len(widths) or plain.at_width(1.0) == plain)
        if ended or at_rest or number >= TUNED.rounds:
            return replace(result, model=_one_edit(model, result.model))
        loss, now = fresh, result.model
        settings = replace(settings, resume=None)  # what is found again from the first round on


def _scales(loss: Location) -> Sequence[float]:
    return loss.scale if isinstance(loss.scale, tuple) else (float(loss.scale or 1.0),)


def _residuals(module: nn.Module, job: Job) -> tuple[Tensor, Tensor | None]:
    """What the module leaves of the rows that choose, where they are enough, or of the training rows: (b, k), and their
    weights."""
    x, y, weight = job.x, job.y, job.weight
    if job.xv is not None and job.yv is not None and len(job.xv) >= TUNED.rows:
        x, y, weight = job.xv, job.yv, job.wv
    dtype = next((p.dtype for p in module.parameters()), x.dtype)
    training = module.training
    module.eval()
    x = x.to(dtype) if x.is_floating_point() else x
    with torch.no_grad():
        output = torch.cat([module(part) for part in x.split(BLOCK)]).to(y.dtype)
    module.train(training)
    return y - output.reshape(y.shape), weight


def _one_edit(before: Any, after: Any) -> Any:
    """The model after all rounds, with one record of a fit."""
    if hasattr(after, "edits"):
        after.edits = (*before.edits, after.edits[-1])
    return after
