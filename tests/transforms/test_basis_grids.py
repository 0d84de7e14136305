"""refine, extend and adapt on layers of edges on other bases than splines."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ConfigError, EdgewiseWarning, GridError, StructureError
from edgewise.transforms.modules import layers_of, size_of
from helpers import assert_close, assert_equal, assert_no_shared_storage

LAYERS: dict[str, Any] = {
    "gaussian": ew.nn.GaussianLayer,
    "chebyshev": ew.nn.ChebyshevLayer,
    "fourier": ew.nn.FourierLayer,
    "rational": ew.nn.RationalLayer,
}
F64: dict[str, Any] = {"dtype": torch.float64}
each = pytest.mark.parametrize("name", LAYERS)
refined = pytest.mark.parametrize("name", ["chebyshev", "fourier", "rational"])
extended = pytest.mark.parametrize("name", ["gaussian", "fourier", "rational"])


def made(name: str, i: int = 4, o: int = 3, **settings: Any) -> ew.nn.BasisLayer:
    """A layer all of whose parameters are at random, of both signs."""
    layer = LAYERS[name](i, o, **({"seed": 1, **F64} | settings))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return layer


def rows(count: int = 50, spread: float = 2.0) -> Tensor:
    """Inputs, some of which lie outside the domain (-3, 3)."""
    return spread * torch.randn(count, 4, generator=torch.Generator().manual_seed(0), **F64)


def inner(layer: nn.Module) -> Tensor:
    """Inputs whose range, with a margin of 0.4, any basis follows.

    Bumps need room for their tails. Other ranges leave out the ends, where polynomials go on along tangents.
    """
    return rows(spread=1.0 if isinstance(layer, ew.nn.GaussianLayer) else 0.5)


@refined
@pytest.mark.parametrize(("before", "after"), [(8, 16), (8, 24), (8, 9), (5, 9), (5, 21), (4, 4)])
def test_refine_keeps_the_function(name: str, before: int, after: int):
    layer, x = made(name, num_basis=before), rows()
    state = copy.deepcopy(layer.state_dict())
    new = ew.refine(layer, grid_size=after)
    assert type(new) is type(layer) and new.num_basis == after and new.domain == layer.domain
    assert_close(new(x), layer(x))
    assert_close(new.edge_values(x, 2), layer.edge_values(x, 2), like="derivative")
    assert_equal(layer.state_dict(), state)
    assert_no_shared_storage(new, layer)


@refined
def test_every_new_parameter_can_learn(name: str):
    """None has a gradient of zero, as a new factor of a denominator would have at zero."""
    new, x = ew.refine(made(name)), rows()
    (new(x) - x[:, :3].sin()).square().sum().backward()
    assert all(bool((p.grad != 0).all()) for p in new.parameters() if p.grad is not None)
    assert all(p.grad is not None for p in new.parameters())


@extended
def test_extend_keeps_the_function_everywhere_on_a_domain_that_holds_the_rows(name: str):
    layer, x = made(name), rows(spread=4.0) + 1.0
    new, far = ew.extend(layer, x), torch.linspace(-30, 30, 200, **F64)[:, None].expand(-1, 4)
    assert new.domain[0] <= float(x.min()) and float(x.max()) <= new.domain[1]
    assert_close(new(far), layer(far))
    assert_equal(ew.extend(layer, rows(spread=0.5)).state_dict(), layer.state_dict())


@each
def test_adapt_refits_the_functions_to_where_the_rows_are(name: str):
    layer = made(name)
    x = inner(layer)
    new = ew.adapt(layer, x, grid_size=24, margin=0.4)
    low, high = float(x.min()), float(x.max())
    assert_close(torch.tensor(new.domain), torch.tensor([low - 0.4 * (high - low), high + 0.4 * (high - low)]))
    assert new.num_basis == 24
    change = float((new(x) - layer(x)).detach().abs().max()) / float(layer(x).detach().abs().max())
    assert change < (1e-2 if name == "gaussian" else 1e-3), "24 functions follow 8"


@each
def test_what_a_refit_loses_is_told(name: str):
    layer = made(name, base=None)
    with pytest.warns(EdgewiseWarning, match=rf"adapt changed functions.* the layer \({type(layer).__name__}\) by"):
        new = ew.adapt(layer, rows(), grid_size=3)
    assert float((new(rows()) - layer(rows())).detach().abs().max()) > 0.01
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ew.adapt(layer, inner(layer), grid_size=24, margin=0.4)


@pytest.mark.parametrize("bias", [True, False])
def test_constants_of_a_refit_go_into_the_bias(bias: bool):
    """T_2 on half of the domain is a quarter of T_2 and a constant."""
    layer = LAYERS["chebyshev"](1, 1, bias, base=None, num_basis=2, domain=(-2, 2), seed=0, **F64)
    with torch.no_grad():
        layer.coef.copy_(torch.tensor([0.0, 1.0])[None, :, None])
    x = torch.tensor([[-1.0], [1.0]], **F64)
    if not bias:
        with pytest.warns(EdgewiseWarning):
            assert ew.adapt(layer, x).bias is None
        return
    new = ew.adapt(layer, x)
    assert_close(new.coef.flatten(), torch.tensor([0.0, 0.25], **F64), scale=1.0)
    assert_close(new.bias, torch.tensor([-0.75], **F64))


def mixed() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        made("chebyshev"), nn.Tanh(), made("fourier", 3, 3), ew.KANLayer(3, 3, **F64), made("rational", 3, 2)
    )


def test_layers_of_all_kinds_are_changed_together():
    net, x = mixed(), rows(spread=0.5)
    new = ew.refine(net, factor=2)
    assert [size_of(layer) for layer in layers_of(new)] == [16, 16, 10, 16]
    assert_close(new(x), net(x))
    some = ew.refine(net, grid_size=(8, 9, 6, 12))
    assert [size_of(layer) for layer in layers_of(some)] == [8, 9, 6, 12]
    assert_close(some(x), net(x))
    assert [size_of(layer) for layer in layers_of(ew.adapt(net, x, grid_size=(12, 13, 14, 15)))] == [12, 13, 14, 15]


def test_modes_frozen_parameters_and_missing_biases_stay():
    net = nn.Sequential(made("rational", bias=False).eval())
    net[0].denominator.requires_grad_(False)  # type: ignore[union-attr, operator]
    new = ew.refine(net)[0]
    assert isinstance(new, ew.nn.RationalLayer)
    assert new.bias is None and not new.training
    assert not new.denominator.requires_grad and new.coef.requires_grad


class Sines(ew.nn.BasisLayer):
    """A basis of a user's own, without a word about refining."""

    def basis(self, u: Tensor, derivative: int = 0) -> Tensor:
        number = torch.arange(1, self.num_basis + 1, dtype=u.dtype, device=u.device)
        return number**derivative * torch.sin(number * u[..., None] + derivative * torch.pi / 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: ew.refine(nn.Sequential(made("gaussian"))), "refine cannot change 0, a GaussianLayer: 16 .*ew.adapt"),
        (lambda: ew.extend(made("chebyshev"), rows()), "extend cannot change the layer, a ChebyshevLayer: .*ew.adapt"),
        (lambda: ew.refine(made("rational", num_basis=7)), "a RationalLayer: .* take grid_size=15"),
        (lambda: ew.refine(Sines(4, 3, **F64)), "a Sines: .*ew.adapt"),
        (lambda: ew.extend(Sines(4, 3, **F64), rows()), "a Sines: .*ew.adapt"),
    ],
)
def test_a_basis_that_cannot_is_named_with_a_way_out(change: Any, words: str):
    with pytest.raises(StructureError, match=words):
        change()


def test_the_ways_out_are_open():
    layer, x = made("gaussian"), rows(spread=1.0)
    net = nn.Sequential(layer, ew.KANLayer(3, 2, **F64))
    assert [size_of(one) for one in layers_of(ew.refine(net, grid_size=(8, 10)))] == [8, 10]
    assert ew.adapt(layer, x, grid_size=24, margin=0.4).num_basis == 24
    assert ew.refine(made("rational", num_basis=7), grid_size=15).num_basis == 15
    own, ends = Sines(4, 3, **F64), torch.tensor([[-3.0], [3.0]], **F64).expand(-1, 4)
    assert float((ew.adapt(own, ends, grid_size=16)(x) - own(x)).detach().abs().max()) < 0.01


@each
def test_wrong_sizes_and_rows_are_named(name: str):
    layer = made(name)
    with pytest.raises(GridError, match="grid_size must be at least 8"):
        ew.refine(layer, grid_size=6)
    with pytest.raises(ConfigError, match="grid_size"):
        ew.adapt(layer, rows(), grid_size=10**13)
    with pytest.raises(ConfigError, match="integer >= 1"):
        ew.refine(layer, grid_size=0)
    for verb in (ew.extend, ew.adapt):
        with pytest.raises(GridError, match="no row"):
            verb(layer, rows()[:0])
    with pytest.raises(GridError, match="finite"):
        ew.adapt(layer, rows() * torch.inf)
    broken = made("rational")
    broken.denominator.data[0, 0] = torch.nan  # type: ignore[union-attr, operator, index]
    with pytest.raises(GridError, match="a RationalLayer: the layer holds numbers that are not finite"):
        ew.adapt(broken, rows())
    if name != "chebyshev":
        with pytest.raises(GridError, match=rf"a {type(layer).__name__}: rows lie .* use adapt"):
            ew.extend(layer, 1e9 * rows())


OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, lr=1e-3, eps=0.0),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=1e-3),
}
CHANGES: dict[str, Any] = {
    "refine": lambda layer, **way: ew.refine(layer, **way),
    "extend": lambda layer, **way: ew.extend(layer, rows(spread=4.0), **way),
    "adapt": lambda layer, **way: ew.adapt(layer, inner(layer), grid_size=24, margin=0.4, **way),
}
REFUSED = {("refine", "gaussian"), ("extend", "chebyshev")}  # another function there, so there is nothing to follow
FOLLOWED = [(verb, name) for verb in CHANGES for name in LAYERS if (verb, name) not in REFUSED]


def trained(layer: nn.Module, optimizer: str, steps: int = 8) -> torch.optim.Optimizer:
    method = OPTIMIZERS[optimizer](layer.parameters())
    for _ in range(steps):
        step(layer, method)
    return method


def step(layer: nn.Module, method: torch.optim.Optimizer) -> None:
    x = rows(200, spread=1.5)
    method.zero_grad()
    (layer(x) - x[:, :3].sin()).square().mean().backward()
    method.step()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("verb", "name"), FOLLOWED)
def test_training_goes_on_with_the_new_layer(verb: str, name: str, optimizer: str):
    layer = made(name)
    method = trained(layer, optimizer)
    new = CHANGES[verb](layer, optimizer=method)
    assert {id(p) for p in method.state} == {id(p) for p in new.parameters()}
    for p, state in method.state.items():
        assert all(v.shape == p.shape for v in state.values() if isinstance(v, Tensor) and v.dim() > 0)
        assert all(bool(v.isfinite().all()) for v in state.values() if isinstance(v, Tensor))
        assert all(bool((v >= 0).all()) for key, v in state.items() if key in ("exp_avg_sq", "sum"))
    step(new, method)
    assert all(bool(p.isfinite().all()) for p in new.parameters())


@pytest.mark.filterwarnings("ignore:adapt changed functions")
@each
def test_adam_does_not_go_astray_where_coefficients_cancel(name: str):
    """On a domain five times as long, three times as many waves are nearly dependent.

    Some coefficients are then a million times those before. Steps by each of them, as Adam's are, no longer cancel.
    """
    layer, x, far = made(name), rows(spread=1.0), rows(spread=5.0)
    method = torch.optim.Adam(layer.parameters(), lr=1e-2)

    def descend(module: nn.Module, x: Tensor) -> float:
        method.zero_grad()
        loss = (module(x) - x[:, :3].sin()).square().mean()
        loss.backward()
        method.step()
        return loss.item()

    for _ in range(30):
        descend(layer, x)
    new = ew.adapt(layer, far, grid_size=24, optimizer=method)
    losses = [descend(new, far) for _ in range(30)]
    assert max(losses) < 10 * losses[0]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize(("verb", "name"), [pair for pair in FOLLOWED if pair[0] != "adapt"])
def test_the_pending_step_is_the_same_function(verb: str, name: str, optimizer: str):
    """What the optimizer does in a step without a new gradient; a denominator is bent, so its step is a small one."""
    layer, x = made(name), rows()
    method = trained(layer, optimizer)
    for group in method.param_groups:
        group["lr"] = 1e-7
    twin, its = copy.deepcopy((layer, method))
    new = CHANGES[verb](layer, optimizer=method)
    moves = []
    for module, own in ((twin, its), (new, method)):
        start = module(x).detach()
        for p in module.parameters():
            p.grad = torch.zeros_like(p)
        own.step()
        moves.append(module(x).detach() - start)
    assert float(moves[0].abs().max()) > 1e-8
    assert float((moves[1] - moves[0]).abs().max()) < 1e-4 * float(moves[0].abs().max())


def test_coefficients_that_overflow_are_told_with_their_layer():
    """The powers of another unit lie beyond 32 bits, and within 64."""
    layer, far = ew.nn.RationalLayer(1, 1, num_basis=12, seed=0), torch.tensor([[-2e4], [2e4]])
    with pytest.raises(
        GridError, match=r"extend cannot change 0, a RationalLayer: coef .* overflows torch.float32.*double"
    ):
        ew.extend(nn.Sequential(layer), far)
    assert ew.extend(layer.double(), far.double()).domain == (-2e4, 2e4)
