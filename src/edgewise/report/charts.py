"""What charts are made of, as SVG: axes, lines, dots, bars. The page's style gives them their colours, by class."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..plotting.lettering import POINTS_PER_INCH, shorten
from ..plotting.wording import clean
from .axis import Axis
from .markup import Markup, element, join

CHART_WIDTH, CHART_HEIGHT = 360.0, 240.0  # pixels at the size of a panel in a line of three
LEFT, RIGHT, TOP, BOTTOM = 68.0, 12.0, 14.0, 44.0  # margins that hold numbers, titles and half a letter
LETTER = 11.0  # size of the text, as in the style
DIGIT_WIDTH = 6.4  # pixels of a digit at that size


def frame(xs: Sequence[float], ys: Sequence[float]) -> tuple[Axis, Axis]:
    """Both axes of a chart of the usual size that shows these values."""
    return Axis.of(xs, LEFT, CHART_WIDTH - RIGHT), Axis.of(ys, CHART_HEIGHT - BOTTOM, TOP, pad=0.06)


def svg(*parts: Markup, label: str, width: float = CHART_WIDTH, height: float = CHART_HEIGHT, style: str = "chart"):
    """The picture around its parts; `label` tells a screen reader what it is."""
    return element(
        "svg", *parts, class_=style, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=clean(label)
    )


def axes(x: Axis, y: Axis, xlabel: str = "", ylabel: str = "", *, width: float = CHART_WIDTH) -> Markup:
    """Grid lines, numbers and titles of two axes in a picture of this width."""
    parts = []
    for at, words in y.marks():
        parts.append(element("line", class_="grid", x1=x.start, x2=x.stop, y1=at, y2=at))
        parts.append(element("text", words, class_="tick", x=x.start - 6, y=at + 3.5, text_anchor="end"))
    last = -math.inf
    for at, words in x.marks():
        half = DIGIT_WIDTH / 2 * len(words)
        if at - half < last + 4 or at + half > width:
            continue
        last = at + half
        parts.append(element("line", class_="grid", x1=at, x2=at, y1=y.stop, y2=y.start))
        parts.append(element("text", words, class_="tick", x=at, y=y.start + 15, text_anchor="middle"))
    middle, centre = (x.start + x.stop) / 2, (y.start + y.stop) / 2
    if xlabel:
        words = _fitted(xlabel, x.stop - x.start)
        parts.append(element("text", words, class_="title", x=middle, y=y.start + 34, text_anchor="middle"))
    if ylabel:
        words, turned = _fitted(ylabel, y.start - y.stop), f"rotate(-90 11 {centre:.1f})"
        parts.append(element("text", words, class_="title", x=LETTER, y=centre, text_anchor="middle", transform=turned))
    return join(parts)


def _fitted(words: str, pixels: float) -> str:
    return shorten(clean(words), LETTER, pixels / POINTS_PER_INCH)


def line(x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float], style: str = "s1") -> Markup:
    """A line through the points, broken where a value is not finite (or not positive on a log axis)."""
    pieces: list[list[str]] = [[]]
    for a, b in zip(xs, ys, strict=True):
        if math.isfinite(a) and math.isfinite(b) and (b > 0 or not y.log):
            pieces[-1].append(f"{x(a):.1f},{y(b):.1f}")
        elif pieces[-1]:
            pieces.append([])
    return join(element("polyline", class_=f"line {style}", points=" ".join(p)) for p in pieces if len(p) > 1)


def dots(x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float], style: str = "s1") -> Markup:
    """A dot for every finite point, all in one path."""
    marks = [f"M{x(a):.1f} {y(b):.1f}h0" for a, b in zip(xs, ys, strict=True) if math.isfinite(a) and math.isfinite(b)]
    return element("path", class_=f"dots {style}", d="".join(marks))


def bars(x: Axis, y: Axis, edges: Sequence[float], counts: Sequence[float], style: str = "s1") -> Markup:
    """One bar between every two of `edges`, standing on the foot of the axis."""
    parts = []
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count > 0:
            top, width = y(count), max(x(high) - x(low) - 1, 0.5)
            parts.append(
                element("rect", class_=f"bar {style}", x=x(low) + 0.5, y=top, width=width, height=y.start - top)
            )
    return join(parts)
