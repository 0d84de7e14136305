"""One training of a KAN: its task, its plan, whom it tells, and the best state so far."""

from __future__ import annotations

from ...model import KAN
from ..job import Job
from ..monitor import Monitor
from ..resuming.journal import Chapter
from .budget import constant_loss
from .candidate import Candidate, best_first
from .knots import spline_edges
from .null_model import Choices
from .overshoot import Corners
from .plan import Plan


class Training:
    """What the parts of a training share. Only `best` and `choices` change on the way: an interruption gives back the
    one, and the other tells at the end whether a constant is as good."""

    def __init__(
        self,
        job: Job,
        plan: Plan,
        monitor: Monitor,
        choices: Choices | None = None,
        chapter: Chapter | None = None,
    ) -> None:
        self.job, self.plan, self.monitor, self.chapter = job, plan, monitor, chapter
        self.constant = constant_loss(job) or 1.0
        self.corners = Corners.of(job)
        self.best: Candidate | None = None
        self.choices = Choices() if choices is None else choices  # the held-out losses of every state to choose from

    def anew(self) -> Training:
        """The same from the beginning; what it could choose counts among the choices of this one."""
        return Training(self.job, self.plan, self.monitor, self.choices, self.chapter)

    def keep(self, candidate: Candidate) -> None:
        """Remember the better one."""
        if candidate.usable and (self.best is None or best_first([self.best, candidate])[0] is candidate):
            self.best = candidate

    def share(self, loss: float) -> float:
        """A loss as a share of that of the best constant; none of a sparse run, which is for shapes, not for
        accuracy."""
        return 0.0 if self.plan.sparsity > 0 else loss / self.constant

    def coefficients(self, size: int) -> int:
        """Of the best network, were its grid of this size."""
        return size * sum(spline_edges(layer) for layer in self.best.model.edge_layers) if self.best else 0

    def overshoot(self, model: KAN) -> float:
        """How far a network leaves the range of the targets in the corners of the data."""
        return self.corners.overshoot(model) if self.corners else 0.0
