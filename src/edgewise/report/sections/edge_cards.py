"""The function of every edge, each on its own card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...topology import Edge
from ..digits import share
from ..figures import ClosedForm
from ..subject import Subject
from .networks import KIND_WORDS, address


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


def lead(forms: Mapping[Edge, ClosedForm]) -> str:
    """How the cards are to be read."""
    found = any(not form.exact for form in forms.values())
    replaced = any(form.exact and math.isfinite(form.r2) for form in forms.values())
    sentences = [
        "The most important edges come first.",
        "In a formula, x or u is the value at the edge's source." if forms else "",
        "A dashed line is the closed form that fits a spline best, with its R²." if found else "",
        "The R² of a closed form compares it with the spline that it replaced." if replaced else "",
        "Node (1, 2) is node 2 of layer 1.",
    ]
    return " ".join(filter(None, sentences))


def edge_cards(subject: Subject, forms: Mapping[Edge, ClosedForm]) -> EdgeCards | None:
    """A card for each edge that is drawn; None where there is none."""
    edges = sorted((edge for layer in subject.shown.edges for edge in layer), key=lambda edge: -edge.score)
    cards = []
    for edge in edges:
        layer, src, _ = edge.edge
        form = forms.get(edge.edge)
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
                f"{'' if form.exact else '≈ '}{form.words}" if form else edge.formula,
                share(form.r2) if form and math.isfinite(form.r2) else "",
            )
        )
    return EdgeCards(tuple(cards), subject.edges - len(cards)) if cards else None
