"""Levenberg-Marquardt in the space of the residuals: the same systems, the same steps, for more parameters than
residuals."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.problems.curvature import Formed, JacobianRows
from edgewise.train.problems.module import ModuleProblem
from edgewise.train.problems.residual import ResidualProblem
from edgewise.train.solvers import levenberg_marquardt
from edgewise.train.solvers.residual_space import Wide


def net(outputs: int = 1, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, outputs)).double()


def data(rows: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.rand(rows, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return x, torch.sin(3 * x[:, :1]) * x[:, 1:]


def formed(rows: JacobianRows) -> torch.Tensor:
    """The rows as a tensor (m, P)."""
    return rows.rows if isinstance(rows, Formed) else rows.expand().flatten(0, 1)  # pyright: ignore[reportAttributeAccessIssue]


class Odd(nn.Module):
    """The network, with a parameter that is in no linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.factor = net(), nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * self.net(x)


def problems() -> dict[str, ModuleProblem | ResidualProblem]:
    x, y = data()
    weight = torch.linspace(0.5, 2, len(x), dtype=torch.float64)
    labels = (y[:, 0] * 3).round().long() % 3
    return {
        "squares": ModuleProblem(net(), x, y, SquaredError()),
        "formed": ModuleProblem(Odd(), x, y, SquaredError()),
        "weighted": ModuleProblem(net(), x, y, SquaredError(), weight),
        "classes": ModuleProblem(net(3), x, labels, CrossEntropy()),
        "residual": ResidualProblem(net(), lambda module: module(x) - y),
    }


@pytest.mark.parametrize("name", list(problems()))
def test_rows_make_the_curvature(name: str) -> None:
    problem = problems()[name]
    theta = problem.start()
    value, gradient, rows = problem.rows_of_curvature(theta)
    want_value, want_gradient, curvature = problem.quadratic(theta)
    assert isinstance(rows, Formed) == (name in ("formed", "residual"))
    rows = formed(rows)
    assert rows.shape == (problem.residuals, theta.numel())
    assert value == pytest.approx(want_value, rel=1e-12)
    torch.testing.assert_close(gradient, want_gradient, rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(rows.T @ rows, curvature, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("mu", [1e3, 1.0, 1e-4, 1e-8])
@pytest.mark.parametrize("name", ["squares", "formed"])
def test_a_damped_system_is_solved(name: str, mu: float) -> None:
    problem = problems()[name]
    value, gradient, rows = problem.rows_of_curvature(problem.start())
    wide = Wide(value, gradient, rows)
    scale = rows.near(wide.diagonal.clamp(min=1e-4 * float(wide.diagonal.max())))
    solve = wide.damp(scale, mu)
    assert solve is not None
    rows = formed(rows)
    matrix = rows.T @ rows + mu * torch.diag(scale)
    x = solve(gradient)
    assert float((matrix @ x - gradient).norm()) <= 1e-9 * float(gradient.norm())
    assert wide.bend(x) == pytest.approx(float(x @ (rows.T @ rows) @ x), rel=1e-9)


def test_steps_are_those_of_the_dense_model() -> None:
    dense = levenberg_marquardt.minimize(problems()["formed"], problems()["formed"].start(), steps=8)
    wide = levenberg_marquardt.minimize(problems()["formed"], problems()["formed"].start(), steps=8, model=Wide.of)
    assert wide.steps == dense.steps and wide.status is dense.status
    torch.testing.assert_close(wide.theta, dense.theta, rtol=1e-6, atol=1e-8)


def test_a_matrix_that_is_not_finite_gives_no_step() -> None:
    rows = torch.full((2, 5), float("nan"), dtype=torch.float64)
    assert (
        Wide(0.0, torch.zeros(5, dtype=torch.float64), Formed(rows)).damp(torch.ones(5, dtype=torch.float64), 1.0)
        is None
    )


def test_a_network_with_more_parameters_than_rows_is_fitted_to_round_off() -> None:
    x, y = data(60)
    result = ew.fit(net(), x, y, validation=(x[:5], y[:5]), progress=False)
    assert "Levenberg-Marquardt" in result.message
    assert result.metrics["rmse"] < 1e-7
