"""Axes as numbers: where a value lies in a picture, and which round numbers stand beside it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ..plotting.wording import number


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count`.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    raw = span / count
    base = 10.0 ** math.floor(math.log10(raw))
    step = next(base * m for m in (1, 2, 2.5, 5, 10) if base * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12 - math.floor(math.log10(step))) + 0.0 for k in range(first, last + 1)] or [low]


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` onto pixels from `start` to `stop`.

    log: the values are powers of ten. counts: only whole numbers stand beside the axis.
    """

    low: float
    high: float
    start: float
    stop: float
    log: bool = False
    counts: bool = False

    @staticmethod
    def of(values: Sequence[float], start: float, stop: float, *, log: bool = False, pad: float = 0.04) -> Axis:
        """The axis that shows all finite values (all positive ones when `log`), with a part `pad` left free at both
        ends."""
        seen = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        low, high = (min(seen), max(seen)) if seen else (1.0, 1.0) if log else (0.0, 1.0)
        if log:
            low, high = math.log10(low), math.log10(high)
        if high - low <= 1e-9 * max(abs(low), abs(high)):  # round-off of one value
            half = 0.5 if log else 0.5 * abs(low) or 0.5
            low, high = low - half, high + half
        grow = pad * (high - low)
        return Axis(low - grow, high + grow, start, stop, log)

    def __call__(self, value: float) -> float:
        """Where a value lies, in pixels."""
        if self.log:
            value = math.log10(value) if value > 0 else self.low
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def marks(self) -> list[tuple[float, str]]:
        """(pixel, words) of the ticks."""
        if not self.log:
            places = [v for v in ticks(self.low, self.high) if not self.counts or v == round(v)]
            digits = 3
            while digits < 9 and len({number(v, digits) for v in places}) < len(places):
                digits += 1
            return [(self(v), number(v, digits)) for v in places]
        low, high = math.ceil(self.low), math.floor(self.high)
        if high - low < 1:
            return [(self(10**v), number(10**v, 2)) for v in ticks(self.low, self.high, 4)]
        step = max(1, round((high - low) / 5))
        high = min(high, sys.float_info.max_10_exp)
        return [(self(10.0**k), number(10.0**k)) for k in range(low, high + 1, step)]
