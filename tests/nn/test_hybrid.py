"""Linear weights beside KAN edges, and KAN layers that are trained linear layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from edgewise.errors import ConfigError, ShapeError
from edgewise.nn import HybridLinear, from_linear
from helpers import assert_close, assert_equal

FUNCTIONS = {"silu": functional.silu, "relu": functional.relu, "identity": lambda x: x, None: lambda x: x}


def test_a_fresh_hybrid_is_the_linear_layer_of_torch():
    torch.manual_seed(3)
    layer = HybridLinear(5, 4)
    torch.manual_seed(3)
    linear, x = nn.Linear(5, 4), torch.randn(7, 5)
    assert_equal(layer.linear.state_dict(), linear.state_dict())
    assert_equal(layer(x), linear(x))
    layer(x).square().sum().backward()
    assert layer.edges.coef.grad is not None and bool(layer.edges.coef.grad.any()), "the edges learn from the start"


def test_a_hybrid_is_the_sum_of_its_parts():
    layer, x = HybridLinear(5, 4, grid_size=7, degree=2), 2 * torch.randn(7, 3, 5)
    with torch.no_grad():
        layer.edges.coef.normal_()
    assert_close(
        layer(x), layer.linear(x) + layer.edges.edge_values(x.reshape(-1, 5)).sum(1).reshape(7, 3, 4), like="float32"
    )
    layer.reset_parameters()
    assert_equal(layer(x), layer.linear(x))
    assert HybridLinear(5, 4, False).linear.bias is None
    with pytest.raises(ShapeError, match="5"):
        layer(torch.zeros(2, 4))


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_layer_of_a_linear_one_is_the_same_function_everywhere(activation, bias: bool, dtype: torch.dtype):
    linear = nn.Linear(5, 4, bias, dtype=dtype)
    x = torch.linspace(-20, 20, 205, dtype=dtype).reshape(41, 5)
    layer = from_linear(linear, activation)
    assert_close(layer(x), linear(FUNCTIONS[activation](x)), like="float32" if dtype == torch.float32 else "float64")
    assert (layer.bias is None) == (not bias)
    layer(x).sum().backward()
    assert layer.coef.grad is not None and bool(layer.coef.grad.any()) and linear.weight.grad is None
    assert layer.coef.untyped_storage().data_ptr() != linear.weight.untyped_storage().data_ptr()


def test_a_trained_mlp_becomes_a_network_of_edges():
    mlp = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    net = nn.Sequential(mlp[0], from_linear(mlp[2], "relu", grid_size=10), from_linear(mlp[4], "relu", domain=(-1, 1)))  # type: ignore[arg-type]
    x = 3 * torch.randn(50, 3)
    assert_close(net(x), mlp(x), like="float32")


def test_what_cannot_be_the_same_function_is_refused():
    linear = nn.Linear(3, 2)
    for settings, words in [
        ({"activation": "gelu"}, "silu, identity, relu"),
        ({"activation": "Silu"}, "did you mean 'silu'"),
        ({"activation": "relu", "degree": 3}, "degree=1 with a knot at 0"),
        ({"activation": "relu", "grid_size": 5}, "even grid_size"),
        ({"activation": "silu", "grid_size": 0}, "grid_size must be"),
    ]:
        with pytest.raises(ConfigError, match=words):
            from_linear(linear, **settings)
    with pytest.raises(ConfigError, match="holds values, got one on the device 'meta'"):
        from_linear(nn.Linear(3, 2, device="meta"), "relu")
    with pytest.raises(ConfigError, match="bias must be True or False, got 'no'"):
        HybridLinear(3, 2, "no")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"takes a torch.nn.Linear, got Conv1d"):
        from_linear(nn.Conv1d(1, 1, 1))  # type: ignore[arg-type]


def test_rows_of_another_number_format_are_taken_as_by_a_layer_of_edges():
    layer, x = HybridLinear(2, 3), torch.rand(4, 2)
    assert_close(layer(x.half()), layer(x.half().float()))
