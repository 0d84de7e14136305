"""How a first-order method's rate moves along a run.

Sources: Loshchilov & Hutter 2017 (arXiv 1608.03983) for the cosine; Smith & Topin 2018 (arXiv 1708.07120) for the
one-cycle schedule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import did_you_mean, problems, shown


def constant(part: float) -> float:
    """The full rate."""
    return 1.0


def cosine(part: float) -> float:
    """From the full rate to 0 along half a cosine wave; `part` of the way in [0, 1]."""
    return 0.5 * (1.0 + math.cos(math.pi * part))


def onecycle(part: float) -> float:
    """Up from 1/25 over the first 30 %, then down to 1e-4/25, both along half cosine waves."""
    rise, low, last = 0.3, 1 / 25, 1e-4 / 25
    if part < rise:
        return low + (1 - low) * (1 - cosine(part / rise))
    return last + (1 - last) * cosine((part - rise) / (1 - rise))


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine, "onecycle": onecycle}


@dataclass(frozen=True)
class Rates:
    """The share of its own rate that an optimizer steps with: a linear rise over the part `warmup` of the steps, then
    the schedule. Onecycle has its own rise, and so has a schedule of the user's: a function of the part that is done.

    Raises `ConfigError` listing every unusable setting.

    >>> [round(Rates("cosine", warmup=0.2).share(step, of=10), 2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.04]
    """

    schedule: str | Callable[[float], float] = "cosine"
    warmup: float = 0.05

    def __post_init__(self) -> None:
        problems(
            message
            for wrong, message in [
                (
                    not callable(self.schedule) and self.schedule not in SCHEDULES,
                    f"unknown schedule {shown(self.schedule)}; {did_you_mean(str(self.schedule), SCHEDULES)}",
                ),
                (
                    not 0 <= self.warmup < 1,
                    f"warmup is the part of the steps in which the rate rises, in [0, 1), got {self.warmup}",
                ),
            ]
            if wrong
        )

    def share(self, step: int, of: int) -> float:
        """The share at a step, from 0, of so many."""
        if callable(self.schedule):
            return float(self.schedule(step / of))
        warm = 0 if self.schedule == "onecycle" else round(self.warmup * of)
        return (step + 1) / warm if step < warm else SCHEDULES[self.schedule]((step - warm) / max(1, of - warm))
