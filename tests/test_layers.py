"""KANLayer: where nn.Linear stood."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from edgewise.errors import ConfigError, ShapeError
from edgewise.layers import BOTH, OFF, SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from edgewise.model import KAN
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of

F64: dict[str, Any] = {"dtype": torch.float64}


def mixed(seed: int = 0) -> KANLayer:
    """A layer with every kind of edge, on unequal knots."""
    layer = KANLayer(3, 2, grid_size=4, seed=seed, **F64)
    kind = torch.tensor([[OFF, SPLINE], [SYMBOLIC, BOTH], [SPLINE, SPLINE]], dtype=torch.uint8)
    knots = layer.knots.clone()
    knots[1] = knots[1] + 0.05 * torch.sin(7 * knots[1])
    symbolic = [SymbolicEdge("sin", 1, 0), SymbolicEdge("x^2", 1, 1)]
    affine = torch.tensor([[2.0, 0.1, 1.5, -0.2], [1.0, 0.0, 0.5, 0.0]], **F64)
    bias = torch.tensor([0.3, -0.7], **F64)
    parts = layer.parts() | {
        "kind": kind,
        "knots": knots,
        "symbolic": symbolic,
        "affine": affine,
        "bias": bias,
        "uniform": None,
    }
    return KANLayer.build(**parts)


def test_it_stands_where_a_linear_layer_stood():
    net = nn.Sequential(nn.Linear(4, 6), KANLayer(6, 5), nn.LayerNorm(5), KANLayer(5, 2, grid_size=3))
    y = net(torch.randn(7, 3, 4))
    assert y.shape == (7, 3, 2) and y.dtype == torch.float32
    y.square().sum().backward()
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in net.parameters())


def test_default_settings_are_those_of_torch():
    layer = KANLayer(2, 3)
    assert layer.coef.dtype == torch.get_default_dtype()
    assert (layer.grid_size, layer.degree, layer.base, layer.num_basis) == (5, 3, "silu", 8)
    low, high = layer.interval
    assert_close(low, [-1.0, -1.0], like="float32")
    assert_close(high, [1.0, 1.0], like="float32")
    assert KANLayer(2, 3, base=None).base_scale is None and KANLayer(2, 3, base="none").base_scale is None


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3), (2, 1, 4, 3)])
def test_any_leading_dimensions(shape: tuple[int, ...]):
    layer = mixed()
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1), **F64)
    y = layer(x)
    assert y.shape == (*shape[:-1], 2)
    assert_close(y.reshape(-1, 2), layer(x.reshape(-1, 3)))


def test_edges_and_bias_add_up_to_the_output():
    layer = mixed()
    x = 3 * torch.randn(40, 3, generator=torch.Generator().manual_seed(1), **F64)
    values = layer.edge_values(x)
    assert values.shape == (40, 3, 2)
    assert_close(values.sum(1) + layer.bias, layer(x))
    assert not bool(values[:, 0, 0].any()), "an edge that is off is zero"
    assert_close(values[:, 1, 0], 1.5 * torch.sin(2 * x[:, 1] + 0.1) - 0.2)
    splines = KANLayer.build(**{**layer.parts(), "kind": layer.kind & SPLINE, "symbolic": (), "affine": None})
    assert_close(values[:, 1, 1] - 0.5 * x[:, 1] ** 2, splines.edge_values(x)[:, 1, 1])


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_edges_are_those_of_the_values(order: int):
    layer = mixed()
    x = torch.rand(20, 3, generator=torch.Generator().manual_seed(1), **F64).requires_grad_()
    want = layer.edge_values(x, derivative=order - 1)
    got = layer.edge_values(x, derivative=order)
    for o in range(2):
        (slope,) = torch.autograd.grad(want[:, :, o].sum(), x, retain_graph=True)
        assert_close(got[:, :, o], slope, like="derivative")


def test_what_is_off_does_not_learn():
    layer = mixed()
    layer(torch.rand(9, 3, **F64)).square().sum().backward()
    assert layer.coef.grad is not None and layer.base_scale is not None and layer.base_scale.grad is not None
    dead = (layer.kind == OFF) | (layer.kind == SYMBOLIC)
    assert not bool(layer.coef.grad.permute(0, 2, 1)[dead].any()) and not bool(layer.base_scale.grad[dead].any())
    assert bool(layer.coef.grad.permute(0, 2, 1)[~dead].any(1).all())
    assert layer.affine is not None and bool(layer.affine.grad.any())  # type: ignore[union-attr]


def test_gradients_by_every_parameter():
    layer = mixed()
    x = torch.rand(6, 3, generator=torch.Generator().manual_seed(2), **F64)
    names = [name for name, _ in layer.named_parameters()]
    assert set(names) == {"coef", "bias", "base_scale", "affine"}

    def call(x: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    given = [x.requires_grad_(), *(p.detach().clone().requires_grad_() for p in layer.parameters())]
    assert torch.autograd.gradcheck(call, given)


def test_one_seed_one_layer():
    assert_equal(state_of(KANLayer(3, 4, seed=5)), state_of(KANLayer(3, 4, seed=5)))
    assert not torch.equal(KANLayer(3, 4, seed=5).coef, KANLayer(3, 4, seed=6).coef)
    assert_close(KANLayer(3, 4, seed=5).coef, KANLayer(3, 4, seed=5, **F64).coef.float(), like="float32")


def test_construction_leaves_no_trace(leaves_no_trace: Path):
    KANLayer(3, 4, seed=5)


def test_parts_and_build_are_inverse_and_share_nothing():
    layer = mixed()
    again = KANLayer.build(**layer.parts())
    assert_equal(state_of(again), state_of(layer))
    assert_no_shared_storage(again, layer)


@pytest.mark.parametrize("make", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_are_equal(make: Any):
    layer = mixed()
    again = make(layer)
    assert_equal(state_of(again), state_of(layer))
    assert_no_shared_storage(again, layer)


def test_a_state_dict_carries_knots_kinds_and_constants():
    layer, other = mixed(0), mixed(1)
    buffer = io.BytesIO()
    torch.save(layer.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert_equal(state_of(other), state_of(layer))
    plain = KANLayer(2, 2, **F64)
    kinds = plain.state_dict() | {"kind": torch.tensor([[1, 0], [1, 1]], dtype=torch.uint8)}
    plain.load_state_dict(kinds)
    assert not bool(plain.edge_values(torch.ones(3, 2, **F64))[:, 0, 1].any()), "the loaded kinds count"


def test_other_formats_by_the_usual_calls():
    layer = mixed().float()
    assert layer.coef.dtype == layer.knots.dtype == torch.float32 and layer.kind.dtype == torch.uint8
    x = torch.rand(5, 3)
    assert_close(layer(x), mixed()(x.double()), like="float32")
    assert_equal(layer.double()(x.double()).dtype, torch.float64)


def test_bad_inputs_say_what_was_wanted():
    layer = KANLayer(3, 2)
    for bad, words in [
        (torch.zeros(4, 2), r"shape \(\.\.\., 3\), got shape \(4, 2\)"),
        (torch.tensor(1.0), "3"),
        ([1.0, 2.0, 3.0], "got list"),
    ]:
        with pytest.raises(ShapeError, match=words):
            layer(bad)


def test_bad_settings_are_named_with_a_suggestion():
    with pytest.raises(ConfigError, match="unexpected keyword 'grid'; did you mean 'grid_size'"):
        KANLayer(2, 3, grid=5)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ConfigError, match="2 problems"):
        KANLayer(2, 0, degree=-1)


def test_print_shows_the_sizes():
    assert repr(mixed()) == "KANLayer(3, 2, grid_size=4, degree=3, base='silu', symbolic=2)"


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.int64, "float32"])
def test_numbers_that_nothing_computes_with_are_refused(dtype: Any):
    for make in (lambda: KANLayer(2, 1, dtype=dtype), lambda: KAN((2, 1), dtype=dtype)):
        with pytest.raises(ConfigError, match="dtype must be one of torch.float64, torch.float32"):
            make()
