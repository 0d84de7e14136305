"""widen, deepen and swap keep the function; perturb changes it by a seeded little."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import ConfigError, StructureError
from edgewise.layers import SYMBOLIC
from edgewise.model import KAN
from edgewise.topology import Topology
from edgewise.transforms import deepen, perturb, remove, swap, widen
from edgewise.transforms.draft import Draft
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

from .networks import SHAPES, networks, points, rich

QUICK = settings(max_examples=25, deadline=None)


def same_function(new: KAN, old: KAN) -> None:
    x = points(old, spread=3.0)  # far outside the grids too
    assert_close(new(x), old(x), like="float64", scale=max(1.0, float(old(x).detach().abs().max())))


@QUICK
@given(networks(), st.data())
def test_widen_keeps_the_function_and_the_names(model: KAN, data: st.DataObject):
    if model.topology.depth == 1:
        return
    layer = data.draw(st.integers(1, model.topology.depth - 1))
    nodes, products, arities = data.draw(
        st.sampled_from([(1, (), ()), (2, (2,), (2,)), (0, (3, 2), (3, 2)), (1, 2, (2, 2))])
    )
    before = state_of(model)
    wide = widen(model, layer, nodes, products=products, seed=4)
    same_function(wide, model)
    old, new = model.topology, wide.topology
    assert new.widths[layer] == (old.widths[layer][0] + nodes, old.widths[layer][1] + arities)
    assert set(old.node_ids[layer]) < set(new.node_ids[layer])
    assert set(model.active_edges()) < set(wide.active_edges())
    assert_equal(state_of(model), before)
    assert_no_shared_storage(wide, model)


def test_widened_nodes_can_learn():
    model = KAN((2, 2, 1), seed=1)
    wide = widen(model, 1, products=(2,))
    x = points(model)
    wide(x).square().sum().backward()
    gradient = wide.edge_layers[1].coef.grad
    assert gradient is not None and bool((gradient[2:].abs().amax((1, 2)) > 0).all())
    spread = wide.trace(x)[1].nodes[1].std(0)
    assert bool((spread > 1e-3).all()), "the new nodes vary"


def test_a_new_name_is_not_one_that_is_there():
    model = remove(KAN((2, 4, 1)), nodes=[(1, 1)])
    assert widen(model, 1).topology.node_ids[1] == (0, 2, 3, 4)


@QUICK
@given(networks(), st.data())
def test_deepen_keeps_the_function_everywhere(model: KAN, data: st.DataObject):
    layer = data.draw(st.integers(0, model.topology.depth))
    deep = deepen(model, layer)
    same_function(deep, model)
    assert deep.topology.depth == model.topology.depth + 1
    assert deep.topology.node_ids[layer + 1] == model.topology.node_ids[layer]
    assert_no_shared_storage(deep, model)


def test_deepen_of_degree_zero():
    with pytest.raises(StructureError, match="identity with splines of degree 0"):
        deepen(KAN((2, 1), degree=0), 1)
    model = KAN((2, 2, 1), degree=0, base="identity")
    same_function(deepen(model, 1), model)


@QUICK
@given(networks(), st.data())
def test_swap_keeps_the_function_and_is_its_own_inverse(model: KAN, data: st.DataObject):
    if model.topology.depth == 1:
        return
    layer = data.draw(st.integers(1, model.topology.depth - 1))
    a, b = (data.draw(st.sampled_from(model.topology.node_ids[layer])) for _ in "ab")
    try:
        swapped = swap(model, layer, a, b)
    except StructureError:
        kinds = [len(model.topology.factors[layer][model.topology.node_ids[layer].index(n)]) > 1 for n in (a, b)]
        assert kinds[0] != kinds[1]
        return
    same_function(swapped, model)
    back = swap(swapped, layer, a, b)
    assert back.topology == model.topology
    assert_equal(back(points(model)), model(points(model)))


def test_names_move_with_swapped_nodes():
    model = rich((2, 3, 1))
    swapped = swap(model, 1, 0, 2)
    assert swapped.topology.node_ids[1] == (2, 1, 0)
    assert_equal(
        swapped.edge_layers[0].coef[:, :, 0].detach(), model.edge_layers[0].coef[:, :, 2].detach().contiguous()
    )


@QUICK
@given(networks(), st.randoms(use_true_random=False))
def test_any_order_of_hidden_nodes_is_the_same_function(model: KAN, random: Any):
    draft, old = Draft.of(model), model.topology
    node_ids, factors = list(old.node_ids), list(old.factors)
    for layer in range(1, old.depth):
        sums = old.widths[layer][0]
        order = random.sample(range(sums), sums) + random.sample(
            range(sums, len(node_ids[layer])), len(node_ids[layer]) - sums
        )
        node_ids[layer] = tuple(old.node_ids[layer][n] for n in order)
        factors[layer] = tuple(old.factors[layer][n] for n in order)
    draft.arrange(Topology(old.features, tuple(node_ids), tuple(factors)))
    same_function(draft.build(), model)


def test_perturb_is_seeded_relative_and_leaves_closed_forms():
    model = rich(SHAPES["deep"])
    one, two, other = perturb(model, 0.1, seed=1), perturb(model, 0.1, seed=1), perturb(model, 0.1, seed=2)
    assert_equal(one.edge_layers[0].coef.detach(), two.edge_layers[0].coef.detach())
    assert not torch.equal(one.edge_layers[0].coef, other.edge_layers[0].coef)
    moved, still = one.edge_layers[0].coef - model.edge_layers[0].coef, model.edge_layers[0].coef
    assert 0.07 < float(moved.detach().square().mean().sqrt() / still.detach().square().mean().sqrt()) < 0.13
    last = one.edge_layers[-1]
    assert last.kind[0, 0] == SYMBOLIC and not bool(last.coef[0, :, 0].any())
    assert last.affine is not None
    assert_equal(last.affine.detach(), model.edge_layers[-1].affine.detach())  # type: ignore[union-attr]
    assert_equal(perturb(model, 0.0)(points(model)), model(points(model)))


def test_edges_that_are_off_stay_off():
    model = remove(KAN((2, 3, 1)), edges=[(0, 0, 1)])
    noisy = perturb(model, 0.5)
    assert noisy.active_edges() == model.active_edges()
    assert not bool(noisy.edge_layers[0].coef[0, :, 1].any())


def test_nothing_touches_global_state(leaves_no_trace: Any):
    model = rich(SHAPES["products"])
    for change in (widen(model, 1), deepen(model, 1), swap(model, 1, 0, 1), perturb(model, 0.1, seed=3)):
        assert len(change.edits) == len(model.edits) + 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: widen(m, 0), StructureError, "hidden layers run from 1 to 1"),
        (lambda m: widen(m, 2), StructureError, "widen takes a hidden layer, got 2"),
        (lambda m: widen(KAN((2, 1)), 1), StructureError, r"no hidden layer; deepen\(model, 0\) adds one"),
        (lambda m: widen(m, 1, -1), ConfigError, "integer >= 0, got -1"),
        (lambda m: widen(m, 1, 0), ConfigError, "at least one node or product"),
        (lambda m: widen(m, 1, products=(1,)), ConfigError, r"arities of at least 2 such as \(2, 3\), got \(1,\)"),
        (lambda m: widen(m, 1, seed=-1), ConfigError, "seed"),
        (lambda m: deepen(m, 3), StructureError, "from 0 to 2, got 3"),
        (lambda m: swap(m, 1, 0, 9), StructureError, r"no node \(1, 9\)"),
        (lambda m: swap(m, 2, 0, 0), StructureError, "swap takes a hidden layer"),
        (lambda m: swap(m, 1, 0, 3), StructureError, "one is a sum, the other a product"),
        (lambda m: perturb(m, -1), ConfigError, "scale must be a finite number >= 0"),
    ],
)
def test_what_cannot_be_done_says_why(call: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        call(KAN((2, (3, 1), 1)))
