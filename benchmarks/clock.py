"""Times of several calls in turn, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

SAMPLE = 0.005  # seconds that a sample lasts at least: short calls are repeated in it
LEAST, MOST = 5, 200  # samples


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of some numbers, and how many there were.

    >>> Spread.of([3.0, 1.0, 2.0])
    Spread(median=2.0, lower=1.5, upper=2.5, repeats=3)
    """

    median: float
    lower: float
    upper: float
    repeats: int

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Quartiles as part of the data (the inclusive method); infinite values stay what they are."""
        ordered = sorted(values)

        def at(share: float) -> float:
            place = share * (len(ordered) - 1)
            low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
            return low if low == high else low + (high - low) * (place - math.floor(place))

        return Spread(statistics.median(ordered), at(0.25), at(0.75), len(ordered))

    def scaled(self, factor: float) -> Spread:
        """The same in another unit."""
        return Spread(self.median * factor, self.lower * factor, self.upper * factor, self.repeats)


def seconds_of(call: Callable[[], Any], count: int = 1, wait: Callable[[], Any] | None = None) -> float:
    """Seconds per call over `count` calls in a row, until `wait` returns: a GPU works on meanwhile."""
    began = perf_counter()
    for _ in range(count):
        call()
    if wait is not None:
        wait()
    return (perf_counter() - began) / count


def alternate(
    calls: Mapping[str, Callable[[], Any]],
    seconds: float,
    least: int = LEAST,
    most: int = MOST,
    wait: Callable[[], Any] | None = None,
) -> dict[str, Spread]:
    """Seconds per call: one sample of each call per round, starting one further each time, until about `seconds` are
    spent.

    Each sample follows a call that does not count, which also ends what other calls' threads are still at. A call that
    is slow takes part until its share of the seconds is spent, but `least` times. wait: as of `seconds_of`.
    """
    names, samples, spent = list(calls), {name: [] for name in calls}, dict.fromkeys(calls, 0.0)
    if not names:
        return {}
    counts = {}
    for name, call in calls.items():
        seconds_of(call, wait=wait)
        counts[name] = max(1, math.ceil(SAMPLE / seconds_of(call, wait=wait)))
    share, turn = seconds / len(names), 0
    collecting = gc.isenabled()
    gc.disable()
    try:
        while names:
            start = turn % len(names)
            for name in names[start:] + names[:start]:
                began = perf_counter()
                seconds_of(calls[name], wait=wait)
                samples[name].append(seconds_of(calls[name], counts[name], wait))
                spent[name] += perf_counter() - began
            turn += 1
            names = [name for name in names if turn < least or (turn < most and spent[name] < share)]
    finally:
        if collecting:
            gc.enable()
    return {name: Spread.of(values) for name, values in samples.items()}
