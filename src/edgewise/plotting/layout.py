"""Where everything in the picture of a network lies, without any drawing library.

Inputs stand at the bottom, outputs at the top. Between two layers of nodes lies a band of cards, one per edge. A card
is a frame that holds the edge's curve, and above it the closed form where there is one. A line runs from the source
node to the card's foot and from its head to the target. Where a band holds many edges, its cards stand in several rows,
each at its own horizontal place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import lettering
from .bands import FORMULA_SIZE, Band
from .content import Content
from .marks import GAP, MARGIN, XY, Label, Layout, NodeMark, Rect, centred, spread
from .wording import clean

# Inches. Letters of a picture wider than this become too small to read in a notebook or on a page.
WIDEST_PICTURE, NARROWEST_PICTURE = 16.0, 3.4
DOT_RADIUS, NODE_RADIUS = 0.05, 0.085  # radii of inputs, and of sums and products
FACTOR_DROP, FACTOR_STEP = 0.3, 0.17  # how far factors hang below their product, and stand from one another
NAME_GAP, LONGEST_NAME = 0.06, 1.9  # between a node and its name, and the length of one that stands upright
CARD_PITCH, TIGHT_PITCH, WIDEST_CARD = 0.62, 0.5, 1.8  # room wanted for each of up to FEW_CARDS cards, of more, at most
FEW_CARDS = 12
NODE_PITCH, FACTOR_PITCH = 0.3, 0.12  # room wanted for a node, and for each factor of a product after the first
LEVEL_NAMES = 9.0  # width up to which a picture grows so that names lie level

NAME_SIZE, TITLE_SIZE, NOTE_SIZE = 11.0, 13.0, 11.0  # points


def arrange(content: Content, *, title: str | None = None, beta: float = 3.0) -> Layout:
    """Places for everything in `content`; the width follows the busiest layer.

    An edge's opacity is tanh(beta * score), never quite zero.
    """
    width = _width(content)
    bands = [Band.of(edges, width) for edges in content.edges]
    note = _line(content.note, NOTE_SIZE, width, MARGIN)
    below, above = (_names([n.name for n in content.nodes[k]], width) for k in (0, -1))
    foot = MARGIN if note is None else note.rect.y1 + GAP
    first = foot + max((label.rect.y1 for label in below), default=0.0) + NAME_GAP + DOT_RADIUS
    levels, floors = _levels(content, bands, first, width)
    nodes = [_nodes(content, level, y, width) for level, y in enumerate(levels)]
    nodes[0] = [_with(mark, label, below=True) for mark, label in zip(nodes[0], below, strict=True)]
    nodes[-1] = [_with(mark, label, below=False) for mark, label in zip(nodes[-1], above, strict=True)]
    edges = []
    for number, (band, floor) in enumerate(zip(bands, floors, strict=True)):
        targets = [p for mark in nodes[number + 1] for p in (mark.factors or ((mark.x, mark.y - mark.radius),))]
        edges += band.place(content.edges[number], nodes[number], targets, floor, beta)
    top = levels[-1] + NODE_RADIUS + NAME_GAP + max((label.rect.y1 for label in above), default=0.0) + MARGIN
    headline = _line(title or "", TITLE_SIZE, width, top)
    top = top if headline is None else headline.rect.y1 + MARGIN
    return Layout(width, top, tuple(mark for level in nodes for mark in level), tuple(edges), headline, note)


def _levels(content: Content, bands: Sequence[Band], first: float, width: float) -> tuple[list[float], list[float]]:
    """The height of each layer of nodes, from the first one up, and of the floor of each band of cards."""
    fan = min(0.26 + 0.05 * width, 0.95)  # room for the lines between nodes and cards: flat lines cannot be followed
    levels, floors = [first], []
    for number, band in enumerate(bands):
        floors.append(levels[-1] + NODE_RADIUS + fan)
        products = any(len(n.factors) > 1 for n in content.nodes[number + 1])
        levels.append(floors[-1] + band.height + fan + (FACTOR_DROP + NAME_GAP if products else 0.0) + NODE_RADIUS)
    return levels, floors


def _line(text: str, size: float, width: float, foot: float) -> Label | None:
    """One line of text in the middle of the picture, cut where it is too long; None where there is none."""
    if not text.strip():
        return None
    words = clean(text)
    return centred(lettering.shorten(words, size, width - 2 * MARGIN), width / 2, foot, size, full=words)


def _width(content: Content) -> float:
    wanted = [NARROWEST_PICTURE, lettering.width(content.note, NOTE_SIZE) + 2 * MARGIN]
    for edges in content.edges:
        pitch = TIGHT_PITCH
        if len(edges) <= FEW_CARDS:
            longest = max((lettering.width(e.formula, FORMULA_SIZE) for e in edges), default=0.0)
            pitch = max(CARD_PITCH, min(longest + 2 * GAP, WIDEST_CARD))
        wanted.append(len(edges) * pitch + 2 * MARGIN)
    for level in content.nodes:
        wanted.append(sum(NODE_PITCH + FACTOR_PITCH * max(len(n.factors) - 1, 0) for n in level) + 2 * MARGIN)
        longest = max((lettering.width(n.name, NAME_SIZE) for n in level), default=0.0)
        names = len(level) * (min(longest, LONGEST_NAME) + GAP)
        if names < LEVEL_NAMES:
            wanted.append(names + 2 * MARGIN)
    return min(max(wanted), WIDEST_PICTURE)


def _nodes(content: Content, level: int, y: float, width: float) -> list[NodeMark]:
    nodes = content.nodes[level]
    pitch = (width - 2 * MARGIN) / max(len(nodes), 1)
    radius = min(NODE_RADIUS if level else DOT_RADIUS, 0.3 * pitch)
    marks = []
    for node, x in zip(nodes, spread(len(nodes), width), strict=True):
        kind = "input" if not level else "product" if len(node.factors) > 1 else "sum"
        points: tuple[XY, ...] = ()
        if kind == "product":
            step = min(FACTOR_STEP, 0.8 * pitch / len(node.factors))
            middle = (len(node.factors) - 1) / 2
            points = tuple((x + (k - middle) * step, y - NODE_RADIUS - FACTOR_DROP) for k in range(len(node.factors)))
        marks.append(NodeMark(node.node, x, y, radius, kind, node.score, points))
    return marks


def _names(names: Sequence[str], width: float) -> list[Label]:
    """Labels at their horizontal places, their feet at height zero.

    They lie level where all fit side by side. Else they stand upright, smaller where they must be.
    """
    if not any(names):
        return []
    pitch = (width - 2 * MARGIN) / len(names)
    longest = max(lettering.width(lettering.shorten(name, NAME_SIZE, LONGEST_NAME), NAME_SIZE) for name in names)
    level = longest + GAP <= pitch
    size = NAME_SIZE if level else min(NAME_SIZE, 0.95 * pitch * lettering.POINTS_PER_INCH / lettering.LINE_HEIGHT)
    room = max(LONGEST_NAME, pitch - GAP) if level else LONGEST_NAME
    return [
        centred(lettering.shorten(name, size, room), x, 0.0, size, upright=not level, full=name)
        for name, x in zip(names, spread(len(names), width), strict=True)
    ]


def _with(mark: NodeMark, label: Label, *, below: bool) -> NodeMark:
    """The mark with its label moved next to it."""
    r, tall = label.rect, label.rect.y1
    foot = mark.y - mark.radius - NAME_GAP - tall if below else mark.y + mark.radius + NAME_GAP
    return replace(mark, label=replace(label, rect=Rect(r.x0, foot, r.x1, foot + tall)))
