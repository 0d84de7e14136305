"""A mixture of two fits: additive functions by their evidence, and a broad layer under a ridge penalty, as one network.

Additive functions with pairs miss what many columns do together, and a broad layer is rough where few rows say
anything. What one of them gets wrong, the other often does not (Breiman 1996, doi:10.1007/BF00117832).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from ..losses import Loss
from ..losses.statistics import mean_of
from ..model import KAN
from ..transforms.mixture import mixture
from .evidence.by_evidence import HOW as BY_EVIDENCE
from .job import Job
from .monitor import Monitor
from .refitting import Around, Ending, Refitted
from .result import FitResult, ending_of
from .resuming.journal import Part
from .ways.by_ridge import HOW as BY_RIDGE
from .ways.by_ridge import Shrunk

HOW = f"a mixture: {BY_EVIDENCE}, and {BY_RIDGE}"


@dataclass(frozen=True)
class Mixed(Around):
    """What `refit` goes on from: a fit by evidence, how the other network came about, and what that counts."""

    one: FitResult
    other: Shrunk
    share: float
    how: ClassVar[str] = HOW  # in words

    @property
    def inside(self) -> Ending:
        """Of the fit by evidence."""
        return ending_of(self.one)

    @property
    def loss(self) -> Loss:
        """That of both."""
        return self.inside.loss

    def again(self, job: Job, monitor: Monitor, part: Part | None) -> Refitted:
        """The same mixture of fits to the rows of a job. Raises `KeyboardInterrupt` by Ctrl-C."""
        one = self.inside.again(job, monitor, part)
        other = self.other.again(job, monitor, None)
        both = mixture(one.model, other.model, self.share)
        return Refitted(both, one.status, one.loss, replace(self, one=replace(self.one, ending=one.ending)))


def mixed(one: FitResult, model: KAN, other: Shrunk, share: float) -> FitResult:
    """The result of a mixture of a fit by evidence and another network. Its loss is its own, and nothing has judged it.

    Args:
        one: a fit by evidence.
        model: the other network.
        other: how that came about.
        share: what it counts, between 0 and 1.
    """
    both, seen = mixture(one.model, model, share), one.seen
    said = f"A mixture: {1 - share:.0%} of this network, {one.message} And {share:.0%} of a broad layer by {BY_RIDGE}."
    loss = math.nan
    if seen is not None:
        with torch.no_grad():
            loss = mean_of(seen.loss.rows(both(seen.x), seen.y), seen.weight)
    return replace(
        one,
        model=both,
        history=[],
        message=said,
        train_loss=loss,
        validation_loss=None,
        metrics={},
        seen=None,
        choosing_loss=None,
        ending=Mixed(one, other, share),
    )
