"""Modules as problems: derivatives against differences and one another, for every kind of module; what cannot be taken
is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ShapeError, TrainingError
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.problems import module, products
from edgewise.train.problems.module import ModuleProblem
from helpers import assert_close, assert_equal

from ..zoo import logistic_data, mlp, points, seeded


class Doubling(torch.autograd.Function):
    """An operation without a vmap rule, which is differentiable once only."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return 2 * g


class Stubborn(nn.Module):
    """A module that vmap cannot take, with a parameter outside of its linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.factor = mlp(), nn.Parameter(torch.tensor(1.5, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return Doubling.apply(torch.tanh(self.factor * self.inner(x)))


class Tied(nn.Module):
    """One parameter used twice, one not at all, one that is not to be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(points(2, 2, seed=8))
        self.same = self.weight
        self.idle = nn.Parameter(torch.ones(3, dtype=torch.float64))
        self.fixed = nn.Parameter(torch.ones(2, dtype=torch.float64), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.weight) @ self.same + self.fixed


def twice() -> nn.Module:
    """One layer that stands in two places."""
    layer = ew.KANLayer(2, 2, grid_size=3, seed=0, dtype=torch.float64)
    return nn.Sequential(layer, layer)


def normalised() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        norm = nn.BatchNorm1d(4)
        module = seeded(nn.Sequential(nn.Linear(2, 4), norm, nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2)))
    assert norm.running_var is not None
    norm.running_var.copy_(torch.tensor([0.5, 1.0, 2.0, 3.0]))
    return module


MODULES = {
    "mlp": mlp,
    "two outputs": lambda: mlp(outputs=2),
    "network": lambda: ew.KAN((2, 2, 1), grid_size=3),
    "network with a product": lambda: ew.KAN((2, (1, 1), 2), grid_size=3),
    "no vmap": Stubborn,
    "tied": Tied,
    "twice": twice,
    "batch norm and dropout": normalised,
}


@pytest.fixture(params=MODULES)
def problem(request) -> ModuleProblem:
    module = MODULES[request.param]()
    x = points(12, 2, seed=3)
    y = points(12, module(x).shape[1], seed=4)
    return ModuleProblem(module, x, y, SquaredError(), weight=torch.arange(1.0, 13.0))


def differences(f, theta: Tensor, h: float = 1e-5) -> Tensor:
    """d f / d theta by central differences: (..., P)."""
    columns = [(f(theta + h * e) - f(theta - h * e)) / (2 * h) for e in torch.eye(theta.numel(), dtype=theta.dtype)]
    return torch.stack([torch.as_tensor(c) for c in columns], dim=-1)


def outputs(problem: ModuleProblem, theta: Tensor) -> Tensor:
    problem.load(theta)
    with torch.no_grad():
        return problem.predict(problem.X)


def test_the_gradient_is_the_difference_quotient(problem):
    theta = problem.start()
    value, gradient = problem.value_gradient(theta)
    assert value == problem.value(theta)
    assert_close(gradient, differences(problem.value, theta), like="difference")


def test_the_jacobian_is_the_difference_quotient(problem):
    theta = problem.start()
    jacobian, y = problem.jacobian(theta, problem.X)
    assert_close(y, outputs(problem, theta))
    assert_close(jacobian, differences(lambda t: outputs(problem, t), theta), like="difference")


def test_the_quadratic_model_agrees_with_value_gradient_and_jacobian(problem):
    theta = problem.start()
    value, gradient, curvature = problem.quadratic(theta)
    want_value, want_gradient = problem.value_gradient(theta)
    jacobian, _ = problem.jacobian(theta, problem.X)
    assert_close(value, want_value)
    assert_close(gradient, want_gradient)
    bend = 2 / jacobian.shape[1] * problem.weight
    assert_close(curvature, torch.einsum("b,bkp,bkq->pq", bend, jacobian, jacobian))
    assert torch.linalg.eigvalsh(curvature).min() > -1e-12 * curvature.abs().max()


def test_products_and_diagonal_are_those_of_the_curvature(problem):
    theta = problem.start()
    value, gradient, curvature = problem.quadratic(theta)
    if isinstance(problem.module, Stubborn):
        with pytest.raises(TrainingError, match="differentiated twice"):
            problem.linearise(theta)
        return
    about = problem.linearise(theta)
    v = points(theta.numel(), 1, seed=9)[:, 0]
    assert_close(about.value, value)
    assert_close(about.gradient, gradient)
    assert_close(about.apply(v), curvature @ v)
    estimate = about.diagonal(400)
    assert bool((estimate >= 0).all())
    assert_close(estimate.sum(), curvature.trace(), like="difference", scale=1e4 * float(curvature.trace()))


def test_the_turning_is_the_second_derivative_along_the_step(problem):
    theta = problem.start()
    step = 0.05 * points(theta.numel(), 1, seed=10)[:, 0]
    h = 1e-2
    second = (
        outputs(problem, theta + h * step) - 2 * outputs(problem, theta) + outputs(problem, theta - h * step)
    ) / h**2
    jacobian, _ = problem.jacobian(theta, problem.X)
    want = torch.einsum("b,bkp,bk->p", 2 / jacobian.shape[1] * problem.weight, jacobian, second)
    assert_close(problem.turning(theta, step), want, like="difference", scale=1e3 * float(want.abs().max()) + 1e-9)


def test_derivatives_leave_the_module_its_parameters(problem):
    before = list(problem.module.parameters())
    problem.quadratic(problem.start())
    if not isinstance(problem.module, Stubborn):
        problem.linearise(problem.start())
    assert [*map(id, problem.module.parameters())] == [*map(id, before)]


@pytest.mark.parametrize(("module", "way"), [(mlp(), "layers"), (ew.KAN((2, 2, 1)), "vmap"), (Stubborn(), "loop")])
def test_how_jacobians_are_made(module, way):
    assert ModuleProblem(module, points(6, 2), points(6, 1), SquaredError()).jacobian.way == way


def test_blocks_do_not_change_the_result(monkeypatch):
    problem = ModuleProblem(mlp(), points(50, 2), points(50, 1), SquaredError())
    theta = problem.start()
    whole, value = problem.quadratic(theta), problem.value_gradient(theta)
    monkeypatch.setattr(module, "TUNED", replace(module.TUNED, block=7 * theta.numel(), rows=13))
    for got, want in zip(problem.quadratic(theta) + problem.value_gradient(theta), whole + value, strict=True):
        assert_close(got, want)


@pytest.mark.parametrize("n", [1, 5, 64, 127, 128, 300])
def test_a_symmetric_product_is_the_product(n):
    a = points(40, n)
    bend = points(40, 40, seed=1)
    want = torch.eye(n, dtype=torch.float64)
    for b in (a, (bend + bend.T) @ a):
        got = want.clone()
        products.add_symmetric(got, a, b)
        want = want + a.T @ b
        assert_close(got, want)
        assert_close(got, got.T)


def test_cross_entropy_has_the_gauss_newton_curvature_of_its_logits():
    x, labels = logistic_data()
    with torch.random.fork_rng(devices=[]):
        problem = ModuleProblem(seeded(nn.Linear(2, 3)), x, labels, CrossEntropy())
    theta = problem.start()
    value, gradient, curvature = problem.quadratic(theta)
    assert_close(gradient, differences(problem.value, theta), like="difference")
    # the logits are linear in the parameters, so that the curvature is the Hessian
    assert_close(curvature, differences(lambda t: problem.value_gradient(t)[1], theta), like="difference")
    v = points(theta.numel(), 1)[:, 0]
    about = problem.linearise(theta)
    assert_close(about.apply(v), curvature @ v)
    estimate = about.diagonal(3000)
    assert_close(estimate, curvature.diagonal(), like="difference", scale=2e4 * float(curvature.diagonal().max()))


def test_weights_count_as_repeated_rows():
    x, y = points(5, 2), points(5, 1)
    repeated = torch.tensor([0, 0, 1, 2, 2, 2, 4])
    one = ModuleProblem(mlp(), x, y, SquaredError(), weight=torch.tensor([2.0, 1, 3, 0, 1]))
    other = ModuleProblem(mlp(), x[repeated], y[repeated], SquaredError())
    for got, want in zip(one.quadratic(one.start()), other.quadratic(other.start()), strict=True):
        assert_close(got, want)


def test_one_output_may_be_flat():
    x, y = points(9, 2), points(9, 1)

    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()

        def forward(self, x):
            return self.inner(x)[:, 0]

    one, other = ModuleProblem(Flat(), x, y[:, 0], SquaredError()), ModuleProblem(mlp(), x, y, SquaredError())
    assert_close(one.quadratic(one.start())[2], other.quadratic(other.start())[2])
    assert one.loss_value(one.start(), x, y[:, 0]) == other.loss_value(other.start(), x, y)


def test_a_single_precision_module_is_rounded_and_no_more():
    x, y = points(20, 2).float(), points(20, 1).float()
    problem = ModuleProblem(mlp().float(), x, y, SquaredError())
    theta = problem.start()
    assert theta.dtype == torch.float64
    exact = ModuleProblem(mlp().float().double(), x.double(), y.double(), SquaredError())
    for got, want in zip(problem.quadratic(theta), exact.quadratic(theta), strict=True):
        assert_close(got, want, like="float32", scale=10.0)
    problem.load(theta + 1e-3)
    assert_close(problem.start(), theta + 1e-3, like="float32")


def test_load_and_start_are_inverse_and_leave_the_rest_alone():
    module = Tied()
    problem = ModuleProblem(module, points(4, 2), points(4, 2), SquaredError())
    theta = problem.start()
    assert theta.shape == (7,)
    problem.load(theta + 1)
    assert torch.equal(problem.start(), theta + 1)
    assert torch.equal(module.fixed, torch.ones(2, dtype=torch.float64))


def test_evaluation_leaves_buffers_and_the_random_state_alone(leaves_no_trace):
    problem = ModuleProblem(normalised(), points(8, 2), points(8, 2), SquaredError())
    before = {name: value.clone() for name, value in problem.module.named_buffers()}
    problem.quadratic(problem.start())
    problem.value_gradient(problem.start())
    assert_equal(dict(problem.module.named_buffers()), before)
    assert all(p.grad is None for p in problem.module.parameters())


class Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = mlp()

    def forward(self, x):
        return self.inner(x) + torch.randn(len(x), 1, dtype=x.dtype)


class Coupled(Noisy):
    def forward(self, x):
        y = self.inner(x)
        return y - y.mean(0)


@pytest.mark.parametrize(
    "module, error, message",
    [
        (Noisy, TrainingError, "different outputs for the same input"),
        (Coupled, TrainingError, "depends on the other rows"),
        (nn.Identity, TrainingError, "no parameter that requires a gradient"),
        (lambda: nn.LazyLinear(1), TrainingError, "without a shape"),
        (lambda: mlp(outputs=2), ShapeError, r"\(6, 2\), got \(6, 1\)"),
        (
            lambda: nn.Sequential(mlp(), nn.Flatten(0), nn.Unflatten(0, (1, -1))),
            ShapeError,
            "must return outputs of shape",
        ),
    ],
)
def test_what_cannot_be_taken_is_said(module, error, message):
    if module in (Noisy, Coupled):
        torch.manual_seed(0)
    with pytest.raises(error, match=message):
        ModuleProblem(module(), points(6, 2), points(6, 1), SquaredError())


def test_gradients_ask_for_no_jacobian():
    problem = ModuleProblem(nn.Linear(2, 1).double(), points(3, 2), points(3, 1), SquaredError())
    problem.value_gradient(problem.start())
    assert "jacobian" not in vars(problem)
    problem.quadratic(problem.start())
    assert "jacobian" in vars(problem)
