"""What a step of a training costs on a machine where other work comes and goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from itertools import pairwise

from .results import number

ROUND = 20  # steps that are timed at once: few beside an epoch, whose last batch is smaller


def fastest(train: Callable[[Callable[[int], None]], object], seconds: float) -> float:
    """CPU seconds of a step that nothing disturbs: the lowest of all that are timed. Other work on a core slows a step,
    to half where it fills the caches, and nothing makes it faster than it is.

    Args:
        train: does `ROUND` steps and calls what it is given after each.
        seconds: CPU seconds for which steps are timed, at least.
    """
    spent: list[float] = []
    while sum(spent) < seconds:
        moments = [time.process_time()]

        def passed(done: int, moments: list[float] = moments) -> None:
            moments.append(time.process_time())

        train(passed)
        spent += [end - begin for begin, end in pairwise(moments)]
    return min(spent)


def on_record(record: Mapping[str, str] | None) -> float:
    """CPU seconds of a step as an earlier run found them: a row of result.csv has `seconds` and `steps`. Infinite where
    it does not.

    >>> on_record({"seconds": "8", "steps": "500"}), on_record(None)
    (0.016, inf)
    """
    seconds, steps = (number(record or {}, column) for column in ("seconds", "steps"))
    return seconds / steps if seconds and steps else math.inf


def steps_in(seconds: float, cost: float) -> int:
    """Steps of this cost in so many CPU seconds, at least one.

    >>> steps_in(8.0, 0.016), steps_in(0.1, 3.0)
    (500, 1)
    """
    return max(1, round(seconds / cost))
