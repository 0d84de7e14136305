"""The layout of a network as SVG that takes its colours from the page; edges can be pointed at, and open their card."""

from __future__ import annotations

from ..layers import BOTH, SPLINE, SYMBOLIC
from ..plotting.lettering import POINTS_PER_INCH
from ..plotting.marks import XY, EdgeMark, Label, NodeMark, Rect
from ..topology import Edge
from .markup import Markup, element, join
from .sections.networks import NetworkView

UNITS_PER_INCH = 100.0  # of the SVG
EDGE_STYLES = {SPLINE: "spline", SYMBOLIC: "symbolic", BOTH: "both"}
NARROW_SCREEN = 420  # units: a picture at most this wide shrinks to a narrow screen
LEGIBLE = 0.62  # part of its width to which a wider one shrinks before it scrolls: letters of 7 points stay readable
WIDEST_SCROLLED = 900  # units that a narrow screen must scroll through, at most


def edge_id(edge: Edge) -> str:
    """The identity of an edge as an id of the page.

    >>> edge_id((0, 1, 2))
    'edge-0-1-2'
    """
    return "edge-" + "-".join(map(str, edge))


def network(view: NetworkView) -> Markup:
    """The picture: lines first, then cards, then nodes, so that lines pass behind the rest."""
    layout, pen = view.layout, _Pen(view.layout.height)
    parts = [pen.wires(mark) for mark in layout.edges]
    parts += [pen.card(mark, view.told[mark.edge], view.opens_cards) for mark in layout.edges]
    parts += [pen.node(mark) for mark in layout.nodes]
    parts += [pen.text("note", layout.note)]
    width, height = UNITS_PER_INCH * layout.width, UNITS_PER_INCH * layout.height
    least = min(LEGIBLE * width, WIDEST_SCROLLED)
    least = least if view.opens_cards and least > NARROW_SCREEN else 0.0  # an overview may become as small as it must
    return element(
        "svg",
        *parts,
        class_="network",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        style=f"width:100%;max-width:{width:.0f}px;min-width:{least:.0f}px",
        role="group",
        aria_label=view.title,
    )


class _Pen:
    """Draws marks of a layout, whose inches run from the bottom, into units that run from the top."""

    def __init__(self, height: float) -> None:
        self.height = height

    def at(self, point: XY) -> tuple[float, float]:
        return UNITS_PER_INCH * point[0], UNITS_PER_INCH * (self.height - point[1])

    def line(self, style: str, *points: XY, **attributes: object) -> Markup:
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, points))
        return element("polyline", class_=style, points=places, **attributes)

    def rect(self, style: str, r: Rect) -> Markup:
        x, y = self.at((r.x0, r.y1))
        w, h = UNITS_PER_INCH * (r.x1 - r.x0), UNITS_PER_INCH * (r.y1 - r.y0)
        return element("rect", class_=style, x=x, y=y, width=w, height=h)

    def circle(self, style: str, centre: XY, radius: float) -> Markup:
        x, y = self.at(centre)
        return element("circle", class_=style, cx=x, cy=y, r=UNITS_PER_INCH * radius)

    def text(self, style: str, label: Label | None) -> Markup:
        if label is None:
            return Markup()
        x, y = self.at(label.center)
        return element(
            "text",
            *([element("title", label.full)] if label.full and label.full != label.text else []),
            label.text,
            class_=style,
            x=x,
            y=y,
            font_size=label.size / POINTS_PER_INCH * UNITS_PER_INCH,
            text_anchor="middle",
            dominant_baseline="central",
            transform=f"rotate(-90 {x:.1f} {y:.1f})" if label.upright else None,
        )

    def wires(self, mark: EdgeMark) -> Markup:
        """The two lines that join an edge's card."""
        style, faded = f"wire {EDGE_STYLES[mark.kind]}", f"{mark.opacity:.2f}"
        return join(self.line(style, *ends, data_of=edge_id(mark.edge), opacity=faded) for ends in mark.lines)

    def card(self, mark: EdgeMark, told: str, opens: bool) -> Markup:
        """The curve of an edge in its frame; it `opens` its card by pointer and by keyboard."""
        reach = {"tabindex": 0, "role": "button", "data_edge": edge_id(mark.edge), "aria_label": told} if opens else {}
        curve = [self.line("curve", *piece) for piece in mark.curve]
        return element(
            "g",
            element("title", told),
            self.rect("card", mark.card),
            element("g", self.rect("frame", mark.box), *curve, opacity=f"{mark.opacity:.2f}"),
            self.text("form", mark.label),
            class_=f"edge {EDGE_STYLES[mark.kind]}",
            **reach,
        )

    def node(self, mark: NodeMark) -> Markup:
        """A node with its sign, its factors and its name."""
        name = f"{mark.label.full}: " if mark.label else ""
        centre = (mark.x, mark.y)
        drawn = element(
            "g",
            element("title", f"{name}{mark.kind} {mark.node}, importance {mark.score:.2f}"),
            *(self.line("stem", point, centre) for point in mark.factors),
            *(self.circle("dot", point, mark.radius / 2) for point in mark.factors),
            self.circle("dot" if mark.kind == "input" else "ring", centre, mark.radius),
            *(self.line("stem", *stroke) for stroke in mark.sign),
            class_="node",
        )
        return join([drawn, self.text("name", mark.label)])
