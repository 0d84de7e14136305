"""The drawing: one axes, nothing left behind, text inside its room, and every file format."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from edgewise.errors import ConfigError
from edgewise.model import KAN
from edgewise.plotting import arrange, describe, plot
from helpers import assert_equal, state_of

from .pictures import HOSTILE, SHAPES, all_symbolic, named, with_forms

pytestmark = pytest.mark.filterwarnings("ignore:no font here has")  # the font of the test machine, not the picture


def test_plot_writes_nothing_and_touches_no_global_state(leaves_no_trace):
    model = KAN((2, 5, 1))
    before = state_of(model)
    assert isinstance(plot(model), Figure)
    assert_equal(state_of(model), before)


@pytest.mark.slow
def test_plot_does_not_load_pyplot_and_nothing_pops_up():
    code = (
        "import sys, edgewise as ew; from edgewise.plotting import plot; plot(ew.KAN((2, 3, 1)));"
        " sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_all_curves_share_one_axes_however_many_edges():
    counts = []
    for widths in ((2, 2, 1), (9, 9, 9)):
        figure = plot(KAN(widths))
        assert len(figure.axes) == 1 and not figure.axes[0].images
        counts.append(len(figure.axes[0].collections))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("closed", [False, True])
def test_drawn_texts_stay_on_the_page_and_apart(name, closed):
    model = all_symbolic(KAN(SHAPES[name])) if closed else KAN(SHAPES[name])
    figure = plot(model, title="A title")
    figure.canvas.draw()
    page = figure.bbox
    boxes = [t.get_window_extent() for t in figure.axes[0].texts]
    for box in boxes:
        assert box.x0 >= page.x0 and box.y0 >= page.y0 and box.x1 <= page.x1 and box.y1 <= page.y1
    assert sum(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n]) == 0


@pytest.mark.parametrize("format", ["svg", "pdf", "png"])
def test_saved_in_every_format(format):
    model = named(
        with_forms(KAN((10, 1, 10)), {(0, 0, 0): ("sin", (3.0, 0.0, 1.0, 0.0))}), inputs=HOSTILE, outputs=HOSTILE
    )
    file = io.BytesIO()
    plot(model, title="$ \\frac{<&").savefig(file, format=format)
    data = file.getvalue()
    assert data[:4] in (b"\x89PNG", b"%PDF") or ET.fromstring(data).tag.endswith("svg")
    assert b"<script>" not in data and b"<image" not in data


def test_names_are_shown_as_they_are_never_as_mathematics():
    model = named(KAN((2, 1)), inputs=("$x_1$", "$\\frac{$"), outputs=("a$b$c",))
    figure = plot(model)
    figure.canvas.draw()
    assert [t.get_text() for t in figure.axes[0].texts] == ["$x_1$", "$\\frac{$", "a$b$c"]


def test_kinds_of_edges_have_their_own_colours():
    form = ("sin", (1.0, 0.0, 1.0, 0.0))
    colors = []
    for model in (
        KAN((1, 1)),
        with_forms(KAN((1, 1)), {(0, 0, 0): form}),
        with_forms(KAN((1, 1)), {(0, 0, 0): form}, kind=3),
    ):
        curves = [c for c in plot(model).axes[0].collections if isinstance(c, LineCollection)]
        longest = max(curves, key=lambda c: len(c.get_segments()[0]) if c.get_segments() else 0)
        colors.append(tuple(np.asarray(longest.get_colors())[0, :3]))
    assert len(set(colors)) == 3


def test_figsize_and_axes_of_the_user():
    model = KAN((2, 2, 1))
    assert tuple(plot(model, figsize=(5, 3)).get_size_inches()) == (5, 3)
    figure = Figure(figsize=(8, 4))
    left, right = figure.subplots(1, 2)
    assert plot(model, ax=left) is figure and left.collections and not right.collections
    with pytest.raises(ConfigError, match="figsize is for a new figure"):
        plot(model, ax=left, figsize=(5, 3))
    with pytest.raises(ConfigError, match=r"figsize must be \(width, height\)"):
        plot(model, figsize=(5, -1))
    with pytest.raises(ConfigError, match="beta must be a number above 0"):
        plot(model, beta=0)


def test_scaled_picture_keeps_everything_inside():
    figure = plot(KAN((17, 1, 14)), figsize=(4, 6), title="t")
    figure.canvas.draw()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1


def test_figure_shows_itself_in_notebooks_and_survives_pickling():
    figure = plot(KAN((2, 2, 1)))
    assert figure._repr_png_()[:4] == b"\x89PNG"  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(figure))
    assert again._repr_png_() == figure._repr_png_()  # type: ignore[attr-defined]


def test_same_model_and_data_give_the_same_picture():
    X = torch.rand(50, 2, dtype=torch.float64)
    model = KAN((2, 3, 1))
    assert arrange(describe(model, X)) == arrange(describe(model, X))


def test_a_gpu_is_not_needed_to_look_at_half_precision():
    assert len(plot(KAN((2, 2, 1), dtype=torch.float32), torch.rand(9, 2)).axes) == 1
