"""Attribution: scale-free shares of the output's spread, for sums and products."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.attribution import activity, attribute, column_scores
from edgewise.model import KAN
from edgewise.transforms import remove, set_symbolic
from edgewise.transforms.draft import Draft
from helpers import assert_close
from transforms.networks import SHAPES, networks, points, rich


@settings(max_examples=25, deadline=None)
@given(networks())
def test_scores_have_the_shapes_of_the_parts_and_are_not_negative(model: KAN):
    got = attribute(model, points(model))
    t = model.topology
    assert got.features.shape == (t.features,)
    assert [n.shape[0] for n in got.nodes] == [len(ids) for ids in t.node_ids]
    assert [tuple(e.shape) for e in got.edges] == [
        (len(t.node_ids[k]), len(t.subnode_ids(k + 1))) for k in range(t.depth)
    ]
    assert got.per_output.shape == (len(t.node_ids[-1]), t.features)
    for scores in (got.features, *got.nodes, *got.edges):
        assert bool((scores >= 0).all()) and bool(torch.isfinite(scores).all())
    assert_close(got.per_output.mean(0), got.features)
    for layer, edges in enumerate(got.edges):
        assert_close(edges.sum(1), got.nodes[layer])  # a node has what its edges pass on


def test_in_a_single_layer_the_score_is_the_share_of_the_spread():
    model = set_symbolic(KAN((2, 1)), {(0, 0, 0): ("x", 3.0, 0.0, 1.0, 0.0), (0, 1, 0): ("x", 1.0, 0.0, 1.0, 7.0)})
    x = points(model, 500)
    y = model(x)[:, 0].detach()
    got = attribute(model, x)
    want = torch.stack([3 * x[:, 0].std(), x[:, 1].std()]) / y.std()
    assert_close(got.features, want)
    assert_close(got.edges[0][:, 0], want)


def test_levels_of_a_column_are_scored_as_one_edge():
    lines = {(0, place, 0): ("x", slope, 0.0, 1.0, 0.0) for place, slope in enumerate([1.0, -2.0, 0.5, 1.5])}
    model = set_symbolic(KAN((4, 1)), lines)
    draw = torch.Generator().manual_seed(0)
    levels = torch.nn.functional.one_hot(torch.randint(3, (900,), generator=draw), 3).double()
    x = torch.cat([levels, torch.randn(900, 1, dtype=torch.float64, generator=draw)], 1)
    effect, y = levels @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), model(x)[:, 0].detach()
    got = column_scores(model, x, [[0, 1, 2], [3]])
    assert_close(got, torch.stack([effect.std(), 1.5 * x[:, 3].std()]) / y.std())
    assert float(attribute(model, x).features[:3].sum()) > 1.2 * float(got[0])


@settings(max_examples=25, deadline=None)
@given(networks())
def test_a_column_of_one_feature_has_the_score_of_the_feature(model: KAN):
    alone = [[number] for number in range(model.topology.features)]
    assert_close(column_scores(model, points(model), alone), attribute(model, points(model)).features)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 20), st.floats(1e-4, 1e4), st.floats(-5, 5))
def test_units_of_a_hidden_node_do_not_matter(seed: int, factor: float, shift: float):
    model = KAN((3, 2, 1), seed=seed, base="none")
    draft = Draft.of(model)
    one, two = draft.layers
    scale = torch.tensor([factor, 1.0], dtype=torch.float64)
    move = torch.tensor([shift, 0.0], dtype=torch.float64)
    one["coef"], one["bias"] = one["coef"] * scale, one["bias"] * scale + move
    two["knots"], two["uniform"] = two["knots"] * scale[:, None] + move[:, None], None
    other = draft.build()
    x = points(model)
    assert_close(other(x), model(x), like="derivative")
    for got, want in zip(attribute(other, x).edges, attribute(model, x).edges, strict=True):
        assert_close(got, want, like="difference")


def test_outputs_are_judged_each_on_its_own():
    model = remove(KAN((2, 2)), edges=[(0, 0, 1), (0, 1, 0)])
    got = attribute(model, points(model))
    assert_close(got.per_output, [[1.0, 0.0], [0.0, 1.0]])
    assert_close(got.features, [0.5, 0.5])
    assert_close(got.nodes[-1], [0.5, 0.5])


@pytest.mark.parametrize(("arity", "hold"), [(2, 1), (3, 2)])
def test_a_constant_factor_passes_nothing_on(arity: int, hold: int):
    model = KAN((arity, (0, (arity,))), base="none")
    forms = {}
    for src in range(arity):
        for dst in range(arity):
            forms[0, src, dst] = ("x", 1.0 if src == dst else 0.0, 0.0, 1.0, 0.0)
    forms[0, hold, hold] = ("x", 1e-6, 0.0, 1.0, 5.0)  # five, nearly
    model = set_symbolic(model, forms)
    got = attribute(model, points(model, 300))
    assert float(got.features[hold]) < 1e-5
    others = [k for k in range(arity) if k != hold]
    assert bool((got.features[others] > 0.5).all())
    if arity == 2:
        assert_close(got.features[0], 1.0, like="difference")


def test_a_product_of_equals_has_equal_shares():
    model = KAN((2, (0, (2,))), base="none")
    model = set_symbolic(model, {(0, s, d): ("x", float(s == d), 0.0, 1.0, 0.0) for s in range(2) for d in range(2)})
    x = points(model, 200)
    x = torch.cat([x, -x, x.flip(1), -x.flip(1)])
    assert_close(attribute(model, x).features, [1.0, 1.0])


def test_removed_inputs_have_no_score_and_keep_their_place():
    model = remove(rich((4, 3, 1)), nodes=[(0, 1)])
    got = attribute(model, points(model))
    assert float(got.features[1]) == 0 and bool((got.features[[0, 2, 3]] > 0).all())


def test_data_that_does_not_vary_gives_zeros():
    model = rich(SHAPES["products"])
    got = attribute(model, points(model, 1).repeat(10, 1))
    assert not bool(got.features.any()) and not any(bool(e.any()) for e in got.edges)


def test_no_graph_is_kept():
    model = rich(SHAPES["plain"])
    assert not attribute(model, points(model)).features.requires_grad


@pytest.mark.parametrize("limit", [1, 50, 10**9])
def test_activity_is_that_of_the_trace_however_it_is_sliced(limit: int):
    model = rich(SHAPES["products"])
    x = points(model, 33)
    trace, got = model.trace(x)[1], activity(model, x, limit=limit)
    for layer, values in enumerate(trace.edges):
        assert_close(got.edge_mean[layer], values.mean(0))
        assert_close(got.edge_spread[layer], values.std(0, unbiased=False))
        assert_close(got.subnodes[layer], trace.subnodes[layer])
        assert_close(got.nodes[layer + 1], trace.nodes[layer + 1])
