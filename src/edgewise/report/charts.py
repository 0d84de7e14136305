"""Charts as inline SVG: axes with round numbers, lines, dots, bars. Colours come from the page's style, by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..plotting.wording import clean, number, shorten
from .markup import escape

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 68, 12, 14, 44
SIZE = 11  # of the letters


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
    """Values from `low` to `high` onto pixels from `start` to `stop`; in decades when `log`."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    @staticmethod
    def of(values: Sequence[float], start: float, stop: float, *, log: bool = False, pad: float = 0.04) -> Axis:
        """The axis that shows all finite values (all positive ones when `log`)."""
        seen = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        low, high = (min(seen), max(seen)) if seen else (1.0, 1.0) if log else (0.0, 1.0)
        if log:
            low, high = math.log10(low), math.log10(high)
        if high - low <= 1e-9 * max(abs(low), abs(high)):
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
            places = ticks(self.low, self.high)
            digits = 3
            while digits < 9 and len({number(v, digits) for v in places}) < len(places):
                digits += 1
            return [(self(v), number(v, digits)) for v in places]
        low, high = math.ceil(self.low), math.floor(self.high)
        if high - low < 1:
            return [(self(10**v), number(10**v, 2)) for v in ticks(self.low, self.high, 4)]
        step = max(1, round((high - low) / 5))
        return [(self(10.0**k), number(10.0**k)) for k in range(low, high + 1, step)]


def axes(x: Axis, y: Axis, xlabel: str = "", ylabel: str = "", *, wide: float = WIDTH) -> str:
    """Grid lines, numbers and titles of two axes in a picture that is `wide`."""
    out = []
    for at, words in y.marks():
        out.append(f'<line class="grid" x1="{x.start:.1f}" x2="{x.stop:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        out.append(f'<text class="tick" x="{x.start - 6:.1f}" y="{at + 3.5:.1f}" text-anchor="end">{words}</text>')
    last = -math.inf
    for at, words in x.marks():
        half = 3.2 * len(words)
        if at - half < last + 4 or at + half > wide:
            continue
        last = at + half
        out.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{y.stop:.1f}" y2="{y.start:.1f}"/>')
        out.append(f'<text class="tick" x="{at:.1f}" y="{y.start + 15:.1f}" text-anchor="middle">{words}</text>')
    middle, centre = (x.start + x.stop) / 2, (y.start + y.stop) / 2
    if xlabel:
        out.append(
            f'<text class="title" x="{middle:.1f}" y="{y.start + 34:.1f}"'
            f' text-anchor="middle">{_label(xlabel, 3.9)}</text>'
        )
    if ylabel:
        turn = f"rotate(-90 11 {centre:.1f})"
        out.append(
            f'<text class="title" x="11" y="{centre:.1f}" text-anchor="middle"'
            f' transform="{turn}">{_label(ylabel, 2.5)}</text>'
        )
    return "".join(out)


def _label(words: str, room: float) -> str:
    return escape(shorten(clean(words), SIZE, room))


def svg(body: str, label: str, *, width: float = WIDTH, height: float = HEIGHT, style: str = "chart") -> str:
    """The picture around its parts."""
    return (
        f'<svg class="{style}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}">{body}</svg>'
    )


def frame(xs: Sequence[float], ys: Sequence[float], *, log: bool = False) -> tuple[Axis, Axis]:
    """Both axes of a chart of the usual size."""
    return Axis.of(xs, LEFT, WIDTH - RIGHT), Axis.of(ys, HEIGHT - BOTTOM, TOP, log=log, pad=0.06)


def line(x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float], style: str = "s1") -> str:
    """A line through the points, broken where a value is not finite (or not positive on a log axis)."""
    pieces: list[list[str]] = [[]]
    for a, b in zip(xs, ys, strict=True):
        if math.isfinite(a) and math.isfinite(b) and (b > 0 or not y.log):
            pieces[-1].append(f"{x(a):.1f},{y(b):.1f}")
        elif pieces[-1]:
            pieces.append([])
    return "".join(f'<polyline class="line {style}" points="{" ".join(piece)}"/>' for piece in pieces if len(piece) > 1)


def dots(x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float], style: str = "s1") -> str:
    """A dot for every finite point, all in one path."""
    marks = [f"M{x(a):.1f} {y(b):.1f}h0" for a, b in zip(xs, ys, strict=True) if math.isfinite(a) and math.isfinite(b)]
    return f'<path class="dots {style}" d="{"".join(marks)}"/>'


def histogram(values: Sequence[float], bins: int, low: float, high: float) -> list[int]:
    """How many values fall into each of `bins` equal parts of [low, high]."""
    counts = [0] * bins
    span = high - low
    for v in values:
        if math.isfinite(v):
            counts[min(max(int((v - low) / span * bins), 0), bins - 1) if span > 0 else bins // 2] += 1
    return counts


def bars(x: Axis, y: Axis, edges: Sequence[float], counts: Sequence[float], style: str = "s1") -> str:
    """One bar between every two of `edges`, standing on the foot of the axis."""
    out = []
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count > 0:
            top = y(count)
            wide = max(x(high) - x(low) - 1, 0.5)
            out.append(
                f'<rect class="bar {style}" x="{x(low) + 0.5:.1f}" y="{top:.1f}" width="{wide:.1f}"'
                f' height="{y.start - top:.1f}"/>'
            )
    return "".join(out)


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """(style, words) of each line, as HTML under a chart."""
    items = "".join(f'<li><i class="key {style}"></i>{escape(words)}</li>' for style, words in entries)
    return f'<ul class="legend">{items}</ul>'


def chart(body: str, title: str, note: str = "") -> str:
    """A chart with its title, both HTML already."""
    return f'<figure class="panel"><figcaption>{title}</figcaption>{body}{note}</figure>'
