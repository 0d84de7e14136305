"""The layout of a network as inline SVG that takes its colours from the page; every edge can be pointed at."""

from __future__ import annotations

from collections.abc import Callable

from ..plotting.layout import EdgeMark, Label, Layout
from ..topology import Edge
from .markup import escape

UNIT = 100.0  # SVG units per inch
KINDS = {1: "spline", 2: "symbolic", 3: "both"}


def edge_id(edge: Edge) -> str:
    """The identity of an edge as an id of the page."""
    return "edge-" + "-".join(map(str, edge))


def draw(layout: Layout, label: str, tell: Callable[[EdgeMark], str], *, live: bool) -> str:
    """The picture; `tell` says what an edge shows when pointed at; `live` edges can be reached by keyboard and open
    their card."""
    tall = layout.height

    def at(x: float, y: float) -> str:
        return f"{UNIT * x:.1f},{UNIT * (tall - y):.1f}"

    parts = []
    for mark in layout.edges:
        for line in mark.lines:
            points = " ".join(at(*p) for p in line)
            parts.append(
                f'<polyline class="wire {KINDS[mark.kind]}" data-of="{edge_id(mark.edge)}" opacity="{mark.opacity:.2f}"'
                f' points="{points}"/>'
            )
    for mark in layout.edges:
        card, box = mark.card, mark.box
        told = escape(tell(mark))
        reach = f' tabindex="0" role="button" data-edge="{edge_id(mark.edge)}" aria-label="{told}"' if live else ""
        inner = f"<title>{told}</title>" + _rect(card.x0, tall - card.y1, card.x1 - card.x0, card.y1 - card.y0, "card")
        frame = _rect(box.x0, tall - box.y1, box.x1 - box.x0, box.y1 - box.y0, "frame")
        curve = "".join(f'<polyline class="curve" points="{" ".join(at(*p) for p in piece)}"/>' for piece in mark.curve)
        inner += f'<g opacity="{mark.opacity:.2f}">{frame}{curve}</g>' + _text(mark.label, tall, "form")
        parts.append(f'<g class="edge {KINDS[mark.kind]}"{reach}>{inner}</g>')
    for node in layout.nodes:
        stems = "".join(
            f'<polyline class="stem" points="{at(*point)} {at(node.x, node.y)}"/>' for point in node.factors
        )
        x, y, r = UNIT * node.x, UNIT * (tall - node.y), UNIT * node.radius
        points = "".join(
            f'<circle class="dot" cx="{UNIT * a:.1f}" cy="{UNIT * (tall - b):.1f}" r="{r / 2:.1f}"/>'
            for a, b in node.factors
        )
        name = f"{node.label.full}: " if node.label else ""
        told = escape(f"{name}{node.kind} {node.node}, importance {node.score:.2f}")
        ring = f'<circle class="{"dot" if node.kind == "input" else "ring"}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>'
        d = 0.55 * r if node.kind == "sum" else 0.41 * r
        sign = {
            "input": "",
            "sum": f'<path class="stem" d="M{x - d:.1f} {y:.1f}h{2 * d:.1f}M{x:.1f} {y - d:.1f}v{2 * d:.1f}"/>',
            "product": (
                f'<path class="stem" d="M{x - d:.1f} {y - d:.1f}l{2 * d:.1f} {2 * d:.1f}M{x - d:.1f}'
                f' {y + d:.1f}l{2 * d:.1f} {-2 * d:.1f}"/>'
            ),
        }[node.kind]
        parts.append(
            f'<g class="node"><title>{told}</title>{stems}{points}{ring}{sign}</g>{_text(node.label, tall, "name")}'
        )
    width, height = UNIT * layout.width, UNIT * tall
    least = min(0.62 * width, 900)
    least = (
        0.0 if least <= 420 or not live else least
    )  # what is not much too wide for a narrow screen shrinks, as overviews do; the rest scrolls
    size = f"width:100%;max-width:{width:.0f}px;min-width:{least:.0f}px"
    head = (
        f'<svg class="network" viewBox="0 0 {width:.0f} {height:.0f}" style="{size}" role="group"'
        f' aria-label="{escape(label)}">'
    )
    return f'<div class="scroll">{head}{"".join(parts)}</svg></div>'


def _rect(x: float, y: float, w: float, h: float, style: str) -> str:
    return (
        f'<rect class="{style}" x="{UNIT * x:.1f}" y="{UNIT * y:.1f}" width="{UNIT * w:.1f}" height="{UNIT * h:.1f}"/>'
    )


def _text(label: Label | None, tall: float, style: str) -> str:
    if label is None:
        return ""
    x, y = UNIT * label.center[0], UNIT * (tall - label.center[1])
    size = label.size / 72 * UNIT
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if label.upright else ""
    full = f"<title>{escape(label.full)}</title>" if label.full and label.full != label.text else ""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" text-anchor="middle"'
        f' dominant-baseline="central"{turn}>{full}{escape(label.text)}</text>'
    )
