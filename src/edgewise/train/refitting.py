"""What `refit` goes on from. Each way to fit that can be gone on from leaves an ending, which fits once more."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

from ..losses import Loss
from ..model import KAN
from .job import Job
from .monitor import Monitor
from .resuming.journal import Part
from .solvers.status import Status


class Refitted(NamedTuple):
    """The network fitted once more, how that ended, its loss with whatever the fit found for it, and what a later
    refit goes on from (None: there is none)."""

    model: KAN
    status: Status
    loss: Loss
    ending: Ending | None


class Ending(Protocol):
    """The way of a finished fit, with what it decided. `how`: the way in words."""

    how: ClassVar[str]

    @property
    def start(self) -> KAN:
        """The scaled network that it goes on from."""
        ...

    @property
    def loss(self) -> Loss:
        """What it makes small."""
        ...

    @property
    def tied(self) -> bool:
        """Whether it found offsets of groups, so that it cannot go on without groups."""
        ...

    @property
    def tame(self) -> list[str]:
        """The inputs of whose values a few lie farther out than tails reach, and say nothing."""
        ...

    def again(self, job: Job, monitor: Monitor, part: Part | None) -> Refitted:
        """The same fit to the rows of a job.

        Args:
            job: the rows, none of which chooses or judges.
            monitor: told after every step.
            part: of a journal, which keeps the state; None for none.

        Raises:
            KeyboardInterrupt: by Ctrl-C: half of a fit is worth no more than none.
        """
        ...


class Plain:
    """Of fits that look for neither offsets of groups nor far values."""

    @property
    def tied(self) -> bool:
        """There are no offsets."""
        return False

    @property
    def tame(self) -> list[str]:
        """There are no far values."""
        return []


class Around:
    """Of fits around another one, which begins, and finds offsets of groups and far values."""

    @property
    def inside(self) -> Ending:
        """That of the other one."""
        raise NotImplementedError

    @property
    def start(self) -> KAN:
        """The scaled network that it goes on from."""
        return self.inside.start

    @property
    def tied(self) -> bool:
        """Whether it found offsets of groups."""
        return self.inside.tied

    @property
    def tame(self) -> list[str]:
        """The inputs with far values."""
        return self.inside.tame
