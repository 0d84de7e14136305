"""When a run ends. There is one protocol: after every step, a solver tells where it stands and asks whether to go on.

A solver itself knows two ends, its number of steps and `Settled`. All others are one `Watch` that the caller hands in;
`Stop` is that for the user's callbacks and for early stopping by a held-out loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """Where a solver stands after a step.

    number: how many steps were tried, this one included, from 1; epochs of a first-order method. value: the objective.
    theta (P,): the parameters, None where the module holds them. reach: how far the next step may go, as the solver
    measures it (damping, length of a step, part of the rate). judged: the loss that compares states, where the solver
    itself computes one.
    """

    number: int
    value: float
    theta: Tensor | None
    reach: float
    judged: float | None = None


Watch = Callable[[Step], bool]  # sees every step, and ends the run by returning True


@dataclass(frozen=True)
class BestSoFar(Generic[T]):
    """The state that was judged best in a run, its loss, and the number of the step that it is from.

    >>> best = BestSoFar("start", 1.0).after("one", 0.5, 1).after("two", 0.7, 2).after("three", math.nan, 3)
    >>> best.state, best.loss, best.step
    ('one', 0.5, 1)
    """

    state: T
    loss: float
    step: int = 0

    def after(self, state: T, loss: float, step: int) -> BestSoFar[T]:
        """The better one of this and another state."""
        return BestSoFar(state, loss, step) if loss < self.loss else self


@dataclass(frozen=True)
class Patience:
    """How many steps may pass without a better state: `least`, or `share` of those that led to the best one, where
    these are more, as a lower loss may fall late.

    >>> Patience(10).lost(best=3, now=12), Patience(10).lost(best=3, now=13)
    (False, True)
    >>> Patience(10, share=1.0).lost(best=30, now=59), Patience(10, share=1.0).lost(best=30, now=60)
    (False, True)
    """

    least: int
    share: float = 0.0

    def lost(self, best: int, now: int) -> bool:
        """Whether it is lost at step `now` with the best state from step `best`."""
        return now - best >= max(self.least, self.share * best)


class Settled:
    """Whether so many steps in a row have lowered the objective by less than a tolerance, relative to what it was.

    >>> settled = Settled(1e-3, patience=2)
    >>> [settled.after(decrease) for decrease in (1e-4, 1e-1, 1e-4, 1e-5)]
    [False, False, False, True]
    """

    def __init__(self, tolerance: float, patience: int) -> None:
        self.tolerance, self.patience, self.small = tolerance, patience, 0

    @property
    def begun(self) -> bool:
        """Whether the last step was such a small one."""
        return self.small > 0

    def after(self, decrease: float) -> bool:
        """Count a step of this relative decrease."""
        self.small = self.small + 1 if decrease < self.tolerance else 0
        return self.small >= self.patience


class Stop:
    """A `Watch` that judges every step, keeps the best state, and ends the run where the user wants it, or patience is
    lost.

    Without a held-out loss, the newest state counts as the best one: solvers only go down.
    """

    def __init__(
        self,
        start: Tensor,
        loss: float,
        *,
        judge: Callable[[Tensor], float | None],
        note: Callable[[Step, float | None], bool],
        patience: Patience | None = None,
    ) -> None:
        """`loss`: what the start is judged, infinite where it is to be left behind in any case. `judge(theta)`: the
        held-out loss. `note(step, held-out loss)`: tells the user, who answers True to end the run."""
        self.judge, self.note, self.patience = judge, note, patience
        self.best = BestSoFar(start, loss if math.isfinite(loss) else math.inf)
        self.last = start
        self.steps = 0
        self.by_user = False

    def __call__(self, step: Step) -> bool:
        """Judge the step; whether the run is to end."""
        assert step.theta is not None
        judged = self.judge(step.theta)
        self.last, self.steps = step.theta, self.steps + 1
        if judged is None:
            self.best = BestSoFar(step.theta, math.inf, self.steps)
        else:
            self.best = self.best.after(step.theta, judged, self.steps)
        self.by_user = self.note(step, judged)
        return self.by_user or (self.patience is not None and self.patience.lost(self.best.step, self.steps))

    def state(self) -> dict[str, Any]:
        """All that it knows of the run, for a snapshot."""
        best = [self.best.state, self.best.loss, self.best.step]
        return {"best": best, "last": self.last, "steps": self.steps, "by_user": self.by_user}

    def restore(self, state: dict[str, Any]) -> None:
        """Know what another one knew."""
        self.best = BestSoFar(*state["best"])
        self.last, self.steps, self.by_user = state["last"], state["steps"], state["by_user"]
