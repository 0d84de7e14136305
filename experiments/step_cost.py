"""What a step of a training costs on a machine where other work comes and goes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

FASTEST = 0.1  # part of the steps that count: other work on a core slows steps, and nothing makes them faster
ROUND = 20  # steps that are timed at once: the first ones of a process compile, and are never among the fastest


def fastest(train: Callable[[Callable[[int], None]], object], seconds: float) -> float:
    """CPU seconds of a step that nothing disturbs: the time that a tenth of the steps keep within.

    Args:
        train: does `ROUND` steps or so and calls what it is given after each.
        seconds: CPU seconds for which steps are timed, at least.
    """
    spent: list[float] = []
    while sum(spent) < seconds:
        moments = [time.process_time()]

        def passed(done: int, moments: list[float] = moments) -> None:
            moments.append(time.process_time())

        train(passed)
        spent += np.diff(moments).tolist()
    return float(np.quantile(spent, FASTEST))


def steps_in(seconds: float, cost: float) -> int:
    """Steps of this cost in so many CPU seconds, at least one.

    >>> steps_in(8.0, 0.016), steps_in(0.1, 3.0)
    (500, 1)
    """
    return max(1, round(seconds / cost))
