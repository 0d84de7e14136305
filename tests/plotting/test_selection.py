"""Which edges and nodes a picture shows, and that it says what it leaves out."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.model import KAN
from edgewise.plotting.content import Content, describe
from edgewise.plotting.selection import MOST_READABLE, select

from .pictures import SHAPES

LARGE = describe(KAN((30, 10, 1)))


def edges_of(content: Content, layer: int) -> set[tuple[int, int, int]]:
    return {edge.edge for edge in content.edges[layer]}


@pytest.mark.parametrize(
    "widths", [(2, 5, 1), (4, 4, 4, 1), (1, 1), (3, (2, (2, 3)), (0, (4,)), 1), (4, 10, 1), (10, 3)]
)
def test_small_networks_are_shown_whole(widths):
    content = describe(KAN(widths))
    assert select(content, top=MOST_READABLE) == content


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("top", [1, 3, 10])
def test_at_most_top_edges_of_each_layer_are_shown_and_all_are_joined(name, top):
    whole = describe(KAN(SHAPES[name]))
    shown = select(whole, top=top)
    for layer, edges in enumerate(shown.edges):
        assert 0 < len(edges) <= top
        sources, targets = shown.nodes[layer], shown.nodes[layer + 1]
        owners = [node for node in targets for _ in node.factors]
        ids = [factor for node in targets for factor in node.factors]
        for edge in edges:
            assert edge.edge == (layer, sources[edge.src].node[1], ids[edge.dst])
        assert {sources[edge.src] for edge in edges} == set(sources)  # each node has a way out
        if len(ids) <= top:
            assert {owners[edge.dst] for edge in edges} == set(targets)  # and a way in


def test_the_most_important_edges_are_the_ones_shown():
    shown = select(LARGE, top=25)
    scores = {edge.edge: edge.score for edge in LARGE.edges[0]}
    best = {max((e for e in scores if e[2] == dst), key=scores.__getitem__) for dst in range(10)}
    assert best <= edges_of(shown, 0)  # the best edge into each node
    rest, left_out = edges_of(shown, 0) - best, set(scores) - edges_of(shown, 0)
    assert min(scores[e] for e in rest) >= max(scores[e] for e in left_out)


def test_edges_below_the_threshold_are_hidden_and_no_others():
    threshold = sorted(edge.score for edge in LARGE.edges[0])[250]
    shown = select(LARGE, threshold=threshold)
    for layer in (0, 1):
        assert edges_of(shown, layer) == {e.edge for e in LARGE.edges[layer] if e.score >= threshold}


def test_what_is_hidden_is_said():
    shown = select(LARGE, top=4)
    inputs, nodes = len(shown.nodes[0]), len(shown.nodes[1])
    assert (
        shown.note == f"{30 - inputs} of 30 inputs, {10 - nodes} of 10 hidden nodes and 302 of 310 edges are not shown."
    )
    assert select(describe(KAN((2, 1))), top=1).note == "1 of 2 inputs and 1 of 2 edges are not shown."
    assert select(describe(KAN((1, 2, 1))), top=2).note == ""
    one = describe(KAN((2, 2)))
    assert select(one, top=3).note == "1 of 4 edges is not shown."


def test_outputs_that_lose_every_edge_are_counted():
    assert select(describe(KAN((1, 5))), top=2).note == "3 of 5 outputs and 3 of 5 edges are not shown."


def test_a_threshold_that_hides_everything_is_refused():
    with pytest.raises(ConfigError, match=r"threshold=5 hides all 310 edges, whose largest score is .*; choose"):
        select(LARGE, threshold=5)


def test_plot_shows_the_most_important_inputs():
    X = torch.rand(200, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    X[:, 7] *= 50  # far beyond the grid, along the tangent: by far the largest spread
    figure = ew.plot(KAN((30, 1)), X, top=1)
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "x8",
        "y",
        "29 of 30 inputs and 29 of 30 edges are not shown.",
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"top": 0}, "top must be a whole number above 0, or None for all edges, got 0"),
        ({"top": 2.5}, "top must be a whole number"),
        ({"top": True}, "top must be a whole number"),
        ({"threshold": -0.1}, "threshold must be a score of at least 0, such as 0.01, got -0.1"),
        ({"threshold": float("nan")}, "threshold must be"),
        ({"threshold": "much"}, "threshold must be"),
        ({"top": -1, "beta": 0, "threshold": None}, "3 problems: top must be .*; threshold must be .*; beta must be"),
    ],
)
def test_unusable_settings_are_named_all_at_once(settings, words):
    with pytest.raises(ConfigError, match=words):
        ew.plot(KAN((2, 1)), **settings)
