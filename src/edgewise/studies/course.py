"""How far the stages of a study have come: the fit that is kept so far, those beside it, and what each stage said."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..data import Table
from ..model import KAN
from ..size import summary
from ..train.result import FitResult
from ..train.solvers.status import Status
from .trained import named


@dataclass(frozen=True)
class Course:
    """The fit that is `chosen` so far, what it is `called`, and how that came about.

    `rest`: the rows, whose names networks get. `first`: the fit before pruning, mostly the same. `added`: the fit of
    the sum alone, or the very first where there is none. `rows`: of the history of all fits. `stages`: each fit in
    words and figures. `beside`: networks that were not kept, by their names. `of_log`: the squared error of the network
    of the logarithm of the mean, in parts of that before it; None where the fit is of the mean itself.
    """

    rest: Table
    chosen: FitResult
    called: str
    first: FitResult
    added: FitResult
    rows: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    beside: dict[str, KAN] = field(default_factory=dict)
    of_log: float | None = None
    interrupted: bool = False

    def told(self, name: str, result: FitResult, part: str = "") -> Course:
        """With one more fit among the stages, and under the name of a part its history among the rows. Where Ctrl-C
        ended it, there are no more stages."""
        rows = [{"part": part, **row} for row in result.history] if part else []
        cut = result.status is Status.INTERRUPTED
        stages = [*self.stages, stage(name, result)]
        return replace(self, rows=self.rows + rows, stages=stages, interrupted=self.interrupted or cut)

    def keeping(self, called: str, chosen: FitResult, first: FitResult | None = None) -> Course:
        """With this fit in place of the one before, whose network stays beside."""
        first = chosen if first is None else first
        return replace(self.leaving(self.called, self.chosen), called=called, chosen=chosen, first=first)

    def leaving(self, called: str, other: FitResult) -> Course:
        """With the network of another fit beside the one that is kept."""
        return replace(self, beside=self.beside | {called: named(other.model, self.rest)})


def stage(name: str, result: FitResult) -> dict[str, Any]:
    """One training run in words and figures."""
    return {
        "name": name,
        "status": result.status.name,
        "message": result.message,
        "train_loss": result.train_loss,
        "validation_loss": result.validation_loss,
        "seconds": round(result.seconds, 2),
        "edges": summary(result.model).edges,
    }
