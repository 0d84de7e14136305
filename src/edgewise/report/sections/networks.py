"""The network, and the one before pruning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...layers import BOTH, SPLINE, SYMBOLIC
from ...plotting.content import Content
from ...plotting.layout import arrange
from ...plotting.lettering import cut
from ...plotting.marks import Layout
from ...topology import Edge
from ..digits import share
from ..figures import ClosedForm
from ..subject import Subject

KIND_WORDS = {SPLINE: "spline", SYMBOLIC: "closed form", BOTH: "spline and closed form"}
HALF_WIDTH = 6.7  # inches of a picture that is readable in half the width of the page
MOST_LETTERS = 40  # of a name in the address of an edge


@dataclass(frozen=True)
class NetworkView:
    """One picture: where everything lies, what each edge says when pointed at, and whether edges open their card."""

    title: str
    layout: Layout
    told: dict[Edge, str]
    opens_cards: bool


@dataclass(frozen=True)
class NetworkViews:
    """The pictures, side by side where all are narrow enough."""

    views: tuple[NetworkView, ...]

    @property
    def side_by_side(self) -> bool:
        """Whether two pictures fit into one line."""
        return len(self.views) > 1 and all(view.layout.width <= HALF_WIDTH for view in self.views)


def networks(subject: Subject, forms: Mapping[Edge, ClosedForm]) -> NetworkViews:
    """The network before pruning, where there was one, and the network."""
    if subject.before is None:
        return NetworkViews((_view(subject, "The network", subject.shown, forms, opens_cards=True),))
    before = _view(subject, "Before pruning", subject.before, {}, opens_cards=False)
    return NetworkViews((before, _view(subject, "After pruning", subject.shown, forms, opens_cards=True)))


def _view(
    subject: Subject, title: str, content: Content, forms: Mapping[Edge, ClosedForm], *, opens_cards: bool
) -> NetworkView:
    return NetworkView(title, arrange(content), _told(subject, content, forms), opens_cards)


def _told(subject: Subject, content: Content, forms: Mapping[Edge, ClosedForm]) -> dict[Edge, str]:
    told = {}
    for edge in (edge for layer in content.edges for edge in layer):
        form = forms.get(edge.edge)
        words = f", {'=' if form.exact else '≈'} {form.words}" if form else ""
        r2 = f", R² {share(form.r2)}" if form and math.isfinite(form.r2) else ""
        where = address(edge.edge, subject.inputs)
        told[edge.edge] = f"{where}: {KIND_WORDS[edge.kind]}{words}{r2}, importance {edge.score:.2f}"
    return told


def address(edge: Edge, inputs: tuple[str, ...]) -> str:
    """From where to where an edge runs, in words.

    >>> address((0, 1, 2), ("mass", "speed")), address((1, 2, 0), ())
    ('speed → (1, 2)', 'node (1, 2) → (2, 0)')
    """
    layer, src, dst = edge
    source = cut(inputs[src], MOST_LETTERS) if layer == 0 else f"node ({layer}, {src})"
    return f"{source} → ({layer + 1}, {dst})"


def legend(subject: Subject) -> str:
    """How the pictures are to be read."""
    kinds = {edge.kind for layer in subject.shown.edges for edge in layer}
    colors = " Splines are dark, closed forms red." if kinds - {SPLINE} else ""
    return (
        f"Inputs are below, outputs above. A line is as dark as its edge is important.{colors} ⊕ adds, ⊗ multiplies."
        " Point at an edge to see its function; click to keep it open."
    )
