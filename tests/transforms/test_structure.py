"""remove and tidy: what is gone leaves its mean, what is left keeps its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import DataError, ShapeError, StructureError
from edgewise.layers import OFF
from edgewise.model import KAN
from edgewise.topology import Edge
from edgewise.transforms import remove, tidy
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

from .networks import SHAPES, networks, points, rich

QUICK = settings(max_examples=25, deadline=None)


def everything(model: KAN) -> tuple[list[Any], list[Edge]]:
    """All hidden and input nodes, and all edges."""
    nodes = [(layer, n) for layer in range(model.topology.depth) for n in model.topology.node_ids[layer]]
    return nodes, model.active_edges()


def with_means(model: KAN, edges: list[Edge], x: torch.Tensor, means: list[torch.Tensor]) -> torch.Tensor:
    """The forward pass, written out, with these edges constant."""
    a = model.scale_inputs(x)
    for number, layer in enumerate(model.edge_layers):
        values = layer.edge_values(a).detach()
        for edge in edges:
            at, src, dst = model.topology.edge_position(edge)
            if at == number:
                values[:, src, dst] = means[number][src, dst]
        a = model.multiply(number + 1, values.sum(1) + layer.bias.detach())
    return model.unscale(a)


@QUICK
@given(networks(), st.data())
def test_removed_edges_are_edges_replaced_by_their_means_on_the_data(model: KAN, data: st.DataObject):
    edges = data.draw(st.lists(st.sampled_from(model.active_edges()), unique=True, max_size=4))
    X, other = points(model, seed=1), points(model, seed=2)
    try:
        smaller = remove(model, edges=edges, X=X)
    except StructureError:
        return
    means = [values.mean(0) for values in model.trace(X)[1].edges]
    assert_close(smaller(other), with_means(model, edges, other, means), like="removed", scale=100.0)
    assert set(smaller.active_edges()) == set(model.active_edges()) - set(edges)


def test_without_data_the_mean_is_over_the_interval():
    model = KAN((2, 2), grid_size=3, degree=2, domain=(-0.5, 2.0), seed=4)
    smaller = remove(model, edges=[(0, 0, 1)])
    t = torch.linspace(-0.5, 2.0, 200_001, dtype=torch.float64)[:, None].expand(-1, 2)
    mean = torch.trapezoid(model.edge_layers[0].edge_values(t)[:, 0, 1], t[:, 0]) / 2.5
    assert_close(smaller.edge_layers[0].bias[1], mean, like="formula")


@QUICK
@given(networks(), st.data())
def test_removing_twice_is_removing_the_union(model: KAN, data: st.DataObject):
    nodes, edges = everything(model)
    first = data.draw(st.lists(st.sampled_from(edges), unique=True, max_size=3))
    second = data.draw(st.lists(st.sampled_from(edges), unique=True, max_size=3))
    node = data.draw(st.lists(st.sampled_from(nodes), unique=True, max_size=1))
    try:
        both = remove(model, edges=first + second, nodes=node)
    except StructureError:
        with pytest.raises(StructureError):
            remove(remove(model, edges=first), edges=second, nodes=node)
        return
    twice = remove(remove(model, edges=first), edges=second, nodes=node)
    x = points(model)
    assert twice.topology == both.topology
    assert twice.active_edges() == both.active_edges()
    assert_close(twice(x), both(x), like="removed", scale=100.0)


def test_removing_from_the_back_is_removing_the_union_on_data():
    model, X = rich(SHAPES["deep"]), points(rich(SHAPES["deep"]))
    front, back = [(0, 1, 2)], [(2, 1, 0), (2, 0, 1)]
    assert_close(
        remove(remove(model, edges=back, X=X), edges=front, X=X)(X),
        remove(model, edges=front + back, X=X)(X),
        like="removed",
    )


def test_a_removed_node_leaves_the_means_of_what_it_gave():
    model = rich(SHAPES["deep"], seed=3)
    X = points(model)
    smaller = remove(model, nodes=[(1, 2)], X=X)
    gone = [edge for edge in model.active_edges() if edge[:2] == (1, 2)]
    assert_close(
        smaller(X), with_means(model, gone, X, [values.mean(0) for values in model.trace(X)[1].edges]), like="removed"
    )
    assert smaller.topology.node_ids[1] == (0, 1, 3)
    assert smaller.edge_layers[0].out_features == 3 and smaller.edge_layers[1].in_features == 3


def test_names_survive_any_sequence_of_removals():
    model = rich((4, 5, 2))
    smaller = remove(remove(remove(model, nodes=[(0, 1)]), nodes=[(1, 0), (1, 3)]), edges=[(0, 3, 4)])
    assert smaller.topology.node_ids == ((0, 2, 3), (1, 2, 4), (0, 1))
    x = points(model)
    kept = (0, 2, 4)  # an edge is the same function under the same name
    assert smaller.topology.edge_position((0, 2, kept[-1])) == (0, 1, 2)
    old, new = (
        model.edge_layers[0].edge_values(model.scale_inputs(x)),
        smaller.edge_layers[0].edge_values(smaller.scale_inputs(x)),
    )
    assert_close(new[:, 1, 2], old[:, 2, 4])
    with pytest.raises(StructureError, match=r"no node \(1, 3\): layer 1 has the nodes \[1, 2, 4\]"):
        remove(smaller, nodes=[(1, 3)])


def test_a_removed_input_is_still_taken_and_does_nothing():
    model = rich((3, 2, 1))
    smaller = remove(model, nodes=[(0, 1)])
    x = points(model)
    moved = x.clone()
    moved[:, 1] += 100
    assert_equal(smaller(moved), smaller(x))
    assert smaller.input_shift.numel() == 3
    with pytest.raises(ShapeError, match="3"):
        smaller(x[:, :2])


def test_the_old_model_stays_and_nothing_is_shared():
    model = rich(SHAPES["products"])
    before = state_of(model)
    smaller = remove(model, nodes=[(1, 0)], edges=[(0, 0, 3)], X=points(model))
    assert_equal(state_of(model), before)
    assert_no_shared_storage(smaller, model)
    assert smaller.edits[:-1] == model.edits
    assert (
        smaller.edits[-1].action == "remove"
        and "(1, 0)" in smaller.edits[-1].detail
        and "(0, 0, 3)" in smaller.edits[-1].detail
    )


def test_removing_what_is_off_changes_nothing():
    model = remove(rich(SHAPES["plain"]), edges=[(0, 0, 1)])
    again = remove(model, edges=[(0, 0, 1)])
    assert_equal(again(points(model)), model(points(model)))


def test_a_symbolic_edge_leaves_its_mean_and_its_table():
    model = rich(SHAPES["deep"])
    X = points(model)
    smaller = remove(model, edges=[(2, 0, 0)], X=X)
    assert smaller.edge_layers[2].symbolic == () and smaller.edge_layers[2].affine is None
    assert smaller.edge_layers[2].kind[0, 0] == OFF
    assert_close(smaller(X).mean(0), model(X).mean(0), like="removed")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ({"nodes": [(2, 0)]}, StructureError, "is an output"),
        ({"nodes": [(1, 7)]}, StructureError, r"no node \(1, 7\)"),
        ({"nodes": [(9, 0)]}, StructureError, "layers run from 0 to 2"),
        ({"nodes": (1, 0)}, StructureError, r"write nodes=\[\(1, 3\)\]"),
        ({"edges": (0, 1, 2)}, StructureError, r"write edges=\[\(0, 1, 2\)\]"),
        ({"edges": [(0, 0, 9)]}, StructureError, r"no edge \(0, 0, 9\).*target subnodes \[0, 1, 2\]"),
        ({"edges": [(0, 0)]}, StructureError, "an edge is"),
        ({"nodes": [(1, 0), (1, 1), (1, 2)]}, StructureError, "last path from the inputs to output 0"),
        ({"nodes": [(0, 0), (0, 1)]}, StructureError, "last path"),
        ({"edges": [(0, 0, 0)], "X": torch.full((3, 2), torch.nan)}, DataError, "3 of 3 rows"),
        ({"edges": [(0, 0, 0)], "X": torch.zeros(0, 2)}, DataError, "at least one row"),
        ({"edges": [(0, 0, 0)], "X": torch.zeros(3, 5)}, ShapeError, "X has 5 columns, the model takes 2"),
    ],
)
def test_what_cannot_be_removed_says_why(call: dict[str, Any], error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        remove(rich(SHAPES["plain"]), **call)


def test_each_output_keeps_its_own_path():
    model = rich((2, 2, 2))
    with pytest.raises(StructureError, match="output 1"):
        remove(model, edges=[(1, 0, 1), (1, 1, 1)])


def test_numpy_integers_name_nodes_too():
    model = rich(SHAPES["plain"])
    node: Any = (np.int64(1), np.int64(2))
    assert remove(model, nodes=[node]).topology.node_ids[1] == (0, 1)


@QUICK
@given(networks(), st.data())
def test_tidy_keeps_the_function(model: KAN, data: st.DataObject):
    edges = data.draw(st.lists(st.sampled_from(model.active_edges()), unique=True, max_size=12))
    try:
        model = remove(model, edges=edges)
    except StructureError:
        return
    neat = tidy(model)
    x = points(model)
    assert_close(neat(x), model(x), like="float64", scale=100.0)
    for layer, on in enumerate(e.kind != OFF for e in neat.edge_layers):
        assert bool(on.any(1).all()), f"a node of layer {layer} feeds nothing"
    assert_equal(tidy(neat)(x), neat(x))


def test_a_constant_factor_goes_into_the_others():
    model = rich((3, (1, (2, 3)), 1))
    # subnodes: 0 the sum, 1 2 the first product, 3 4 5 the second
    cut = remove(model, edges=[(0, n, 2) for n in range(3)] + [(0, n, 4) for n in range(3)])
    neat = tidy(cut)
    assert_close(neat(points(model)), cut(points(model)), like="float64")
    assert neat.topology.widths[1] == (2, (2,))
    assert neat.topology.node_ids[1] == (0, 1, 2) and neat.topology.factors[1] == ((0,), (1,), (3, 5))
    assert "constant factors (1, 2), (1, 4)" in neat.edits[-1].detail


def test_a_product_that_became_a_sum_stands_among_the_sums():
    model = rich((2, (1, (2, 2)), 1))
    neat = tidy(remove(model, edges=[(0, 0, 4), (0, 1, 4)]))  # the second factor of the second product
    assert neat.topology.node_ids[1] == (0, 2, 1)
    assert neat.topology.widths[1] == (2, (2,))


def test_constant_nodes_go_into_biases_and_dead_inputs_vanish():
    model = rich((3, 3, 2))
    cut = remove(model, edges=[(0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 0, 0), (0, 0, 2)])
    neat = tidy(cut)
    assert neat.topology.node_ids == ((1, 2), (0, 2), (0, 1))
    assert_close(neat(points(model)), cut(points(model)), like="float64")
