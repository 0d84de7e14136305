"""The function of every edge, each on its own card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...layers import SPLINE
from ...topology import Edge
from ..digits import share
from ..figures import ClosedForm
from ..subject import Subject
from .networks import KIND_WORDS, address

LEAD = (
    "Edges stand in the order of their importance. In a formula, x or u is the value at the edge's source."
    " A dashed line is the closed form that fits the spline best, with its R²."
    " Node (1, 2) is node 2 of layer 1, as in edgewise's own functions."
)


@dataclass(frozen=True)
class EdgeCard:
    """One edge: its samples (x, y) with their axis, its closed form (its own or the best fit), and that in words."""

    edge: Edge
    kind: int
    where: str
    what: str
    axis: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    form_y: tuple[float, ...]
    words: str
    r2: str


@dataclass(frozen=True)
class EdgeCards:
    """The cards, and how many less important edges have none."""

    cards: tuple[EdgeCard, ...]
    left_out: int


def edge_cards(subject: Subject, forms: Mapping[Edge, ClosedForm]) -> EdgeCards | None:
    """A card for each edge that is drawn; None where there is none."""
    edges = sorted((edge for layer in subject.shown.edges for edge in layer), key=lambda edge: -edge.score)
    cards = []
    for edge in edges:
        layer, src, _ = edge.edge
        form = forms.get(edge.edge)
        words = "No closed form was looked for." if edge.kind == SPLINE else edge.formula
        cards.append(
            EdgeCard(
                edge.edge,
                edge.kind,
                address(edge.edge, subject.inputs),
                f"{KIND_WORDS[edge.kind]}, importance {edge.score:.2f}",
                "u" if layer else subject.inputs[src],
                edge.x,
                edge.y,
                form.y if form else (),
                f"{'' if form.exact else '≈ '}{form.words}" if form else words,
                share(form.r2) if form and math.isfinite(form.r2) else "",
            )
        )
    return EdgeCards(tuple(cards), subject.edges - len(cards)) if cards else None
