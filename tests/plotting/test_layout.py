"""The layout as plain data: nothing overlaps, nothing leaves the canvas, and everything that is active is there. No
drawing library."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys

import pytest
import torch

import edgewise as ew
from edgewise.model import KAN
from edgewise.plotting.content import describe
from edgewise.plotting.layout import arrange
from edgewise.plotting.lettering import width
from edgewise.plotting.marks import Layout, Rect
from edgewise.plotting.selection import select

from .pictures import law, zoo

ZOO = zoo()
LARGE = describe(KAN((30, 10, 1)))
CONTENTS = {name: describe(model) for name, model in ZOO.items()} | {
    "cut": select(LARGE, top=40),
    "cut to a chain": select(LARGE, top=1),
    "no inputs left": select(LARGE, threshold=max(edge.score for edge in LARGE.edges[0]) * 1.001),
}


def layout_of(name: str, **options) -> Layout:
    return arrange(CONTENTS[name], **options)


def solid(layout: Layout) -> list[Rect]:
    """Every rectangle that must keep clear of the others: cards (frame and formula), nodes, names, title and note."""
    found = [edge.card for edge in layout.edges]
    found += [Rect(n.x - n.radius, n.y - n.radius, n.x + n.radius, n.y + n.radius) for n in layout.nodes]
    found += [node.label.rect for node in layout.nodes if node.label]
    return [*found, *(label.rect for label in (layout.title, layout.note) if label)]


def overlap(a: Rect, b: Rect) -> bool:
    """Whether the two share more than a border."""
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


@pytest.mark.parametrize("name", CONTENTS)
def test_no_two_parts_overlap(name):
    clashes = [(a, b) for a, b in itertools.combinations(solid(layout_of(name, title="A title")), 2) if overlap(a, b)]
    assert not clashes


@pytest.mark.parametrize("name", CONTENTS)
def test_everything_lies_inside_the_canvas(name):
    layout = layout_of(name, title="A title that is a good deal longer than the picture is wide, " * 5)
    outside = [r for r in solid(layout) if r.x0 < 0 or r.y0 < 0 or r.x1 > layout.width or r.y1 > layout.height]
    assert not outside
    for edge in layout.edges:
        assert all(
            0 <= x <= layout.width and 0 <= y <= layout.height for line in (*edge.lines, *edge.curve) for x, y in line
        )


@pytest.mark.parametrize("name", CONTENTS)
def test_curves_and_formulas_stay_inside_their_cards(name):
    for edge in layout_of(name).edges:
        assert edge.curve
        assert all(
            edge.box.x0 <= x <= edge.box.x1 and edge.box.y0 <= y <= edge.box.y1
            for piece in edge.curve
            for x, y in piece
        )
        if edge.label:
            r, c = edge.label.rect, edge.card
            assert c.x0 <= r.x0 and r.x1 <= c.x1 and edge.box.y1 <= r.y0 and r.y1 <= c.y1


@pytest.mark.parametrize("name", CONTENTS)
def test_texts_fit_the_rectangles_kept_for_them(name):
    layout = layout_of(name, title="A title")
    labels = [*(n.label for n in layout.nodes), *(e.label for e in layout.edges), layout.title, layout.note]
    for label in filter(None, labels):
        along = label.rect.y1 - label.rect.y0 if label.upright else label.rect.x1 - label.rect.x0
        assert width(label.text, label.size) <= along + 1e-9
        assert label.size >= 4.5


@pytest.mark.parametrize("name", ZOO)
def test_every_active_edge_is_drawn_once_with_its_identity(name):
    assert sorted(e.edge for e in layout_of(name).edges) == sorted(ZOO[name].active_edges())


def test_lines_join_source_card_and_the_right_factor_of_the_product():
    layout = layout_of("products")
    nodes = {mark.node: mark for mark in layout.nodes}
    topology = ZOO["products"].topology
    for mark in layout.edges:
        layer, src, dst = mark.edge
        (start, foot), (head, end) = mark.lines
        assert start == (nodes[layer, src].x, nodes[layer, src].y + nodes[layer, src].radius)
        assert foot[1] == mark.card.y0 and head[1] == mark.card.y1
        owner = next(
            n for n, ids in zip(topology.node_ids[layer + 1], topology.factors[layer + 1], strict=True) if dst in ids
        )
        target = nodes[layer + 1, owner]
        if target.kind == "product":
            assert (
                end == target.factors[topology.factors[layer + 1][topology.node_ids[layer + 1].index(owner)].index(dst)]
            )
        else:
            assert end == (target.x, target.y - target.radius)
    assert [m.kind for m in layout.nodes if m.node[0] == 1] == ["sum", "sum", "product", "product"]


def test_width_follows_the_busiest_layer_and_stays_bounded():
    widths = [arrange(describe(KAN((n, 1)))).width for n in (1, 17, 60, 200)]
    assert widths[0] < widths[1] < widths[2] <= 16 and widths[3] <= 16


def test_opacity_grows_with_attribution_and_never_hides_an_active_edge():
    X = torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    model = KAN((2, 3, 1))
    scores = ew.attribute(model, X).edges
    marks = arrange(describe(model, X)).edges
    for mark in marks:
        layer, src, dst = mark.edge
        assert mark.opacity == pytest.approx(max(math.tanh(3 * float(scores[layer][src, dst])), 0.12))


def test_each_of_many_outputs_shows_what_matters_to_it():
    model = KAN((1, 14), base="none")
    assert all(mark.opacity > 0.9 for mark in arrange(describe(model)).edges)


def test_closed_forms_stand_above_their_edges():
    labels = {mark.edge: mark.label.text for mark in arrange(describe(law(), inputs=("x", "y"))).edges if mark.label}
    assert labels == {(0, 0, 0): "sin(πx)", (0, 1, 0): "y²", (1, 0, 0): "exp(u)"}


@pytest.mark.slow
def test_layout_loads_no_drawing_library():
    code = (
        "import sys, edgewise as ew; from edgewise.plotting import arrange, describe; arrange(describe(ew.KAN((2, 3,"
        " 1))));sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
