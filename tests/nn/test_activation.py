"""Learned functions on nodes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from edgewise.errors import ConfigError, ShapeError
from edgewise.nn import ActivationLinear, SplineActivation
from helpers import assert_close


def wild(activation: SplineActivation, seed: int = 0) -> SplineActivation:
    """The activation with functions at random."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in activation.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return activation


@pytest.mark.parametrize("share", [1, 2, 3, 6])
@pytest.mark.parametrize("base", ["silu", "identity", None])
def test_every_feature_meets_the_function_of_its_group(share: int, base: str | None):
    activation = wild(SplineActivation(6, dtype=torch.float64, share=share, base=base))
    x = 4 * torch.randn(5, 7, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    y = activation(x)
    assert y.shape == x.shape
    for i in range(6):
        group, points = i // share, x[..., i].reshape(-1, 1)
        columns = torch.zeros(len(points), 6 // share, dtype=torch.float64)
        columns[:, group] = points[:, 0]
        want = activation.functions.edge_values(columns)[:, group, 0]
        assert_close(y[..., i].reshape(-1), want)


@pytest.mark.parametrize("share", [1, 3])
def test_derivatives_are_exact_to_second_order(share: int):
    activation = wild(SplineActivation(3, dtype=torch.float64, share=share))
    x = (3 * torch.rand(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)).requires_grad_()
    functions = activation.functions
    assert functions.base_scale is not None
    given = (x, functions.coef, functions.base_scale)

    def call(x: torch.Tensor, coef: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        named = {"functions.coef": coef, "functions.base_scale": scale}
        return torch.func.functional_call(activation, named, (x,))

    assert torch.autograd.gradcheck(call, given) and torch.autograd.gradgradcheck(call, given)


@pytest.mark.parametrize("share", [1, 3])
def test_batched_cotangents(share: int):
    activation = wild(SplineActivation(3, dtype=torch.float64, share=share))
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    y, wanted = activation(x), (x, *activation.parameters())
    cotangents = torch.eye(y.numel(), dtype=torch.float64).reshape(-1, *y.shape)
    got = torch.autograd.grad(y, wanted, cotangents, is_grads_batched=True, retain_graph=True)
    for k, cotangent in enumerate(cotangents):
        for a, b in zip(got, torch.autograd.grad(y, wanted, cotangent, retain_graph=True), strict=True):
            assert_close(a[k], b)


@pytest.mark.parametrize(("base", "start"), [("silu", functional.silu), ("identity", lambda x: x), (None, lambda x: x)])
@pytest.mark.parametrize("degree", [1, 3])
def test_it_starts_as_its_base_function_or_the_identity(base: str | None, start, degree: int):
    activation = SplineActivation(4, dtype=torch.float64, base=base, degree=degree)
    x = 5 * torch.randn(9, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert_close(activation(x), start(x))
    wild(activation).reset_parameters()
    assert_close(activation(x), start(x))


def test_an_activation_draws_no_random_number():
    state = torch.get_rng_state()
    SplineActivation(4)
    assert torch.equal(torch.get_rng_state(), state)


def test_activation_then_linear():
    torch.manual_seed(0)
    layer, x = ActivationLinear(6, 4, share=2), torch.randn(5, 6)
    assert_close(layer(x), layer.linear(functional.silu(x)), like="float32")
    wild(layer.activation)
    assert_close(layer(x), layer.linear(layer.activation(x)), like="exact")
    layer(x).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in layer.parameters())
    assert layer.activation.functions.coef.numel() == 3 * 8
    assert ActivationLinear(6, 4, False).linear.bias is None


def test_half_precision_is_computed_in_float32():
    activation = wild(SplineActivation(4))
    x = torch.randn(9, 4)
    want = activation(x)
    assert activation(x.bfloat16()).dtype == torch.float32
    got = activation.bfloat16()(x.bfloat16())
    assert got.dtype == torch.bfloat16
    assert float((got - want).detach().abs().max()) < 0.05 * float(want.detach().abs().max())


def test_wrong_settings_and_inputs_are_named():
    with pytest.raises(ConfigError, match="share must divide the 6 features"):
        SplineActivation(6, share=4)
    with pytest.raises(ConfigError, match="features must be a whole number"):
        SplineActivation(0)
    with pytest.raises(ConfigError, match="out_features must be"):
        ActivationLinear(3, 0)
    with pytest.raises(ConfigError, match="bias must be True or False, got None"):
        ActivationLinear(3, 2, None)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="unexpected keyword 'shared'"):
        ActivationLinear(3, 2, shared=3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ShapeError, match=r"\(\.\.\., 6\), got shape \(2, 5\)"):
        SplineActivation(6)(torch.zeros(2, 5))
