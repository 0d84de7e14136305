"""Where everything in the picture of a network lies: plain data in inches, from the bottom left, without any drawing
library.

Inputs stand at the bottom, outputs at the top. Between two layers of nodes lies a band of cards, one per active edge: a
frame that holds the edge's curve, and above it the closed form where there is one. A line runs from the source node to
the card's foot and from its head to the target. Many edges share a band by standing in several rows, each card at its
own horizontal place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..topology import Edge, Node
from . import wording
from .content import Content, EdgeContent

MARGIN, GAP, BOX, CLOSEST, WIDEST, NARROWEST = 0.18, 0.08, 0.56, 0.36, 16.0, 3.4
NAME, FORMULA, TITLE = 11.0, 8.0, 13.0  # points
DOT, NODE = 0.05, 0.085  # radii of inputs and of sums and products
SIGN = 0.55  # half the length of a stroke of a plus or times sign, as a part of the node's radius
LONGEST = 1.9  # inches of a name that stands upright

XY = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """From (x0, y0) to (x1, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float

    def overlaps(self, other: Rect) -> bool:
        """Whether the two share more than a border."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1


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
    """The whole picture, `width` by `height` inches."""

    width: float
    height: float
    nodes: tuple[NodeMark, ...]
    edges: tuple[EdgeMark, ...]
    title: Label | None = None


def arrange(content: Content, *, title: str | None = None, beta: float = 3.0) -> Layout:
    """Places for everything in `content`; the width follows the busiest layer. An edge's opacity is tanh(beta * score),
    never quite zero."""
    width = _width(content)
    bands = [_Band.of(edges, width) for edges in content.edges]
    below, above = (_names([n.name for n in content.nodes[k]], width) for k in (0, -1))
    y = MARGIN + max((label.rect.y1 for label in below), default=0.0) + 0.06 + DOT
    levels, floors = [y], []
    fan = min(0.26 + 0.05 * width, 0.95)
    for number, band in enumerate(bands):
        start = levels[-1] + NODE + fan
        floors.append(start)
        joins = 0.36 if any(len(n.factors) > 1 for n in content.nodes[number + 1]) else 0.0
        levels.append(start + band.height + fan + joins + NODE)
    nodes = [_nodes(content, level, levels[level], width) for level in range(len(levels))]
    nodes[0] = [_with(mark, label, below=True) for mark, label in zip(nodes[0], below, strict=True)]
    nodes[-1] = [_with(mark, label, below=False) for mark, label in zip(nodes[-1], above, strict=True)]
    edges = []
    for number, (band, floor) in enumerate(zip(bands, floors, strict=True)):
        targets = [p for mark in nodes[number + 1] for p in (mark.factors or ((mark.x, mark.y - mark.radius),))]
        edges += band.place(content.edges[number], nodes[number], targets, floor, beta)
    top = levels[-1] + NODE + 0.06 + max((label.rect.y1 for label in above), default=0.0) + MARGIN
    headline = None
    if title is not None and title.strip():
        words, room = wording.clean(title), width - 2 * MARGIN
        shown = wording.shorten(words, TITLE, room)
        half = wording.width(shown, TITLE) / 2
        headline = Label(
            shown, Rect(width / 2 - half, top, width / 2 + half, top + wording.height(TITLE)), TITLE, full=words
        )
        top += wording.height(TITLE) + MARGIN
    return Layout(width, top, tuple(mark for level in nodes for mark in level), tuple(edges), headline)


def _width(content: Content) -> float:
    wanted = [NARROWEST]
    for edges in content.edges:
        pitch = 0.62 if len(edges) <= 10 else 0.5
        if len(edges) <= 12:
            longest = max((wording.width(e.formula, FORMULA) for e in edges), default=0.0)
            pitch = max(pitch, min(longest + 2 * GAP, 1.8))
        wanted.append(len(edges) * pitch + 2 * MARGIN)
    for level in content.nodes:
        wanted.append(sum(0.3 + 0.12 * max(len(n.factors) - 1, 0) for n in level) + 2 * MARGIN)
        longest = max((wording.width(n.name, NAME) for n in level), default=0.0)
        if len(level) * (min(longest, LONGEST) + GAP) < 9.0:
            wanted.append(len(level) * (min(longest, LONGEST) + GAP) + 2 * MARGIN)
    return min(max(wanted), WIDEST)


def spread(count: int, width: float) -> list[float]:
    """Centres of `count` equal columns."""
    usable = width - 2 * MARGIN
    return [MARGIN + (k + 0.5) / count * usable for k in range(count)]


# ------------------------------------------------------------------ nodes and names


def _nodes(content: Content, level: int, y: float, width: float) -> list[NodeMark]:
    nodes = content.nodes[level]
    pitch = (width - 2 * MARGIN) / len(nodes)
    radius = min(NODE if level else DOT, 0.3 * pitch)
    marks = []
    for node, x in zip(nodes, spread(len(nodes), width), strict=True):
        kind = "input" if not level else "product" if len(node.factors) > 1 else "sum"
        points: tuple[XY, ...] = ()
        if kind == "product":
            step = min(0.17, 0.8 * pitch / len(node.factors))
            points = tuple(
                (x + (k - (len(node.factors) - 1) / 2) * step, y - NODE - 0.3) for k in range(len(node.factors))
            )
        marks.append(NodeMark(node.node, x, y, radius, kind, node.score, points))
    return marks


def _names(names: Sequence[str], width: float) -> list[Label]:
    """Labels at their horizontal places, their feet at height zero: level where all fit side by side, else upright,
    smaller where it must be."""
    if not names or not any(names):
        return []
    pitch = (width - 2 * MARGIN) / len(names)
    level = max(wording.width(wording.shorten(name, NAME, LONGEST), NAME) for name in names) + GAP <= pitch
    size = NAME if level else min(NAME, 0.95 * pitch * 72 / wording.LINE)
    labels = []
    for name, x in zip(names, spread(len(names), width), strict=True):
        shown = wording.shorten(name, size, max(LONGEST, pitch - GAP) if level else LONGEST)
        along, across = wording.width(shown, size), wording.height(size)
        w, h = (along, across) if level else (across, along)
        labels.append(Label(shown, Rect(x - w / 2, 0.0, x + w / 2, h), size, not level, name))
    return labels


def _with(mark: NodeMark, label: Label, *, below: bool) -> NodeMark:
    """The mark with its label moved next to it."""
    r, tall = label.rect, label.rect.y1
    foot = mark.y - mark.radius - 0.06 - tall if below else mark.y + mark.radius + 0.06
    moved = Label(label.text, Rect(r.x0, foot, r.x1, foot + tall), label.size, label.upright, label.full)
    return NodeMark(mark.node, mark.x, mark.y, mark.radius, mark.kind, mark.score, mark.factors, moved)


# ------------------------------------------------------------------ edges


@dataclass(frozen=True)
class _Band:
    """The cards of one layer of edges: their places, how many rows, the size of a frame, and the labels with the room
    they take."""

    centres: list[float]
    rows: int
    box: float
    labels: list[tuple[str, float, bool]]  # text, size, upright
    room: float  # height of the labels

    @staticmethod
    def of(edges: Sequence[EdgeContent], width: float) -> _Band:
        count = max(len(edges), 1)
        usable = width - 2 * MARGIN
        rows = max(1, math.ceil(count * CLOSEST / usable))
        pitch = rows * usable / count
        box = min(BOX, pitch - GAP, usable / (1 + (rows - 1) / count))
        # the outermost card of a row may reach beyond its column: keep it inside the canvas
        box = min(box, 2 * (MARGIN + 0.5 * usable / count) - 0.04)
        room = min(pitch - GAP, 2 * (MARGIN + 0.5 * usable / count) - 0.04)
        labels = [_label(edge, room) for edge in edges]
        tallest = max((wording.width(t, s) if up else wording.height(s) for t, s, up in labels if t), default=0.0)
        return _Band(spread(count, width), rows, box, labels, tallest + 0.05 if tallest else 0.0)

    @property
    def height(self) -> float:
        """Of all rows together."""
        return self.rows * (self.box + self.room) + (self.rows - 1) * 0.14

    def place(
        self, edges: Sequence[EdgeContent], sources: list[NodeMark], targets: list[XY], floor: float, beta: float
    ) -> list[EdgeMark]:
        """The marks of all edges of the band, whose lowest row stands on `floor`."""
        marks = []
        for k, edge in enumerate(edges):
            x, y = self.centres[k], floor + (k % self.rows) * (self.box + self.room + 0.14)
            box = Rect(x - self.box / 2, y, x + self.box / 2, y + self.box)
            words, size, upright = self.labels[k]
            card, label = box, None
            if words:
                along, across = wording.width(words, size), wording.height(size)
                w, h = (across, along) if upright else (along, across)
                label = Label(
                    words, Rect(x - w / 2, box.y1 + 0.02, x + w / 2, box.y1 + 0.02 + h), size, upright, edge.formula
                )
                card = Rect(min(box.x0, x - w / 2), box.y0, max(box.x1, x + w / 2), label.rect.y1 + 0.02)
            src = sources[edge.src]
            lines = ((src.x, src.y + src.radius), (x, card.y0)), ((x, card.y1), targets[edge.dst])
            opacity = max(math.tanh(beta * max(edge.score, 0.0)), 0.12)
            marks.append(
                EdgeMark(edge.edge, edge.kind, opacity, box, card, lines, fit_curve(edge.x, edge.y, box), label)
            )
        return marks


def _label(edge: EdgeContent, room: float) -> tuple[str, float, bool]:
    """The closed form as it fits: in full, its bare form, either one smaller, else upright."""
    for size in (FORMULA, 0.85 * FORMULA):
        for words in (edge.formula, edge.form):
            if wording.width(words, size) <= room:
                return words, size, False
    size = min(FORMULA, 72 * room / wording.LINE)
    words = edge.formula if wording.width(edge.formula, size) <= 1.1 else edge.form
    return wording.shorten(words, size, 1.1), size, True


def fit_curve(x: Sequence[float], y: Sequence[float], box: Rect) -> tuple[tuple[XY, ...], ...]:
    """The samples as points in the frame, in one piece per run of finite values; a function that only varies by
    round-off is a level line."""
    finite = [v for v in y if math.isfinite(v)]
    if not finite or not all(map(math.isfinite, x)):
        return ()
    low, high, size = min(finite), max(finite), max(map(abs, finite))
    level = high - low <= 1e-12 * size or not math.isfinite(high - low)
    x0, span = min(x), max(x) - min(x)
    inset = 0.1 * (box.x1 - box.x0)
    w, h = box.x1 - box.x0 - 2 * inset, box.y1 - box.y0 - 2 * inset
    pieces: list[tuple[XY, ...]] = []
    run: list[XY] = []
    for a, b in zip(x, y, strict=True):
        if math.isfinite(b):
            along = (a - x0) / span if span > 0 else 0.5
            run.append((box.x0 + inset + along * w, box.y0 + inset + (0.5 if level else (b - low) / (high - low)) * h))
        elif run:
            pieces.append(tuple(run))
            run = []
    return tuple(piece for piece in [*pieces, tuple(run)] if len(piece) > 1)
