"""The jets of a KAN: derivatives to order 4 and their Jacobian agree with nested autograd, whatever the network."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from helpers import assert_close, assert_equal, state_of
from transforms.networks import SHAPES, points, rich

from .autograd import factor_by_factor, jacobian, partial


def wanted(dims: int, order: int) -> Indices:
    """Pure derivatives by the first input, third ones by the last, and mixed ones."""
    first = (order, *(0,) * (dims - 1))
    last = (*(0,) * (dims - 1), min(order, 3))
    mixed = tuple(1 if axis in (0, dims - 1) else 0 for axis in range(dims))
    return Indices.closing([first, last, mixed])


@settings(max_examples=12, deadline=None)
@given(
    shape=st.sampled_from(list(SHAPES.values())),
    degree=st.integers(1, 6),
    base=st.sampled_from(["silu", "none", "identity"]),
    seed=st.integers(0, 20),
)
def test_derivatives_to_order_four_are_those_of_autograd(shape, degree, base, seed):
    model = rich(shape, seed, degree=degree, base=base)
    x, indices = points(model, 5), wanted(model.features, 4)
    got = KanJets(model.build()).derivatives(x, indices)
    free = x.clone().requires_grad_()
    for place, entry in enumerate(indices.entries):
        want = partial(factor_by_factor(model), free, entry).detach()
        assert_close(got[place], want, like="formula", scale=max(1.0, float(want.abs().max())))


@settings(max_examples=8, deadline=None)
@given(
    shape=st.sampled_from(list(SHAPES.values())),
    degree=st.integers(2, 6),
    base=st.sampled_from(["silu", "none", "identity"]),
    seed=st.integers(0, 20),
)
@pytest.mark.slow
def test_the_jacobian_is_that_of_autograd(shape, degree, base, seed):
    model = rich(shape, seed, degree=degree, base=base)
    x, indices = points(model, 3), wanted(model.features, 3)
    slopes = torch.randn(len(indices), 3, 2, model.outputs, dtype=torch.float64)
    jets = KanJets(model.build())
    got = jets.rows(jets.forward(x, indices), slopes)
    free = x.clone().requires_grad_()
    parts = [partial(factor_by_factor(model), free, entry) for entry in indices.entries]
    residual = sum(torch.einsum("bko,bo->bk", slope, part) for slope, part in zip(slopes, parts, strict=True))
    assert isinstance(residual, torch.Tensor)
    held = [
        p
        for layer in model.edge_layers
        for p in (layer.coef, layer.base_scale, layer.bias, layer.affine)
        if p is not None
    ]
    want = jacobian(residual, held)
    want = want if jets.flat.places is None else want[:, :, jets.flat.places]
    assert_close(got, want, like="formula")


def test_removed_inputs_and_edges_have_no_part_in_it():
    model = ew.remove(rich(SHAPES["plain"]), edges=[(0, 0, 0), (0, 0, 1), (0, 0, 2)])
    jets, x = KanJets(model.build()), points(model, 4)
    found = jets.derivatives(x, Indices.closing([(1, 1), (0, 1)]))
    assert_close(found[Indices.closing([(1, 1), (0, 1)]).position[1, 1]], torch.zeros(4, 1, dtype=torch.float64))
    tidy = ew.tidy(model)
    assert_close(
        KanJets(tidy.build()).derivatives(x, Indices.closing([(0, 2)])), jets.derivatives(x, Indices.closing([(0, 2)]))
    )


def test_parameters_that_are_loaded_count():
    model = rich(SHAPES["products"])
    jets, x, indices = KanJets(model.build()), points(model, 4), Indices.closing([(2, 0, 0)])
    before = jets.derivatives(x, indices)
    theta = jets.start()
    jets.load(theta + 0.1)
    assert not torch.allclose(jets.derivatives(x, indices), before)
    jets.load(theta)
    assert_equal(jets.derivatives(x, indices), before)


def test_a_network_is_not_changed_by_being_read():
    model = rich(SHAPES["plain"])
    before = state_of(model)
    KanJets(copy.deepcopy(model)).derivatives(points(model), Indices.closing([(1, 0)]))
    assert_equal(state_of(model), before)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_derivatives_are_in_the_units_of_the_inputs(scale):
    model = ew.KAN((1, 3, 1), degree=5, seed=2)
    other = model.build(scaling={"input_scale": torch.tensor([scale], dtype=torch.float64)})
    x, indices = torch.linspace(-0.8, 0.8, 5, dtype=torch.float64)[:, None], Indices.closing([(3,)])
    powers = torch.tensor([scale**-k for k in range(4)], dtype=torch.float64)[:, None, None]
    got = KanJets(other.build()).derivatives(scale * x, indices)
    want = KanJets(model.build()).derivatives(x, indices) * powers
    for order in range(4):
        assert_close(got[order], want[order], like="formula")
