"""The cards of one layer of edges: how large they are, in how many rows they stand, and what stands on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from . import lettering
from .content import EdgeContent
from .marks import GAP, MARGIN, XY, EdgeMark, Label, NodeMark, Rect, centred, spread

BOX, CLOSEST = 0.56, 0.36  # inches: side of a frame, and the closest two cards of a row may stand
ROW_GAP, LABEL_GAP, BORDER = 0.14, 0.02, 0.02  # inches between rows, around formulas, at the border of the picture
FORMULA_SIZE, SMALLER = 8.0, 0.85  # points, and the part of it to which a formula shrinks before it is cut
LONGEST_FORMULA = 1.1  # inches of one that stands upright
INSET = 0.1  # part of a frame that stays free around its curve
FAINTEST = 0.12  # opacity at which an edge that does not matter can still be seen
ROUND_OFF_LEVEL = 1e-12  # variation of a curve, as a part of its values, that is round-off


@dataclass(frozen=True)
class Band:
    """Where the cards of a layer stand.

    centres: their horizontal places. rows: how many rows they stand in. box: the side of a frame. labels: the formulas
    above the frames (text, size, upright). room: the height that these take.
    """

    centres: list[float]
    rows: int
    box: float
    labels: list[tuple[str, float, bool]]
    room: float

    @staticmethod
    def of(edges: Sequence[EdgeContent], width: float) -> Band:
        """The band of these edges in a picture of this width."""
        count = max(len(edges), 1)
        usable = width - 2 * MARGIN
        rows = max(1, math.ceil(count * CLOSEST / usable))
        pitch = rows * usable / count
        # The outermost cards of a row may reach beyond their columns, but not beyond the picture.
        room = min(pitch - GAP, 2 * (MARGIN + 0.5 * usable / count - BORDER))
        labels = [_label(edge, room) for edge in edges]
        tallest = max((lettering.width(t, s) if up else lettering.height(s) for t, s, up in labels if t), default=0.0)
        box = min(BOX, room, usable / (1 + (rows - 1) / count))
        return Band(spread(count, width), rows, box, labels, tallest + 2.5 * LABEL_GAP if tallest else 0.0)

    @property
    def height(self) -> float:
        """Of all rows together."""
        return self.rows * (self.box + self.room) + (self.rows - 1) * ROW_GAP

    def place(
        self, edges: Sequence[EdgeContent], sources: list[NodeMark], targets: list[XY], floor: float, beta: float
    ) -> list[EdgeMark]:
        """The marks of all edges of the band, whose lowest row stands on `floor`."""
        marks = []
        for k, edge in enumerate(edges):
            x, y = self.centres[k], floor + (k % self.rows) * (self.box + self.room + ROW_GAP)
            box = Rect(x - self.box / 2, y, x + self.box / 2, y + self.box)
            card, label = box, self._formula(k, edge, box)
            if label is not None:
                r = label.rect
                card = Rect(min(box.x0, r.x0), box.y0, max(box.x1, r.x1), r.y1 + LABEL_GAP)
            src = sources[edge.src]
            lines = ((src.x, src.y + src.radius), (x, card.y0)), ((x, card.y1), targets[edge.dst])
            opacity = max(math.tanh(beta * max(edge.score, 0.0)), FAINTEST)
            curve = fit_curve(edge.x, edge.y, box)
            marks.append(EdgeMark(edge.edge, edge.kind, opacity, box, card, lines, curve, label))
        return marks

    def _formula(self, k: int, edge: EdgeContent, box: Rect) -> Label | None:
        words, size, upright = self.labels[k]
        if not words:
            return None
        return centred(words, self.centres[k], box.y1 + LABEL_GAP, size, upright=upright, full=edge.formula)


def _label(edge: EdgeContent, room: float) -> tuple[str, float, bool]:
    """The closed form as it fits: in full, its bare form, either one smaller, else upright."""
    for size in (FORMULA_SIZE, SMALLER * FORMULA_SIZE):
        for words in (edge.formula, edge.form):
            if lettering.width(words, size) <= room:
                return words, size, False
    size = min(FORMULA_SIZE, lettering.POINTS_PER_INCH * room / lettering.LINE_HEIGHT)
    words = edge.formula if lettering.width(edge.formula, size) <= LONGEST_FORMULA else edge.form
    return lettering.shorten(words, size, LONGEST_FORMULA), size, True


def fit_curve(x: Sequence[float], y: Sequence[float], box: Rect) -> tuple[tuple[XY, ...], ...]:
    """The samples as points in the frame, in one piece per run of finite values.

    A function that varies by round-off alone is a level line.
    """
    finite = [v for v in y if math.isfinite(v)]
    if not finite or not all(map(math.isfinite, x)):
        return ()
    low, high, size = min(finite), max(finite), max(map(abs, finite))
    level = high - low <= ROUND_OFF_LEVEL * size or not math.isfinite(high - low)
    x0, span = min(x), max(x) - min(x)
    inset = INSET * (box.x1 - box.x0)
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
