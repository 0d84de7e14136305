"""KANLayer is constructed as `nn.Linear` is: its arguments, seeds, fresh parameters, deferred values, fake tensors."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from edgewise import KANLayer
from edgewise.errors import ConfigError
from helpers import assert_close, assert_equal, state_of
from layer_doors import F64, MARKS, bent, rows

pytestmark = MARKS


def test_positional_arguments_are_those_of_a_linear_layer():
    layer = KANLayer(3, 2, False, "cpu", torch.float64)
    assert layer.bias is None and layer.coef.dtype == torch.float64 and layer.coef.device.type == "cpu"
    assert "bias=False" in repr(layer) and "bias" not in layer.state_dict()


@pytest.mark.parametrize("base", ["silu", None])
def test_a_layer_without_bias_is_the_same_function_less_the_bias(base: str | None):
    layer, x = KANLayer(3, 2, seed=1, base=base, **F64), rows(6, 3, **F64).requires_grad_()
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([0.3, -2.0]))
    bare = KANLayer.build(**{**layer.parts(), "bias": None})
    assert_close(bare(x) + layer.bias, layer(x))
    for got, want in zip(
        torch.autograd.grad(bare(x).square().sum(), [x, bare.coef]),
        torch.autograd.grad((layer(x) - layer.bias.detach()).square().sum(), [x, layer.coef]),
        strict=True,
    ):
        assert_close(got, want)
    fresh = KANLayer(3, 2, bias=False, seed=4)
    fresh.load_state_dict(KANLayer(3, 2, bias=False, seed=5).state_dict())
    assert_equal(fresh.coef, KANLayer(3, 2, seed=5).coef)


def test_torchs_seed_decides_where_no_seed_is_given():
    torch.manual_seed(3)
    first, second = KANLayer(3, 2), KANLayer(3, 2)
    torch.manual_seed(3)
    again = KANLayer(3, 2)
    assert_equal(state_of(again), state_of(first))
    assert not torch.equal(first.coef, second.coef) and not torch.equal(first.base_scale, second.base_scale)  # type: ignore[arg-type]


def test_reset_parameters_makes_a_fresh_layer_in_place():
    layer = KANLayer(3, 2, domain=(-2, 3), seed=0)
    parameters, fresh = list(layer.parameters()), KANLayer(3, 2, domain=(-2, 3), seed=7)
    with torch.no_grad():
        layer.bias.fill_(2.0)
        layer.knots.mul_(2).sin_()
    layer.reset_parameters(seed=7)
    assert_equal(state_of(layer), state_of(fresh))
    assert all(a is b for a, b in zip(parameters, layer.parameters(), strict=True)), "an optimizer keeps its parameters"
    assert layer.uniform
    adapted = bent(fresh)
    before = adapted.knots.clone()
    adapted.reset_parameters()
    assert_equal(adapted.knots, before)
    assert not adapted.uniform
    with pytest.raises(ConfigError, match="seed must be an integer"):
        layer.reset_parameters(seed=-1)


def test_deferred_initialisation_gives_the_layer_itself():
    with torch.device("meta"):
        net = nn.Sequential(KANLayer(3, 4, domain=(-2, 2)), KANLayer(4, 2, bias=False))
    assert all(p.is_meta for p in net.parameters()) and all(b.is_meta for b in net.buffers())
    assert net(torch.zeros(5, 3, device="meta")).shape == (5, 2)
    net.to_empty(device="cpu")
    for number, layer in enumerate(net):
        layer.reset_parameters(seed=number)  # type: ignore[operator]
    want = nn.Sequential(KANLayer(3, 4, domain=(-2, 2), seed=0), KANLayer(4, 2, bias=False, seed=1))
    assert_equal(net.state_dict(), want.state_dict())
    assert_equal(net(rows(5, 3)), want(rows(5, 3)))


def test_fake_tensors_take_the_whole_way_of_a_training_step():
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

    with FakeTensorMode():
        layer = KANLayer(3, 2)
        y = layer(torch.randn(5, 7, 3))
        y.sum().backward()
        assert isinstance(y, FakeTensor) and y.shape == (5, 7, 2)
        assert layer.coef.grad is not None and layer.coef.grad.shape == layer.coef.shape


def test_a_layer_made_under_a_watching_mode_has_values():
    with FlopCounterMode(display=False):
        layer = KANLayer(3, 2, seed=1)
    assert_equal(state_of(layer), state_of(KANLayer(3, 2, seed=1)))


def test_a_domain_in_which_knots_coincide_is_refused():
    narrow = {"grid_size": 100, "domain": (1e6, 1e6 + 1)}
    with pytest.raises(ConfigError, match="too fine for float32, in which knots coincide"):
        KANLayer(1, 1, dtype=torch.float32, **narrow)
    layer = KANLayer(1, 1, dtype=torch.float64, **narrow)
    assert bool(layer(torch.tensor([[1e6 + 0.5]], **F64)).isfinite().all())
