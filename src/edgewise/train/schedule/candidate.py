"""The states between which a training chooses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...model import KAN
from ...transforms.grids import refine
from ..priors.smoothness import Roughness
from ..solvers.status import Status
from .tuning import TUNED


@dataclass(frozen=True)
class Candidate:
    """A trained state: the network, its plain training loss, its held-out loss (the training loss where nothing is held
    out), the roughness of its edges where that was estimated, and how far its predictions in the corners of the data
    leave the range of the targets."""

    model: KAN
    loss: float
    judged: float
    status: Status
    roughness: Roughness | None = None
    overshoot: float = 0.0

    @property
    def usable(self) -> bool:
        """Whether the losses are numbers."""
        return math.isfinite(self.judged)

    def tame_beside(self, overshoot: float) -> bool:
        """Whether it is tame in corners, beside another one with this overshoot."""
        return self.overshoot <= TUNED.far + TUNED.times * overshoot

    @staticmethod
    def unjudged(model: KAN) -> Candidate:
        """A network whose losses nobody knows yet."""
        return Candidate(model, math.inf, math.inf, Status.FAILED)


def best_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sorted by held-out loss, which corners hardly enter, with a handicap for wild ones: those that overshoot in
    corners where another one does not. A function that grows beyond the targets' range there does so in all of them.
    Those that are not usable come last."""
    found = list(candidates)
    least = min((candidate.overshoot for candidate in found if candidate.usable), default=0.0)

    def key(candidate: Candidate) -> float:
        if not candidate.usable:
            return math.inf
        return candidate.judged * (1.0 if candidate.tame_beside(least) else TUNED.handicap)

    return sorted(found, key=key)


class Interrupted(Exception):
    """Ctrl-C or a callback ended the run; carries the best state so far."""

    def __init__(self, best: Candidate | None, status: Status) -> None:
        super().__init__(status.sentence)
        self.best, self.status = best, status


def finer(candidate: Candidate, size: int) -> Candidate:
    """The same functions on a finer grid: where the data are noisy, no steps there may make them better."""
    model = refine(candidate.model, grid_size=size)
    return replace(candidate, model=model, roughness=candidate.roughness and candidate.roughness.on(model.edge_layers))
