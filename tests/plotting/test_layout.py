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
from edgewise.errors import ConfigError, DataError, StructureError
from edgewise.metadata import Metadata
from edgewise.model import KAN
from edgewise.plotting.bands import fit_curve
from edgewise.plotting.content import describe, rows_for
from edgewise.plotting.layout import arrange
from edgewise.plotting.marks import Layout, Rect
from edgewise.plotting.selection import select
from edgewise.plotting.wording import call, clean, closed_form, number, shorten, width

from .pictures import HOSTILE, law, named, with_forms, zoo

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


@pytest.mark.parametrize("name", CONTENTS)
def test_no_two_parts_overlap(name):
    clashes = [(a, b) for a, b in itertools.combinations(solid(layout_of(name, title="A title")), 2) if a.overlaps(b)]
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


def test_names_keep_their_feature_after_pruning():
    model = ew.KAN((5, 1))
    from edgewise.transforms import remove

    left = remove(model, nodes=[(0, 0), (0, 2)])
    labels = [m.label.text for m in arrange(describe(left)).nodes if m.label and m.node[0] == 0]
    assert labels == ["x2", "x4", "x5"]
    assert [e.edge[1] for e in arrange(describe(left)).edges] == [1, 3, 4]
    given = arrange(describe(left, inputs=list("abcde"), outputs=["out"]))
    assert [m.label.text for m in given.nodes if m.label] == ["b", "d", "e", "out"]
    with pytest.raises(ConfigError, match="inputs needs 5 names.*pruned ones too"):
        describe(left, inputs=list("abc"))


def test_classes_name_the_outputs():
    model = named(KAN((1, 2)), inputs=("a",), outputs=("kind",), classes=("red", "blue"))
    assert [n.name for n in describe(model).nodes[-1]] == ["red", "blue"]


def test_curves_of_inputs_run_over_the_data_in_its_own_units():
    model = KAN((1, 1)).build(
        scaling={"input_shift": torch.tensor([100.0], dtype=torch.float64), "input_scale": torch.tensor([5.0]).double()}
    )
    X = torch.linspace(90, 105, 50, dtype=torch.float64)[:, None]
    edge = describe(model, X).edges[0][0]
    assert (edge.x[0], edge.x[-1]) == (90, 105)
    want = model.edge_layers[0].edge_values((torch.tensor(edge.x).double()[:, None] - 100) / 5)[:, 0, 0]
    assert edge.y == pytest.approx(want.tolist())


def test_without_data_the_training_ranges_are_sampled_else_the_grids():
    assert rows_for(KAN((2, 1), domain=(3, 4)), None).min() >= 3
    model = named(KAN((2, 1)), inputs=("a", "b"), ranges=((5.0, 6.0), (-2.0, -1.0)))
    rows = rows_for(model, None)
    assert rows[:, 0].min() >= 5 and rows[:, 0].max() <= 6 and rows[:, 1].max() <= -1
    assert torch.equal(rows, rows_for(model, None))


def test_closed_forms_of_inputs_are_told_in_the_users_units():
    model = with_forms(KAN((1, 1)), {(0, 0, 0): ("sin", (2.0, 1.0, 3.0, 0.0))})
    model = model.build(
        scaling={"input_shift": torch.tensor([4.0]).double(), "input_scale": torch.tensor([8.0]).double()},
        metadata=Metadata(inputs=("t",)),
    )
    assert describe(model).edges[0][0].formula == "3 sin(0.25t)"


def test_closed_forms_stand_above_their_edges():
    labels = {mark.edge: mark.label.text for mark in arrange(describe(law(), inputs=("x", "y"))).edges if mark.label}
    assert labels == {(0, 0, 0): "sin(πx)", (0, 1, 0): "y²", (1, 0, 0): "exp(u)"}


def test_faulty_input_is_named():
    model = KAN((2, 1))
    with pytest.raises(DataError, match="plot needs finite numbers, but 1 of 2 rows"):
        describe(model, [[0.0, 1.0], [float("nan"), 1.0]])
    with pytest.raises(DataError, match="at least one row"):
        describe(model, torch.zeros(0, 2, dtype=torch.float64))
    with pytest.raises(StructureError, match="takes an edgewise.KAN, got Linear"):
        describe(torch.nn.Linear(2, 1))  # type: ignore[arg-type]


def test_curve_breaks_at_values_that_are_not_finite_and_rounding_is_no_shape():
    box = Rect(0, 0, 1, 1)
    assert len(fit_curve((0, 1, 2, 3, 4), (0, 1, math.nan, 3, 4), box)) == 2
    assert fit_curve((0, 1, 2), (math.inf, math.nan, math.nan), box) == ()
    level = fit_curve((0, 1, 2), (1e3, 1e3 + 1e-13, 1e3), box)
    assert {y for _, y in level[0]} == {0.5}


def test_names_become_one_clean_line():
    for name in HOSTILE:
        shown = clean(name)
        assert shown and shown.isprintable() and "\n" not in shown
    assert clean("\u202eabc\x00") == "abc" and clean("") == "?"
    cut = shorten("a" * 200, 10, 1.0)
    assert "…" in cut and width(cut, 10) <= 1.0


@pytest.mark.parametrize(
    ("primitive", "constants", "words"),
    [
        ("x", (1.0, 0.0, 1.0, 0.0), "x"),
        ("x", (2.0, 1.0, 3.0, 1.0), "6x + 4"),
        ("x^2", (1.0, -0.5, -2.0, 0.0), "−2 (x − 0.5)²"),
        ("x^2.5", (1.0, 0.0, 1.0, 0.0), "x²·⁵"),
        ("x^(1/3)", (1.0, 0.0, 1.0, 0.0), "x^(1/3)"),
        ("1/x^3", (1.0, 1.0, 1.0, 0.0), "1/(x + 1)³"),
        ("1/sqrt", (4.0, 0.0, 1.0, 0.0), "1/√(4x)"),
        ("exp", (-1.0, 0.0, 1e-7, 0.0), "1e−7 exp(−x)"),
        ("J0", (20.0, 0.0, 1.0, 0.0), "J0(20x)"),
        ("0", (0.0, 0.0, 0.0, 3.0), "3"),
        ("log", (1.0, 1e-9, 1.0, 1e-12), "log(x)"),
    ],
)
def test_closed_forms_in_words(primitive, constants, words):
    assert closed_form(primitive, constants, "x") == words
    assert call("abs", "x − 1") == "|x − 1|"


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.53, "−0.53"), (0.0, "0"), (-0.0, "0"), (1e-300, "1e−300"), (123.0, "123"), (math.inf, "∞")]
)
def test_numbers_keep_their_digits(value, shown):
    assert number(value) == shown


def test_layout_loads_no_drawing_library():
    code = (
        "import sys, edgewise as ew; from edgewise.plotting import arrange, describe; arrange(describe(ew.KAN((2, 3,"
        " 1))));sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
