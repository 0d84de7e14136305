"""What a fit by Levenberg-Marquardt ends with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ...losses import Loss
from ...model import KAN
from ..job import Job
from ..monitor import Monitor
from ..refitting import Plain, Refitted
from ..resuming.chapters import opened
from ..resuming.journal import Part
from ..solvers.status import Status
from .candidate import Candidate, Interrupted
from .extrapolation import carried_on
from .knots import reaching_rows
from .last_refit import last_refit
from .null_model import constant
from .plan import Plan
from .training import Training


@dataclass(frozen=True)
class Stepped(Plain):
    """What `refit` goes on from: the state before its edges were carried on beyond the rows, its plan, and its loss."""

    state: Candidate
    plan: Plan
    loss: Loss
    how: ClassVar[str] = "Levenberg-Marquardt"  # in words

    @property
    def start(self) -> KAN:
        """The network that more steps begin with."""
        return self.state.model

    def again(self, job: Job, monitor: Monitor, part: Part | None) -> Refitted:
        """A few steps on the rows of a job, after which there are no more. A constant is that of the rows. A state that
        held-out rows stopped without a smoothness stays: steps would undo it. Raises `KeyboardInterrupt` by Ctrl-C."""
        status, known = self.state.status, self.state.roughness
        if status is Status.NOTHING:
            return Refitted(constant(self.start, job), status, job.loss, None)
        if status is Status.STOPPED and not known:
            return Refitted(self.start, status, job.loss, None)
        chapter = opened(part, monitor, self.start, job, self.plan, known)
        training = Training(job, self.plan, monitor, chapter=chapter)
        reaching = reaching_rows(self.start, job)  # rows that judged may lie outside
        state = replace(self.state, model=reaching, roughness=known and known.on(reaching.edge_layers))
        training.best = state
        try:
            last = last_refit(training, state, (job.x, job.y, job.weight))
        except Interrupted:  # half of these steps is worth no more than none
            raise KeyboardInterrupt from None
        return Refitted(carried_on(last.model, job.x) if job.located else last.model, last.status, job.loss, None)
