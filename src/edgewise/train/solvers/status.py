"""How a run ended: each outcome carries the sentence that the user reads."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """Outcome of training; `.sentence` says it in words."""

    CONVERGED = "converged: further steps would change the loss only in its last digits"
    STALLED = "stalled: no step lowers the loss any more, though the gradient is not zero"
    BUDGET = "the budget of steps is spent; more steps may lower the loss further"
    DIVERGED = (
        "diverged: the loss rose or became infinite; the best model before that is returned, a lower rate may help"
    )
    STOPPED = "stopped early: the held-out loss no longer falls"
    INTERRUPTED = "interrupted: the best model so far is returned"
    NOTHING = "nothing found: no network was better than a constant on held-out rows, and a constant is returned"
    FAILED = "failed: the loss was not finite at the start"

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        return self.value
