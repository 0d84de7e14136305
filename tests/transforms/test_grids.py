"""refine, extend, adapt: what a change of grid keeps, and what it says of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import ConfigError, GridError, ShapeError
from edgewise.layers import KANLayer
from edgewise.model import KAN
from edgewise.train.fit import fit
from edgewise.transforms import adapt, extend, prune, refine, remove
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

from .networks import SHAPES, networks, points, rich

QUICK = settings(max_examples=25, deadline=None)


def fitted(shape: tuple[Any, ...] = (2, 3, 1), **settings: Any) -> KAN:
    """A trained network, its hidden grids where its activations are."""
    X = points(KAN(shape), rows=80, spread=1.0)
    y = torch.stack([torch.sin(2 * X[:, 0] + k) + X[:, -1] ** 2 for k in range(shape[-1])], 1)
    return fit(KAN(shape, **settings), X, y, restarts=0, steps=10, grids=(4, 6), progress=False).model


def uneven(model: KAN) -> KAN:
    """With knots half-way to equal counts, so that no grid is uniform."""
    return adapt(model, points(model, rows=60, seed=3) ** 3, quantile=0.6)


# ------------------------------------------------------------------ refine


@QUICK
@given(networks(), st.integers(0, 11))
def test_refine_to_any_finer_grid_keeps_the_function(model: KAN, more: int):
    x = points(model, rows=120, spread=3.0)  # inside, at the ends and far outside
    finer = refine(model, grid_size=4 + more)
    assert [layer.grid_size for layer in finer.edge_layers] == [4 + more] * model.topology.depth
    assert_close(finer(x), model(x), like="refine")


@pytest.mark.parametrize("degree", range(8))
@pytest.mark.parametrize("size", [6, 7, 17])
def test_refine_keeps_the_function_for_every_degree_and_size_that_is_no_multiple(degree: int, size: int):
    model = KAN((2, 3, 1), grid_size=5, degree=degree, seed=degree)
    x = points(model, rows=200, spread=2.5)
    assert_close(refine(model, grid_size=size)(x), model(x), like="refine")


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
def test_refine_keeps_the_function_on_uneven_grids(degree: int):
    model = uneven(KAN((2, 3, 1), grid_size=4, degree=degree, seed=1))
    assert not model.edge_layers[0].uniform
    x = points(model, rows=200, spread=2.0)
    for size in (4, 5, 9, 16):
        assert_close(refine(model, grid_size=size)(x), model(x), like="refine")


def test_refine_keeps_a_fitted_network_through_many_doublings():
    model = fitted()
    x = points(model, rows=300, spread=2.0)
    finer = model
    for _ in range(5):
        finer = refine(finer)
    assert finer.edge_layers[0].grid_size == 32 * model.edge_layers[0].grid_size
    assert_close(finer(x), model(x), like="refine")


def test_refine_of_refine_is_refine():
    model = KAN((2, 2, 1), grid_size=3)
    for one, other in zip(
        refine(refine(model), factor=3).edge_layers, refine(model, factor=6).edge_layers, strict=True
    ):
        assert_close(one.coef, other.coef)
        assert_close(one.knots, other.knots)


def test_refine_keeps_derivatives():
    model = KAN((2, 3, 1), seed=2)
    x = points(model, rows=50)
    for one, other in zip(refine(model, grid_size=13).edge_layers[:1], model.edge_layers[:1], strict=True):
        for order in (1, 2):
            assert_close(one.edge_values(x, order), other.edge_values(x, order), like="derivative")


def test_refine_takes_one_size_per_layer():
    model = refine(KAN((2, 3, 1), grid_size=3), grid_size=(4, 9))
    assert [layer.grid_size for layer in model.edge_layers] == [4, 9]
    assert model.config.grid_size == (4, 9)


def test_refine_of_a_float32_network_stays_float32():
    model = KAN((2, 3, 1), dtype=torch.float32)
    x = points(model, rows=50)
    finer = refine(model, grid_size=13)
    assert finer.dtype == torch.float32
    assert_close(finer(x), model(x), like="float32")


@pytest.mark.parametrize(
    "kwargs",
    [
        {"factor": 0},
        {"factor": 2.0},
        {"factor": True},
        {"grid_size": 0},
        {"grid_size": 7.5},
        {"grid_size": "8"},
        {"grid_size": (8,)},
        {"grid_size": (8, 9, 10)},
        {"grid_size": True},
        {"factor": 2, "grid_size": 9},
    ],
)
def test_refine_refuses_what_is_no_size(kwargs: dict[str, Any]):
    with pytest.raises(ConfigError):
        refine(KAN((2, 3, 1)), **kwargs)


def test_refine_never_coarsens():
    with pytest.raises(GridError, match="at least 5, got 4"):
        refine(KAN((2, 1), grid_size=5), grid_size=4)


# ------------------------------------------------------------------ extend


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_extend_is_bit_identical_on_the_old_intervals_of_a_fresh_network(shape: tuple[Any, ...], degree: int):
    model = rich(shape, seed=3, degree=degree)
    wider = extend(model, points(model, spread=3.0, seed=8))
    assert wider.edge_layers[0].grid_size > 4
    low, high = model.edge_layers[0].interval
    t = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    t = torch.cat([t, points(model, rows=200, spread=1.0) * 0.5 + 0.5]) if model.topology.features == 1 else t
    inside = (low + t * (high - low)) * model.input_scale + model.input_shift
    scaled = model.scale_inputs(inside)
    inside = inside[((scaled >= low) & (scaled <= high)).all(1)]
    assert len(inside) > 90
    assert torch.equal(wider(inside), model(inside))


@QUICK
@given(networks(), st.integers(0, 99), st.floats(1.01, 4.0))
def test_extend_is_bit_identical_inside(model: KAN, seed: int, spread: float):
    wider = extend(model, points(model, seed=seed, spread=spread))
    inside = points(model, rows=100, seed=seed + 1, spread=0.9) * model.input_scale + model.input_shift
    assert torch.equal(wider(inside), model(inside))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3, 1), (2, 2, 2, 1), (2, (1, (2,)), 1)], ids=str)
def test_extend_is_bit_identical_inside_for_fitted_networks(shape: tuple[Any, ...]):
    model = fitted(shape)
    data = points(model, rows=400, spread=1.0, seed=4)
    wider = extend(model, 2.5 * data)
    assert wider.edge_layers[0].grid_size > model.edge_layers[0].grid_size
    assert torch.equal(wider(data), model(data))


def test_extend_follows_the_old_tangent_and_can_learn_beyond():
    model = KAN((1, 1), grid_size=4, base="none", seed=1)
    wider = extend(model, torch.tensor([[-2.0], [2.0]], dtype=torch.float64))
    outside = torch.linspace(1.3, 1.9, 20, dtype=torch.float64)[:, None]
    size = float(model(outside).detach().abs().max())
    assert_close(wider(outside), model(outside), like="adapt", scale=1e6 * 0.5 * size)  # close, not the same
    touched = torch.autograd.grad(wider(outside).sum(), wider.edge_layers[0].coef)[0]
    assert (
        int((touched != 0).sum()) > 4
    )  # basis functions of their own out there, where the old model had only its tangent


def test_extend_reaches_the_old_tangent_after_as_many_intervals_as_the_degree():
    layer = KANLayer(1, 1, base=None, domain=(-1, 1), seed=1, dtype=torch.float64)  # strongly bent at its end
    wider = extend(layer, torch.tensor([[-3.0], [3.0]], dtype=torch.float64))
    width = 2.0 / layer.grid_size
    end = torch.tensor([[1.0]], dtype=torch.float64)
    most = 0.2 * width**2 * float(layer.edge_values(end, 2).detach().abs())
    near, far = (end + width * torch.linspace(a, b, 101, dtype=torch.float64)[:, None] for a, b in [(0, 3), (3, 5)])
    assert float((wider(near) - layer(near)).detach().abs().max()) < most
    assert_close(wider(far), layer(far))


def test_extend_with_data_inside_changes_nothing():
    model = fitted()
    same = extend(model, points(model, rows=30, spread=0.5))
    for got, want in zip(same.edge_layers, model.edge_layers, strict=True):
        assert torch.equal(got.knots, want.knots) and torch.equal(got.coef, want.coef)


def test_extend_covers_the_data():
    model = fitted()
    X = 2.0 * points(model, rows=60, spread=1.0, seed=5)
    layer = extend(model, X).edge_layers[0]
    a = model.scale_inputs(X)
    assert bool((a >= layer.interval[0] - 1e-9).all()) and bool((a <= layer.interval[1] + 1e-9).all())


def test_extend_says_when_adapt_is_the_better_tool():
    with pytest.raises(GridError, match="use adapt"):
        extend(KAN((1, 1)), torch.tensor([[1e9]], dtype=torch.float64))


@pytest.mark.parametrize("verb", [extend, adapt])
def test_data_that_is_no_data_is_named(verb: Any):
    model = KAN((2, 1))
    with pytest.raises(GridError, match="no row"):
        verb(model, torch.empty(0, 2, dtype=torch.float64))
    with pytest.raises(GridError, match="NaN or infinite"):
        verb(model, torch.tensor([[0.0, float("nan")]], dtype=torch.float64))
    with pytest.raises(ShapeError):
        verb(model, torch.zeros(3, 5))


# ------------------------------------------------------------------ adapt


def residuals(model: KAN) -> list[float]:
    return [float(part) for part in model.edits[-1].detail.split("residual per layer: ")[1].split(", ")]


def test_adapt_moves_the_grid_to_data_and_activations():
    model = rich((2, 3, 1), seed=1)
    X = 0.3 * points(model, rows=200, spread=1.0) + 0.5
    moved = adapt(model, X)
    for nodes, layer in zip(moved.trace(X)[1].nodes, moved.edge_layers, strict=False):
        assert_close(torch.stack(layer.interval), torch.stack([nodes.amin(0), nodes.amax(0)]), like="adapt")


def test_adapt_reports_the_largest_error_of_its_refit():
    model = KAN((1, 1), grid_size=6, base="none", seed=4)
    with torch.no_grad():
        model.edge_layers[0].coef.mul_(3)
    X = torch.linspace(-0.9, 0.7, 300, dtype=torch.float64)[:, None]
    coarse = adapt(model, X, grid_size=3)
    error = float((coarse(X) - model(X)).detach().abs().max()) / float(model.edge_layers[0].coef.detach().abs().max())
    assert error > 1e-3
    assert residuals(coarse)[0] == pytest.approx(error, rel=0.3)
    fine = adapt(refine(model, factor=8), X, grid_size=48)
    assert residuals(fine)[0] < residuals(coarse)[0]


def test_adapt_onto_the_same_interval_keeps_the_function():
    model = KAN((2, 3, 1), seed=2)
    X = torch.cat([points(model, rows=50, spread=1.0), torch.tensor([[-1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)])
    first = adapt(model, X)
    assert residuals(first)[0] < 1e-12
    assert_close(first.trace(X)[1].nodes[1], model.trace(X)[1].nodes[1], like="formula")


def test_adapt_does_not_depend_on_where_samples_lie():
    """Two samples at the ends, or a thousand between them: the same refit."""
    model = KAN((1, 1), seed=3)
    ends = torch.tensor([[-0.8], [0.6]], dtype=torch.float64)
    many = torch.cat([ends, points(model, rows=1000, spread=0.5)])
    assert_equal(adapt(model, ends).edge_layers[0].coef.detach(), adapt(model, many).edge_layers[0].coef.detach())


def test_adapt_takes_constant_and_discrete_columns():
    model = KAN((3, 2, 1), seed=1)
    X = torch.stack([torch.full((40,), 0.25), (torch.arange(40) % 2).double(), torch.linspace(-1, 1, 40)], 1).double()
    for quantile in (0.0, 0.5, 1.0):
        moved = adapt(model, X, quantile=quantile)
        assert bool(torch.isfinite(moved(X)).all())
        assert_close(moved(X), model(X), like="adapt", scale=1e4)


def test_margin_widens_the_interval():
    model = KAN((1, 1))
    low, high = adapt(model, torch.tensor([[0.0], [1.0]], dtype=torch.float64), margin=0.25).edge_layers[0].interval
    assert_close(torch.cat([low, high]), np.array([-0.25, 1.25]))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"quantile": -0.1},
        {"quantile": 2},
        {"quantile": "a"},
        {"margin": -1},
        {"margin": float("nan")},
        {"margin": float("inf")},
        {"grid_size": (1,)},
        {"grid_size": 2.5},
    ],
)
def test_adapt_refuses_unusable_settings(kwargs: dict[str, Any]):
    with pytest.raises(ConfigError):
        adapt(KAN((2, 3, 1)), torch.rand(9, 2, dtype=torch.float64), **kwargs)


def test_adapt_refuses_a_margin_that_no_number_holds():
    with pytest.raises(GridError, match="by margin=1e.?308 has no finite length; take a smaller one"):
        adapt(KAN((1, 1)), torch.tensor([[-1.0], [1.0]], dtype=torch.float64), margin=1e308)


# ------------------------------------------------------------------ all three


@pytest.mark.parametrize(
    "change",
    [
        lambda m, X: refine(m),
        lambda m, X: refine(m, factor=1),
        lambda m, X: extend(m, X),
        lambda m, X: extend(m, 0.1 * X),
        lambda m, X: adapt(m, X),
    ],
    ids=["refine", "refine to itself", "extend", "extend by nothing", "adapt"],
)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_old_model_stays_bit_identical_and_shares_nothing(
    shape: tuple[Any, ...], change: Any, leaves_no_trace: Any
):
    model = rich(shape)
    X = points(model, spread=2.0)
    before, data = state_of(model), X.clone()
    after = change(model, X)
    assert_equal(state_of(model), before)
    assert torch.equal(X, data)
    assert_no_shared_storage(model, after)
    assert after.edits[:-1] == model.edits
    assert after.edits[-1].action in ("refine", "extend", "adapt")


def test_changes_of_the_grid_keep_identities_and_closed_forms():
    model = rich((3, 4, 2), seed=2)
    X = points(model)
    smaller = remove(model, nodes=[(1, 2)], edges=[(0, 0, 0)])
    for changed in (refine(smaller), extend(smaller, 2 * X), adapt(smaller, X)):
        assert changed.topology == smaller.topology
        assert changed.active_edges() == smaller.active_edges()
        assert [layer.symbolic for layer in changed.edge_layers] == [layer.symbolic for layer in smaller.edge_layers]
        assert_close(changed.edge_layers[-1].affine, smaller.edge_layers[-1].affine)
    pruned = prune(fitted((2, 4, 1)), points(model)[:, :2])
    assert_close(refine(pruned, grid_size=11)(X[:, :2]), pruned(X[:, :2]), like="refine")
