"""What a picture of a network is made of: rectangles, labels, nodes and edges at their places, as plain data.

All places are inches from the bottom left corner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..topology import Edge, Node
from . import lettering

MARGIN, GAP = 0.18, 0.08  # around the picture, and between neighbours
SIGN = 0.55  # half the length of a stroke of a plus or times sign, as a part of the node's radius

XY = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """From (x0, y0) to (x1, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Label:
    """Text centred in a rectangle that holds it; `upright` text is turned by 90 degrees. `size` in points, `full`
    before it was shortened."""

    text: str
    rect: Rect
    size: float
    upright: bool = False
    full: str = ""

    @property
    def center(self) -> XY:
        """Where the middle of the text goes."""
        return (self.rect.x0 + self.rect.x1) / 2, (self.rect.y0 + self.rect.y1) / 2


def centred(text: str, x: float, foot: float, size: float, *, upright: bool = False, full: str = "") -> Label:
    """The label whose middle is at `x` and whose lower border is at `foot`."""
    along, across = lettering.width(text, size), lettering.height(size)
    w, h = (across, along) if upright else (along, across)
    return Label(text, Rect(x - w / 2, foot, x + w / 2, foot + h), size, upright, full)


def spread(count: int, width: float) -> list[float]:
    """Centres of `count` equal columns in a picture of this width."""
    usable = width - 2 * MARGIN
    return [MARGIN + (k + 0.5) / count * usable for k in range(count)]


@dataclass(frozen=True)
class NodeMark:
    """One node: kind is 'input', 'sum' or 'product'; the factors of a product are dots below it, joined to it by
    stems."""

    node: Node
    x: float
    y: float
    radius: float
    kind: str
    score: float
    factors: tuple[XY, ...] = ()
    label: Label | None = None

    @property
    def sign(self) -> tuple[tuple[XY, XY], ...]:
        """The strokes of its plus or times sign, which end at the same distance from the ring; none for an input."""
        if self.kind == "input":
            return ()
        r = SIGN * self.radius
        d = math.sqrt(0.5) * r
        ends = ((d, d), (d, -d)) if self.kind == "product" else ((r, 0.0), (0.0, r))
        return tuple(((self.x - a, self.y - b), (self.x + a, self.y + b)) for a, b in ends)


@dataclass(frozen=True)
class EdgeMark:
    """One edge: the frame of its curve, the card (frame and label), the two lines that join it, and its curve in pieces
    of points."""

    edge: Edge
    kind: int
    opacity: float
    box: Rect
    card: Rect
    lines: tuple[tuple[XY, XY], tuple[XY, XY]]
    curve: tuple[tuple[XY, ...], ...]
    label: Label | None = None


@dataclass(frozen=True)
class Layout:
    """The whole picture, `width` by `height` inches; `note` says what is not shown."""

    width: float
    height: float
    nodes: tuple[NodeMark, ...]
    edges: tuple[EdgeMark, ...]
    title: Label | None = None
    note: Label | None = None
