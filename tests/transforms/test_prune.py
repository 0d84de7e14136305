"""prune: what matters little goes, the last path stays, and the model says what went."""

from __future__ import annotations

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import ConfigError, DataError
from edgewise.grid import greville
from edgewise.layers import OFF, KANLayer
from edgewise.model import KAN
from edgewise.transforms import prune
from edgewise.transforms.draft import Draft, reached
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

from .networks import networks, points, rich


def quieted(model: KAN, layer: int, mask: torch.Tensor, by: float) -> KAN:
    """The model with the spline edges of `mask` (i, o) scaled down, as sparse training leaves them: near to a
    constant."""
    draft = Draft.of(model)
    parts = draft.layers[layer]
    factor = torch.where(mask, by, 1.0).to(parts["coef"])
    size = torch.where(mask, 0.4, 0.0).to(parts["coef"])  # splines sum to one, so this adds a constant
    parts["coef"] = parts["coef"] * factor[:, None, :] + size[:, None, :]
    if parts["base_scale"] is not None:
        parts["base_scale"] = parts["base_scale"] * factor
    return draft.build()


def test_edges_driven_to_constants_vanish_and_the_function_stays():
    model = KAN((2, 5, 1), seed=3)
    X = points(model, 200, spread=1.0)
    mask = torch.zeros(5, 1, dtype=torch.bool)
    mask[[0, 1, 3, 4]] = True
    sparse = quieted(model, 1, mask, 1e-3)
    small = prune(sparse, X)
    assert small.topology.node_ids == ((0, 1), (2,), (0,))
    assert (small(X) - sparse(X)).std() < 0.01 * sparse(X).std()
    assert_close(small(X).mean(), sparse(X).mean())


def test_an_input_that_does_nothing_vanishes_and_can_be_kept():
    model = KAN((3, 3, 1), seed=1)
    X = points(model, 200)
    mask = torch.zeros(3, 3, dtype=torch.bool)
    mask[1] = True
    dull = quieted(model, 0, mask, 1e-4)
    assert prune(dull, X).topology.node_ids[0] == (0, 2)
    assert "inputs 1" in prune(dull, X).edits[-1].detail
    kept = prune(dull, X, inputs=False)
    assert kept.topology.node_ids[0] == (0, 1, 2)
    assert not any(edge[:2] == (0, 1) for edge in kept.active_edges())


def test_only_what_may_go_goes():
    model = KAN((2, 4, 1), seed=2)
    X = points(model, 200)
    mask = torch.zeros(4, 1, dtype=torch.bool)
    mask[:2] = True
    sparse = quieted(
        quieted(model, 1, mask, 1e-4), 0, torch.tensor([[0, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.bool), 1e-4
    )
    assert prune(sparse, X, nodes=False).topology.node_ids[1] == (0, 1, 2, 3)
    assert (0, 0, 2) not in prune(sparse, X, nodes=False).active_edges()
    assert (0, 0, 2) in prune(sparse, X, edges=False).active_edges()
    assert prune(sparse, X, edges=False).topology.node_ids[1] == (2, 3)
    assert prune(sparse, X, nodes=False, edges=False, inputs=False).active_edges() == sparse.active_edges()


@settings(max_examples=40, deadline=None)
@given(networks(), st.floats(0, 0.99), st.booleans(), st.booleans(), st.booleans())
def test_every_output_that_varies_keeps_a_path(model: KAN, threshold: float, nodes: bool, edges: bool, inputs: bool):
    X = points(model)
    before = state_of(model)
    small = prune(model, X, threshold=threshold, nodes=nodes, edges=edges, inputs=inputs)
    assert bool(torch.isfinite(small(X)).all())
    assert reached(small.topology, Draft.of(small).live())[-1].all()
    assert set(small.active_edges()) <= set(model.active_edges())
    assert_equal(state_of(model), before)
    assert_no_shared_storage(small, model)
    if nodes and inputs:  # nothing is left that feeds nothing or that nothing feeds
        for layer in small.edge_layers:
            assert bool((layer.kind != OFF).any(1).all()) and bool((layer.kind != OFF).any(0).all())


@settings(max_examples=15, deadline=None)
@given(networks(), st.sampled_from([0.01, 0.1, 0.5]))
def test_what_prune_left_it_leaves(model: KAN, threshold: float):
    X = points(model)
    once = prune(model, X, threshold=threshold)
    twice = prune(once, X, threshold=threshold)
    assert twice.topology == once.topology and twice.active_edges() == once.active_edges()
    assert_equal(twice(X), once(X))


def test_scores_do_not_depend_on_the_units():
    model = rich((3, 4, 2), seed=5)
    X = points(model, 100)
    scaling = {"output_scale": model.output_scale * torch.tensor([1e6, 1e-6], dtype=torch.float64)}
    other = model.build(scaling=scaling)
    assert prune(other, X, threshold=0.3).active_edges() == prune(model, X, threshold=0.3).active_edges()


def test_many_equal_parts_are_none_of_them_weak():
    # each of 400 hidden nodes carries far less than 1 % of the output: a threshold that is not relative would cut them
    # all
    model = KAN((1, 400, 1), grid_size=2, seed=0)
    draft = Draft.of(model)
    for parts in draft.layers:
        parts["coef"] = (
            parts["coef"][:1].expand_as(parts["coef"])
            if parts["coef"].shape[2] == 1
            else parts["coef"][:, :, :1].expand_as(parts["coef"])
        )
        parts["base_scale"] = torch.ones_like(parts["base_scale"])
    assert prune(draft.build(), points(model, 50)).topology.node_ids[1] == tuple(range(400))


def lines(slopes: list[list[float]]) -> KANLayer:
    """A layer of straight edges with these slopes, (i, o)."""
    weights = torch.tensor(slopes, dtype=torch.float64)
    layer = KANLayer(len(slopes), len(slopes[0]), grid_size=3, base="none", dtype=torch.float64)
    return KANLayer.build(**{**layer.parts(), "coef": greville(layer.knots, 3)[..., None] * weights[:, None]})


def linear(*layers: list[list[float]]) -> KAN:
    built = [lines(slopes) for slopes in layers]
    return KAN((built[0].in_features, *(layer.out_features for layer in built)), grid_size=3, base="none").build(
        layers=built
    )


def test_an_edge_that_serves_one_output_of_many_stays():
    # input 1 gives half of the last output and nothing to 39 others: on average over the outputs about 0.02
    model = linear([[1.0] * 40, [0.0] * 39 + [1.0]])
    small = prune(model, points(model, 200), threshold=0.05)
    assert (0, 1, 39) in small.active_edges() and (0, 0, 39) in small.active_edges()
    assert len(small.active_edges()) == 41


def test_large_parts_that_cancel_do_not_hide_the_part_that_is_left():
    model = linear([[100.0], [-100.0], [1.0]])
    X = points(model, 200)
    X[:, 1] = X[:, 0]
    assert (0, 2, 0) in prune(model, X, threshold=0.02).active_edges()


def test_the_strongest_path_stays_where_the_threshold_would_cut_every_path():
    # node 0 carries most but gets it in nine small parts, node 1 carries less and gets it from one: what is strong in
    # one layer is weak in the other
    model = linear([[1.0, 0.0]] * 9 + [[0.0, 3.0]], [[1.0], [0.8]])
    small = prune(model, points(model, 500), threshold=0.9)
    assert small.active_edges() == [(0, 9, 1), (1, 1, 0)]


def test_an_almost_constant_factor_is_folded():
    model = KAN((2, (1, 1), 1), seed=4)
    draft = Draft.of(model)
    draft.layers[0]["bias"] = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    factor = torch.tensor([1.0, 1.0, 1e-5], dtype=torch.float64)
    for name in ("coef", "base_scale"):
        draft.layers[0][name] = draft.layers[0][name] * factor
    dull = draft.build()
    X = points(model, 100)
    small = prune(dull, X)
    assert small.topology.widths == ((2, ()), (2, ()), (1, ()))
    assert (small(X) - dull(X)).abs().max() < 1e-3 * dull(X).std()


def test_a_model_that_does_not_vary_is_left_alone():
    model = KAN((2, 2, 1))
    still = points(model, 1).repeat(20, 1)
    small = prune(model, still)
    assert small.active_edges() == model.active_edges()
    assert_equal(small(still), model(still))


def test_the_record_and_the_log_say_what_went(caplog: pytest.LogCaptureFixture):
    model = KAN((2, 3, 1), seed=3)
    sparse = quieted(model, 1, torch.tensor([[True], [False], [False]]), 1e-5)
    with caplog.at_level(logging.INFO, logger="edgewise"):
        small = prune(sparse, points(model, 100))
    assert small.edits[-1].action == "prune" and "nodes (1, 0)" in small.edits[-1].detail
    assert "nodes (1, 0)" in caplog.text and "6 of 9 edges remain" in caplog.text


@pytest.mark.parametrize("threshold", [-0.1, 1.0, "0.01", None, True, float("nan")])
def test_a_threshold_that_cannot_be_used_is_refused(threshold: object):
    with pytest.raises(ConfigError, match="from 0 to below 1"):
        prune(KAN((2, 1)), torch.rand(5, 2), threshold=threshold)  # type: ignore[arg-type]


def test_data_that_cannot_be_used_is_refused():
    with pytest.raises(DataError, match="1 of 5 rows of X hold NaN"):
        prune(KAN((2, 1)), torch.tensor([[0.0, 1.0]] * 4 + [[torch.inf, 0.0]]))
