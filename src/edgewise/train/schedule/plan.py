"""What a training is to do: decided before it begins, and never changed by it."""

from __future__ import annotations

from dataclasses import dataclass

from .tuning import TUNED


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    grids: those that were asked for; None doubles the model's own while the held-out loss falls.
    steps: of a round.
    sparsity: strength of the penalty.
    starts: at most so many.
    keep_ranges: grids may only grow, as the model was fitted before.
    rounds: most rounds of steps on a grid, and on the one that was chosen.
    field: how many states are carried to the first grids.
    """

    grids: tuple[int, ...] | None
    steps: int
    sparsity: float
    starts: int
    keep_ranges: bool
    rounds: tuple[int, int] = TUNED.rounds
    field: tuple[int, ...] = TUNED.field
