"""The user's own residuals as a problem: derivatives against finite differences, second derivatives inside, what cannot
be taken is said."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ShapeError, TrainingError
from edgewise.losses import SquaredError
from edgewise.train.problems import residual
from edgewise.train.problems.module import ModuleProblem
from edgewise.train.problems.residual import ResidualProblem
from edgewise.train.solvers import lbfgs, levenberg_marquardt
from edgewise.train.solvers.status import Status
from helpers import assert_close

from ..zoo import mlp, points
from .test_module import Doubling, Noisy, differences

X = torch.linspace(0, 1, 15, dtype=torch.float64)[:, None]


def by_autograd(model: nn.Module) -> Tensor:
    """u'' + u - x and u(0): second derivative by autograd.grad."""
    x = X.clone().requires_grad_()
    u = model(x)
    (first,) = torch.autograd.grad(u.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    return torch.cat([(second + u - X)[:, 0], u[0]])


def by_func(model: nn.Module) -> Tensor:
    """The same by torch.func."""
    second = torch.func.vmap(torch.func.jacrev(torch.func.jacrev(lambda x: model(x[None])[0, 0])))(X)[:, :, 0]
    u = model(X)
    return torch.cat([(second + u - X)[:, 0], u[0]])


def plain(model: nn.Module) -> Tensor:
    return torch.sin(model(X)) - X


def stubborn(model: nn.Module) -> Tensor:
    """An operation that neither vmap nor a second differentiation takes."""
    return Doubling.apply(model(X)) - X


MODELS = {"mlp": lambda: mlp(inputs=1, width=4), "network": lambda: ew.KAN((1, 1, 1), grid_size=2, degree=4)}
RESIDUALS = {f.__name__: f for f in (plain, by_autograd, by_func, stubborn)}


@pytest.fixture(params=[(m, r) for m in MODELS for r in RESIDUALS], ids="-".join)
def problem(request) -> ResidualProblem:
    return ResidualProblem(MODELS[request.param[0]](), RESIDUALS[request.param[1]])


def residuals(problem: ResidualProblem, theta: Tensor) -> Tensor:
    problem.load(theta)
    return problem.residual(problem.module).detach().flatten()


def test_value_gradient_and_curvature_are_those_of_the_difference_quotients(problem):
    theta = problem.start()
    value, gradient, curvature = problem.quadratic(theta)
    r, jacobian = residuals(problem, theta), differences(lambda t: residuals(problem, t), theta)
    assert_close(value, r.square().mean())
    assert_close(problem.value(theta), value)
    assert_close(gradient, 2 / r.numel() * jacobian.T @ r, like="difference", scale=10 * float(gradient.abs().max()))
    assert_close(
        curvature, 2 / r.numel() * jacobian.T @ jacobian, like="difference", scale=10 * float(curvature.abs().max())
    )
    assert_close(problem.value_gradient(theta)[1], gradient)


@pytest.mark.slow
def test_products_are_those_of_the_curvature(problem):
    theta = problem.start()
    if problem.residual is stubborn:
        with pytest.raises(TrainingError, match="differentiated twice"):
            problem.linearise(theta)
        return
    _, gradient, curvature = problem.quadratic(theta)
    v = points(theta.numel(), 1)[:, 0]
    about = problem.linearise(theta)
    assert_close(about.gradient, gradient)
    assert_close(about.apply(v), curvature @ v)
    assert_close(
        about.diagonal(2000), curvature.diagonal(), like="difference", scale=2e4 * float(curvature.diagonal().max())
    )


def test_rows_and_columns_give_the_same_jacobian(monkeypatch):
    problem = ResidualProblem(mlp(inputs=1, width=4), by_autograd)
    r = problem._residuals()
    rows, columns = problem._by_rows(r), problem._by_columns(r, problem.start().numel())
    assert_close(columns, rows)
    monkeypatch.setattr(residual, "TUNED", replace(residual.TUNED, part=40))  # several parts
    assert_close(problem._by_rows(r), rows)
    assert_close(problem._by_columns(r, problem.start().numel()), rows)
    problem.batched = False
    assert_close(problem._by_rows(r), rows)


def test_many_residuals_of_an_operation_that_is_differentiable_once_go_by_rows():
    x = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None]
    problem = ResidualProblem(mlp(inputs=1, width=2), lambda model: Doubling.apply(model(x)) - x)
    problem.batched = True
    theta = problem.start()
    value, gradient, curvature = problem.quadratic(theta)
    assert_close(gradient, problem.value_gradient(theta)[1])
    assert_close(curvature, curvature.T)


def test_a_residual_of_differences_is_the_squared_error():
    x, y = points(10, 2), points(10, 1)
    one = ResidualProblem(mlp(), lambda model: model(x) - y)
    other = ModuleProblem(mlp(), x, y, SquaredError())
    theta = one.start()
    for got, want in zip(one.quadratic(theta), other.quadratic(theta), strict=True):
        assert_close(got, want)
    step = 0.1 * points(theta.numel(), 1)[:, 0]
    assert_close(one.turning(theta, step), other.turning(theta, step), like="derivative")


@pytest.mark.parametrize(
    "model", [lambda: mlp(inputs=1, width=8), lambda: ew.KAN((1, 1), grid_size=8, degree=5)], ids=["mlp", "network"]
)
def test_an_oscillator_is_solved(model):
    """u'' = -9 u, u(0) = 0, u'(0) = 3 on [0, 1]: sin(3 x)."""

    def residual(model):
        x = X.clone().requires_grad_()
        u = model(x)
        (first,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
        return torch.cat([(second + 9 * u)[:, 0], 5 * u[0], 5 * (first[0] - 3)])

    problem = ResidualProblem(model(), residual)
    end = levenberg_marquardt.minimize(problem, problem.start(), steps=80)
    problem.load(end.theta)
    with torch.no_grad():
        assert float((problem.module(X) - torch.sin(3 * X)).abs().max()) < 1e-3
    assert end.status in (Status.CONVERGED, Status.BUDGET)


def test_gradients_alone_lower_it_too():
    problem = ResidualProblem(mlp(inputs=1, width=4), by_autograd)
    start = problem.start()
    assert lbfgs.minimize(problem.value_gradient, start, steps=100).value < 0.01 * problem.value(start)


def test_construction_and_evaluation_leave_no_trace(leaves_no_trace):
    problem = ResidualProblem(mlp(inputs=1, width=4), by_autograd)
    problem.quadratic(problem.start())
    assert all(p.grad is None for p in problem.module.parameters())


@pytest.mark.parametrize(
    "model, residual, error, message",
    [
        (mlp, lambda model: 1.0, ShapeError, "got float"),
        (mlp, lambda model: torch.arange(3), ShapeError, "torch.int64"),
        (mlp, lambda model: torch.zeros(0), ShapeError, r"\(0,\)"),
        (mlp, lambda model: torch.ones(3), TrainingError, "does not depend"),
        (Noisy, lambda model: model(points(5, 2)), TrainingError, "different each time"),
    ],
)
def test_what_cannot_be_taken_is_said(model, residual, error, message):
    with pytest.raises(error, match=message):
        ResidualProblem(model(), residual)


def test_points_drawn_anew_each_time_are_noticed():
    with pytest.raises(TrainingError, match="draw its random points once"):
        ResidualProblem(mlp(), lambda model: model(torch.rand(5, 2, dtype=torch.float64)) / math.pi)


def test_a_loss_is_no_residual():
    with pytest.raises(ShapeError, match=r"gave a single number, wanted residuals \(m,\)"):
        ResidualProblem(torch.nn.Linear(1, 1), lambda module: module(torch.ones(3, 1)).square().mean())
