"""The numbers that steer laws of several levels: each with its meaning, unit and reason. "Not measured" says that a
value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LevelTuning:
    """All of them. Change one with `dataclasses.replace`."""

    most_levels: int = 12
    """Levels at each of which a law is looked for, at most: a search takes seconds to a minute under noise."""
    level_laws: int = 3
    """Laws of one level, the best first, whose forms are tried at the others, at most. Not measured."""
    level_starts: int = 12
    """Starts of the constants at another level, at most. From one, `sin(c*x)` finds its frequency where it is within
    some 20 percent. Not measured beyond that."""
    level_turn: float = 3.0
    """Powers of two by which the constants of such a start differ from those that are known, at most. Not measured."""
    level_better: float = 1 - 1e-6
    """Part of the error of an earlier start that a later one may leave, to count as better: one of the other sign,
    which says the same, leaves as much."""
    level_weight: float = 1e-6
    """Error of a level, as a part of its size, below which a joint fit weighs it no more: else levels without noise
    beside noisy ones leave no digits to these."""


LEVELS = LevelTuning()
