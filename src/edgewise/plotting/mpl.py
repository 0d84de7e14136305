"""The layout of a network drawn with matplotlib: one axes, collections instead of one artist per part, no state of
pyplot, no files."""

from __future__ import annotations

import io
import warnings
from functools import cache
from typing import Any

from ..errors import ConfigError, EdgewiseWarning, few, require, shown
from ..layers import BOTH, SPLINE, SYMBOLIC
from .glyphs import families_for, without
from .marks import XY, EdgeMark, Label, Layout, Rect

INK, SOFT = "#1f2933", "#52606d"  # of nodes and names, of the note
EDGE_COLORS = {SPLINE: INK, SYMBOLIC: "#d1242f", BOTH: "#8250df"}
WIRE_COLORS = {**EDGE_COLORS, SPLINE: SOFT}
WIDE_FRAME = 0.4  # inches of a frame above which its curve is drawn thicker


def draw(layout: Layout, *, figsize: tuple[float, float] | None = None, ax: Any = None) -> Any:
    """A matplotlib Figure that shows the layout: a new one of the layout's size (or `figsize`, in inches), or the one
    that `ax` belongs to.

    Raises `ConfigError` for sizes that are not two positive numbers, `MissingExtra` without matplotlib.
    """
    if ax is None:
        size = (layout.width, layout.height) if figsize is None else _size(figsize)
        figure = figure_class()(figsize=size, facecolor="white")
        ax = figure.add_axes((0, 0, 1, 1))
    elif figsize is not None:
        raise ConfigError("figsize is for a new figure, and ax has a size already; give one of the two")
    elif not hasattr(ax, "get_window_extent") or not hasattr(ax, "figure"):
        raise ConfigError(f"ax must be matplotlib Axes to draw on, got {shown(ax)}")
    else:
        figure = ax.figure
        box = ax.get_window_extent()
        size = box.width / figure.dpi, box.height / figure.dpi
    scale = min(size[0] / layout.width, size[1] / layout.height)
    wide, tall = size[0] / scale, size[1] / scale  # the layout's inches that the axes hold
    left, foot = (layout.width - wide) / 2, (layout.height - tall) / 2
    ax.set_xlim(left, left + wide)
    ax.set_ylim(foot, foot + tall)
    ax.set_axis_off()
    _draw_edges(ax, layout.edges, scale)
    _draw_nodes(ax, layout, scale)
    labels = (
        [(node.label, INK) for node in layout.nodes]
        + [(edge.label, EDGE_COLORS[edge.kind]) for edge in layout.edges]
        + [(layout.title, INK), (layout.note, SOFT)]
    )
    _write_all(ax, [(label, color) for label, color in labels if label is not None], scale)
    return figure


@cache
def figure_class() -> Any:
    """matplotlib's Figure, which also shows itself in notebooks where pyplot was never imported."""
    figure = require("matplotlib.figure")

    class KANFigure(figure.Figure):
        """A Figure with a picture for notebooks."""

        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png", dpi=144)
            return file.getvalue()

    KANFigure.__module__, KANFigure.__qualname__ = __name__, "KANFigure"
    return KANFigure


def __getattr__(name: str) -> Any:
    if name == "KANFigure":  # by this name pickled figures come back
        return figure_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _size(figsize: Any) -> tuple[float, float]:
    try:
        width, height = (float(v) for v in figsize)
    except Exception:  # of the values' own methods
        width = height = 0.0
    if not (0 < width < 1000 and 0 < height < 1000):
        raise ConfigError(f"figsize must be (width, height) in inches, such as (8, 5), got {shown(figsize)}")
    return width, height


def _draw_edges(ax: Any, edges: tuple[EdgeMark, ...], scale: float) -> None:
    collections = require("matplotlib.collections")
    if not edges:
        return
    wires = [(line, _faded(WIRE_COLORS, mark)) for mark in edges for line in mark.lines]
    frames = [(_outline(mark.box), _faded(EDGE_COLORS, mark)) for mark in edges]
    curves = [(piece, _faded(EDGE_COLORS, mark)) for mark in edges for piece in mark.curve]
    cards = [_outline(mark.card) for mark in edges]
    side = edges[0].box.x1 - edges[0].box.x0
    thickness = 1.5 if side > WIDE_FRAME else 1.1
    ax.add_collection(collections.PolyCollection(cards, facecolors="white", edgecolors="none", zorder=2))
    for strokes, width, order in ((wires, 0.9, 1), (frames, 0.7, 3), (curves, thickness, 4)):
        if strokes:
            points, colors = zip(*strokes, strict=True)
            ax.add_collection(
                collections.LineCollection(
                    list(points), colors=list(colors), linewidths=width * scale, capstyle="round", zorder=order
                )
            )


def _faded(colors: dict[int, str], mark: EdgeMark) -> tuple[float, ...]:
    return (*require("matplotlib.colors").to_rgb(colors[mark.kind]), mark.opacity)


def _outline(r: Rect) -> list[XY]:
    return [(r.x0, r.y0), (r.x1, r.y0), (r.x1, r.y1), (r.x0, r.y1), (r.x0, r.y0)]


def _draw_nodes(ax: Any, layout: Layout, scale: float) -> None:
    collections = require("matplotlib.collections")
    dots, rings, strokes, stems = [], [], [], []
    for mark in layout.nodes:
        if mark.kind == "input":
            dots.append((mark.x, mark.y, mark.radius))
            continue
        rings.append((mark.x, mark.y, mark.radius))
        strokes += mark.sign
        dots += [(x, y, 0.5 * mark.radius) for x, y in mark.factors]
        stems += [[point, (mark.x, mark.y)] for point in mark.factors]
    ax.add_collection(collections.LineCollection(stems, colors=INK, linewidths=1.1 * scale, zorder=5))
    for circles, face in ((dots, INK), (rings, "white")):
        if circles:
            x, y, r = zip(*circles, strict=True)
            wide = [2 * v for v in r]
            ax.add_collection(
                collections.EllipseCollection(
                    wide,
                    wide,
                    [0.0] * len(wide),
                    units="xy",
                    offsets=list(zip(x, y, strict=True)),
                    offset_transform=ax.transData,
                    facecolors=face,
                    edgecolors=INK,
                    linewidths=1.0 * scale,
                    zorder=6,
                )
            )
    ax.add_collection(collections.LineCollection(strokes, colors=INK, linewidths=1.1 * scale, zorder=7))


def _write_all(ax: Any, labels: list[tuple[Label, str]], scale: float) -> None:
    """Write all labels, in fonts that have their letters; warn of letters that no font here has."""
    families, lost = families_for(label.text for label, _ in labels)
    for label, color in labels:
        _write(ax, label, without(label.text, lost), color, families, scale)
    if lost:
        warnings.warn(
            EdgewiseWarning(
                f"no font here has {few(sorted(lost))}, and boxes stand for them; install a font that does, such as"
                " Noto Sans CJK, or give other names with inputs=..."
            ),
            stacklevel=4,
        )


def _write(ax: Any, label: Label, text: str, color: str, families: list[str], scale: float) -> None:
    x, y = label.center
    ax.text(
        x,
        y,
        text,
        family=families,
        size=label.size * scale,
        color=color,
        ha="center",
        va="center",
        rotation=90 if label.upright else 0,
        parse_math=False,
        clip_on=False,
        zorder=8,
    )
