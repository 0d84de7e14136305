"""Layers of edges on other bases: exact derivatives, a start that keeps variance and slope, what `nn.Linear` has."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ConfigError, ShapeError
from helpers import assert_close, assert_equal

LAYERS: dict[str, type[ew.nn.BasisLayer]] = {
    "gaussian": ew.nn.GaussianLayer,
    "chebyshev": ew.nn.ChebyshevLayer,
    "fourier": ew.nn.FourierLayer,
    "rational": ew.nn.RationalLayer,
}
F64: dict[str, Any] = {"dtype": torch.float64}
each = pytest.mark.parametrize("name", LAYERS)


def made(name: str, i: int = 3, o: int = 2, **settings: Any) -> ew.nn.BasisLayer:
    """A layer all of whose parameters are at random."""
    given: dict[str, Any] = {"seed": 1} | settings
    layer = LAYERS[name](i, o, **given)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return layer


def rows(n: int = 9, i: int = 3, spread: float = 1.5) -> Tensor:
    """Inputs, some of which lie outside the domain (-3, 3)."""
    return spread * torch.randn(n, i, generator=torch.Generator().manual_seed(0), **F64)


@each
@pytest.mark.parametrize("base", ["silu", "identity", None])
def test_outputs_are_the_sum_of_the_edges_and_the_bias(name: str, base: str | None):
    layer, x = made(name, base=base, **F64), rows()
    assert layer(x).shape == (9, 2) and layer(x.reshape(3, 3, 3)).shape == (3, 3, 2)
    assert_close(layer(x), layer.edge_values(x).sum(1) + layer.bias)
    assert (layer.base_scale is None) == (base is None)


@each
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_derivative_is_that_of_the_one_below(name: str, order: int):
    layer, x = made(name, **F64), rows(40).requires_grad_()
    below, got = layer.edge_values(x, order - 1), layer.edge_values(x, order)
    for output in range(2):
        (want,) = torch.autograd.grad(below[..., output].sum(), x, retain_graph=True)
        assert_close(got[..., output], want, like="derivative")


@each
def test_gradients_by_every_parameter_twice(name: str):
    layer, x = made(name, 2, 2, num_basis=4, **F64), rows(4, 2).requires_grad_()
    parameters = dict(layer.named_parameters())

    def values(x: Tensor, *given: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(parameters, given, strict=True)), (x,))

    leaves = (x, *(p.detach().clone().requires_grad_() for p in parameters.values()))
    assert torch.autograd.gradcheck(values, leaves)
    assert torch.autograd.gradgradcheck(values, leaves)


@each
@pytest.mark.parametrize("domain", [(-3.0, 3.0), (0.0, 12.0)])
@torch.no_grad()
def test_a_fresh_layer_keeps_variance_and_slope(name: str, domain: tuple[float, float]):
    """Over the weights and standard normal inputs scaled to the domain, each within a third, and in product within a
    fifth; over 64 inputs and 400 outputs chance moves them by a few percent."""
    middle, spread = sum(domain) / 2, (domain[1] - domain[0]) / 6
    x = middle + spread * torch.randn(400, 64, generator=torch.Generator().manual_seed(0), **F64)
    base = "silu" if domain[0] < 0 else "identity"
    layer = LAYERS[name](64, 400, domain=domain, base=base, seed=0, **F64)
    variance = float(layer(x).var(0).mean()) / spread**2
    slope = float(layer.edge_values(x[:50], 1).square().sum(1).mean())
    assert 0.66 < variance < 1.5 and 0.66 < slope < 1.5 and 0.8 < variance * slope < 1.25
    rough = LAYERS[name](64, 400, domain=domain, base=None, seed=0, **F64)
    product = float(rough(x).var(0).mean()) / spread**2 * float(rough.edge_values(x[:50], 1).square().sum(1).mean())
    assert 0.8 < product < 1.25, "without a base function one must pay for the other"


@each
def test_a_layer_learns_a_function(name: str):
    torch.manual_seed(0)
    x = torch.linspace(-2.5, 2.5, 200, **F64)[:, None]
    y = torch.sin(2 * x) + 0.3 * x
    result = ew.fit(LAYERS[name](1, 1, num_basis=10, seed=0, **F64), x, y, optimizer="lm", steps=20, progress=False)
    assert result.metrics["r2"] > 0.999


@each
def test_it_is_an_ordinary_module(name: str):
    torch.manual_seed(3)
    layer = LAYERS[name](3, 2, False, "cpu", torch.float32)
    torch.manual_seed(3)
    again = LAYERS[name](3, 2, False)
    assert_equal(layer.state_dict(), again.state_dict())
    assert layer.bias is None and "bias=False" in repr(layer)
    assert not torch.equal(LAYERS[name](3, 2).coef, LAYERS[name](3, 2).coef)
    x = rows().float()
    copied = copy.deepcopy(layer)
    layer.reset_parameters(seed=4)
    assert_equal(layer.state_dict(), LAYERS[name](3, 2, False, seed=4).state_dict())
    layer.load_state_dict(copied.state_dict())
    assert_equal(layer(x), copied(x))
    assert_close(copy.deepcopy(layer).double()(x.double()), layer(x), like="float32")
    with torch.device("meta"):
        empty = LAYERS[name](3, 2)
        assert empty(torch.zeros(4, 3)).is_meta
    empty.to_empty(device="cpu")
    empty.reset_parameters(seed=5)
    assert_equal(empty.state_dict(), LAYERS[name](3, 2, seed=5).state_dict())


@each
def test_it_goes_into_programs_and_blocks(name: str):
    layer, x = made(name), rows().float()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(layer, (x,), dynamic_shapes=({0: batch},), strict=False)
    assert_close(program.module()(x[:5]), layer(x[:5]), like="float32")
    block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    block.linear1, block.linear2 = made(name, 8, 16), made(name, 16, 8)  # type: ignore[assignment]
    tokens = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(1))
    want = block(tokens)
    with torch.no_grad():
        assert_close(block.eval()(tokens), want, like="float32")


@pytest.mark.parametrize(
    "name", ["rational", *(pytest.param(n, marks=pytest.mark.slow) for n in LAYERS if n != "rational")]
)
def test_it_compiles_with_its_gradient(name: str):
    torch._dynamo.reset()
    layer, x = made(name), rows().float()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    want = torch.autograd.grad(layer(x).square().sum(), list(layer.parameters()))
    got = torch.autograd.grad(compiled(x).square().sum(), list(layer.parameters()))
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, like="float32")
    torch._dynamo.reset()


@each
def test_outside_the_domain_values_stay_ordinary(name: str):
    """Polynomials go on along tangents, bumps fade, waves swing, quotients level off."""
    layer, far = made(name, 1, 1, base=None, **F64), torch.tensor([[-40.0], [40.0]], **F64)
    assert float(layer(far).detach().abs().max()) < 1e4
    if name == "chebyshev":
        assert_close(layer.edge_values(far, 1)[1], layer.edge_values(torch.tensor([[3.0]], **F64), 1)[0])
        assert not bool(layer.edge_values(far, 2).any())
    if name == "gaussian":
        assert_close(layer(far), layer.bias.expand(2, 1))


@pytest.mark.parametrize("num_basis", [2, 7, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_quotients_stay_finite_however_far_away(num_basis: int, dtype: torch.dtype):
    layer = made("rational", 1, 2, num_basis=num_basis, base=None, dtype=dtype)
    far = torch.tensor([[-1e30], [1e8], [1e30]], dtype=dtype, requires_grad=True)
    values = layer(far)
    (gradient,) = torch.autograd.grad(values.sum(), far)
    assert bool(values.isfinite().all()) and bool(gradient.isfinite().all())
    assert bool(layer.edge_values(far, 2).isfinite().all())


@pytest.mark.parametrize("num_basis", [2, 7, 8])
def test_quotients_are_those_of_their_definition(num_basis: int):
    layer = made("rational", 1, 2, num_basis=num_basis, **F64)
    u = torch.tensor([[-2.5], [-1.0], [-0.3], [0.0], [1.0], [1.7], [40.0]], **F64)
    even = u ** (2 * torch.arange(1, 1 + num_basis // 2))
    q = 1 + even @ layer.get_parameter("denominator").square().T
    assert_close(layer.basis(u), u[..., None] ** torch.arange(num_basis) / q[..., None])


@each
def test_wrong_settings_are_one_error(name: str):
    with pytest.raises(ConfigError, match=r"4 problems: .*in_features.*num_basis.*bias.*domain"):
        LAYERS[name](0, 2, "no", num_basis=0, domain=(1, 1))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'silu'"):
        LAYERS[name](2, 2, base="Silu")
    with pytest.raises(ConfigError, match="seed must be"):
        LAYERS[name](2, 2, seed=-1)
    with pytest.raises(ConfigError, match="num_basis"):
        LAYERS[name](2, 2, grid_size=5)  # type: ignore[call-arg]
    for bad in (torch.zeros(2, 4), [1.0]):
        with pytest.raises(ShapeError, match=r"\(\.\.\., 3\)"):
            LAYERS[name](3, 2)(bad)  # type: ignore[arg-type]


@each
def test_nothing_is_cast_but_by_autocast(name: str):
    layer = LAYERS[name](3, 2)
    with pytest.raises(ShapeError, match=r"x is torch.float64 but the layer is torch.float32.*x.to\(torch.float32\)"):
        layer(rows())
    for kind in (torch.int64, torch.bool):
        with pytest.raises(ShapeError, match=rf"x is {kind} but the layer is torch.float32.*x.to\(torch.float32\)$"):
            layer(torch.zeros(4, 3, dtype=kind))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.zeros(4, 3, dtype=torch.bfloat16)).shape == (4, 2)
