"""Jacobians of networks of linear layers, as products: every operation is that of the Jacobian written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.train.problems import linear_layers
from edgewise.train.problems.jacobian import Jacobian
from edgewise.train.problems.parameters import FlatModule

from ..zoo import points


def networks() -> dict[str, nn.Module]:
    """Networks that the products take."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        two = nn.Sequential(
            nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4, bias=False), nn.ReLU(inplace=True), nn.Linear(4, 3)
        )
        return {
            "one output": nn.Sequential(nn.Linear(2, 6), nn.SiLU(), nn.Linear(6, 1)).double(),
            "three outputs, no bias, in place": two.double(),
            "residual connection": Residual().double(),
            "float32": nn.Sequential(nn.Linear(2, 6), nn.SiLU(), nn.Linear(6, 1)),
        }


class Residual(nn.Module):
    """Layers that are declared in another order than used, with a sum around one of them and a factor that does not
    train."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.middle, self.first = nn.Linear(4, 1), nn.Linear(4, 4), nn.Linear(2, 4)
        self.register_buffer("factor", torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.first(x))
        return self.factor * self.last(hidden + torch.tanh(self.middle(hidden)))[:, 0]


class Twice(nn.Module):
    """One layer used two times."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(2, 2), nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.last = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.b(torch.tanh(self.a(x)))))


class Functional(nn.Module):
    """The layer's weight used, the layer itself not called."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(nn.functional.linear(x, self.layer.weight, self.layer.bias))


class Idle(nn.Module):
    """A layer that is called, its outcome not used."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.idle = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        self.idle(x)
        return self.layer(x)


def frozen() -> nn.Module:
    """A layer with a weight that does not train and a bias that does."""
    layer = nn.Linear(2, 1)
    layer.weight.requires_grad_(False)
    return layer


@pytest.fixture(params=list(networks()))
def case(request) -> tuple[linear_layers.Factored, Tensor]:
    """The products and the Jacobian (m, P), by a loop."""
    module = networks()[request.param]
    x = points(7, 2).to(next(module.parameters()).dtype)
    jacobian = Jacobian(module, FlatModule(module), x[:2])
    assert jacobian.way == "layers"
    found = jacobian.factored(x)
    assert found is not None
    return found[0], jacobian._by_loop(x)[0].flatten(0, 1)


def close(got: Tensor, want: Tensor, case: tuple[linear_layers.Factored, Tensor]) -> None:
    double = case[0].inputs[0].dtype == case[1].dtype == torch.float64 and case[1].abs().max() < 1e6
    torch.testing.assert_close(got, want, rtol=1e-5 if double else 1e-3, atol=1e-6)


def test_products_are_those_of_the_jacobian(case) -> None:
    products, jacobian = case
    v, u = points(jacobian.shape[1], 1, seed=3)[:, 0], points(jacobian.shape[0], 1, seed=4)[:, 0]
    assert products.shape == jacobian.shape
    close(products.expand().flatten(0, 1), jacobian, case)
    close(products.times(v), jacobian @ v, case)
    close(products.pull(u), jacobian.T @ u, case)
    close(products.diagonal(), jacobian.square().sum(0), case)


def test_the_gram_matrix_takes_the_nearest_scale(case) -> None:
    products, jacobian = case
    scale = products.near(0.1 + points(jacobian.shape[1], 1, seed=5)[:, 0].abs())
    assert bool((scale > 0).all())
    torch.testing.assert_close(products.near(scale), scale)  # one that is a product already stays
    close(products.gram(scale), (jacobian / scale) @ jacobian.T, case)


def test_the_nearest_scale_keeps_sums_and_units(case) -> None:
    products, jacobian = case
    scale = 0.1 + points(jacobian.shape[1], 1, seed=6)[:, 0].abs()
    near = products.near(scale)
    for place in products.places:
        torch.testing.assert_close(place.take(near).sum(0), place.take(scale).sum(0))
        torch.testing.assert_close(place.take(near).sum(1), place.take(scale).sum(1))
    torch.testing.assert_close(products.near(7 * scale), 7 * near)


def test_rows_are_mixed_one_data_row_at_a_time() -> None:
    module = networks()["three outputs, no bias, in place"]
    x = points(5, 2)
    found = Jacobian(module, FlatModule(module), x[:2]).factored(x)
    assert found is not None
    mixing = points(5, 9, seed=2).view(5, 3, 3)
    want = torch.einsum("nkl,nkp->nlp", mixing, found[0].expand())
    torch.testing.assert_close(found[0].mixed(mixing).expand(), want)


@pytest.mark.parametrize(
    "module",
    [Twice(), Tied(), Functional(), Idle(), frozen(), nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3)), ew.KAN((2, 1))],
)
def test_other_modules_are_left_to_other_ways(module: nn.Module) -> None:
    module = module.double()
    x = points(6, 2)
    jacobian = Jacobian(module, FlatModule(module), x[:2])
    assert jacobian.way != "layers" and jacobian.factored(x) is None
    torch.testing.assert_close(jacobian(FlatModule(module).read(), x)[0], jacobian._by_loop(x)[0])


def test_hooks_are_gone_after_a_failure() -> None:
    module = networks()["one output"]
    places = linear_layers.places(module, list(module.parameters()))
    assert places is not None
    with pytest.raises(RuntimeError):
        linear_layers.jacobian(module, places, 25, points(3, 5))
    assert not any(layer._forward_hooks for layer in module.modules())


@pytest.mark.slow
def test_a_network_of_many_parameters_is_fitted_by_levenberg_marquardt() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, 1)).double()
    x = points(120, 2)
    y = torch.sin(3 * x[:, :1]) * x[:, 1:]
    result = ew.fit(net, x, y, validation=(x[:5], y[:5]), progress=False)
    assert "Levenberg-Marquardt (chosen for 41001 parameters)" in result.message
    assert result.metrics["rmse"] < 1e-7
