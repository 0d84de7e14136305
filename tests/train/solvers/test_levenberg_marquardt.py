"""Levenberg-Marquardt: minima reached on the zoo, one step for what is linear, outcomes told apart, the same bits
twice."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.train.solvers import conjugate_gradients, levenberg_marquardt
from edgewise.train.solvers.status import Status
from edgewise.train.solvers.types import Damping
from helpers import assert_close, assert_equal

from ..zoo import FUNCTIONS, LeastSquares, logistic_problem, mlp, points, regression_problem, spline_problem


@pytest.mark.parametrize("name", FUNCTIONS)
def test_reaches_the_minimum_of_every_function(name):
    problem = FUNCTIONS[name]
    end = levenberg_marquardt.minimize(problem, problem.start(), steps=200, tolerance=1e-14)
    assert end.value <= problem.least * (1 + 1e-9) + 1e-18
    assert end.status is not Status.FAILED
    assert end.value == problem.value(end.theta)


def test_a_linear_problem_takes_one_step_without_damping():
    problem, best = spline_problem()
    end = levenberg_marquardt.minimize(problem, problem.start(), steps=1, damping=Damping(1e-14))
    assert_close(end.value, best, like="derivative")


def test_a_linear_problem_converges_with_the_usual_damping():
    problem, best = spline_problem()
    end = levenberg_marquardt.minimize(problem, problem.start(), steps=50)
    assert end.status is Status.CONVERGED and end.steps < 15
    assert_close(end.value, best, like="derivative")


def test_logistic_regression_converges_to_the_minimum_that_scipy_finds():
    from scipy.optimize import minimize

    problem = logistic_problem()
    start = problem.start()
    end = levenberg_marquardt.minimize(problem, start, steps=100)

    def evaluated(t):
        value, gradient = problem.value_gradient(torch.from_numpy(t))
        return value, gradient.numpy()

    found = minimize(
        evaluated,
        start.numpy(),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-10},
    )
    assert end.status is Status.CONVERGED and end.steps < 25
    assert_close(end.value, found.fun, like="float64")


def test_a_network_is_trained_to_a_small_error():
    problem = regression_problem(seed=1)
    start = problem.start()
    assert levenberg_marquardt.minimize(problem, start, steps=60).value < 1e-3 * problem.value(start)


class Bent:
    """A function of the zoo with its exact second derivative along a step."""

    def __init__(self, problem: LeastSquares) -> None:
        self.problem, self.value, self.quadratic = problem, problem.value, problem.quadratic

    def turning(self, theta, step):
        jacobian = torch.func.jacrev(self.problem.residual)
        second = torch.func.jacrev(lambda t: jacobian(t) @ step)(theta) @ step
        return jacobian(theta).T @ second


@pytest.mark.parametrize("name", ["rosenbrock", "rosenbrock 20", "walled"])
def test_bent_steps_follow_a_curved_valley_in_fewer_steps(name):
    problem = FUNCTIONS[name]
    straight = levenberg_marquardt.minimize(problem, problem.start(), steps=300, tolerance=1e-14)
    bent = levenberg_marquardt.minimize(Bent(problem), problem.start(), steps=300, tolerance=1e-14)
    assert bent.value < 1e-18 and bent.steps < straight.steps


def test_directions_without_curvature_stay_where_they_are():
    problem = FUNCTIONS["deficient"]
    end = levenberg_marquardt.minimize(problem, problem.start())
    assert end.theta[2] == 5.0
    assert_close(end.theta[0] - 3, end.theta[1] + 1, like="derivative")  # the smallest step: both share it


def test_outcomes_are_told_apart():
    problem = FUNCTIONS["rosenbrock"]
    assert levenberg_marquardt.minimize(problem, problem.start(), steps=3).status is Status.BUDGET
    assert (
        levenberg_marquardt.minimize(problem, problem.start(), steps=200, watch=lambda step: step.number >= 4).status
        is Status.STOPPED
    )
    assert (
        levenberg_marquardt.minimize(problem, torch.tensor([math.nan, 0.0], dtype=torch.float64)).status
        is Status.FAILED
    )
    assert (
        levenberg_marquardt.minimize(FUNCTIONS["exponential"], FUNCTIONS["exponential"].start(), steps=200).status
        is Status.CONVERGED
    )
    assert (
        levenberg_marquardt.minimize(problem, torch.ones(2, dtype=torch.float64)).status is Status.CONVERGED
    )  # the minimum itself


def test_a_wrong_gradient_ends_stalled():
    problem = FUNCTIONS["beale"]

    class Uphill:
        value = problem.value

        @staticmethod
        def quadratic(theta):
            value, gradient, curvature = problem.quadratic(theta)
            return value, -gradient, curvature

    end = levenberg_marquardt.minimize(Uphill(), problem.start(), steps=100)
    assert end.status is Status.STALLED and torch.equal(end.theta, problem.start())


def test_a_converged_run_wastes_no_steps_on_smaller_and_smaller_dampings():
    problem = FUNCTIONS["exponential"]
    end = levenberg_marquardt.minimize(problem, problem.start(), steps=200)
    again = levenberg_marquardt.minimize(problem, end.theta, steps=200, damping=end.damping)
    assert again.status is Status.CONVERGED and again.steps <= 4


def test_every_watched_value_is_lower_than_the_one_before():
    problem, values = regression_problem(), []
    levenberg_marquardt.minimize(
        problem, problem.start(), steps=30, watch=lambda step: values.append(step.value) or False
    )
    assert len(values) > 10 and all(b < a for a, b in zip(values, values[1:], strict=False))


def test_points_without_a_finite_gradient_are_not_kept():
    """sqrt at 0: a value but no slope."""

    def residual(t):
        return torch.sqrt(t - 1) + 1e-3 * t

    problem = LeastSquares("edge", residual, (2.0,))
    end = levenberg_marquardt.minimize(problem, problem.start(), steps=100)
    assert end.theta.item() > 1 and math.isfinite(end.value) and end.value < 1e-5


def test_the_same_start_gives_the_same_bits_and_touches_nothing_global(leaves_no_trace):
    problem = regression_problem()
    start = problem.start()
    one, other = (levenberg_marquardt.minimize(problem, start, steps=15) for _ in range(2))
    assert_equal(one.theta, other.theta)


def test_the_start_is_not_moved():
    problem = FUNCTIONS["beale"]
    start = problem.start()
    levenberg_marquardt.minimize(problem, start, steps=20)
    assert torch.equal(start, problem.start())


def test_products_alone_give_the_same_steps_as_the_matrix():
    problem = regression_problem()
    start = problem.start()
    dense = levenberg_marquardt.minimize(problem, start, steps=4)

    def model(problem, theta):
        made = conjugate_gradients.Products(problem.linearise(theta), 1e-13, 1000, lambda number: None)
        made.diagonal = problem.quadratic(theta)[2].diagonal()
        return made

    free = levenberg_marquardt.minimize(problem, start, steps=4, model=model)
    assert_close(free.theta, dense.theta, like="adapt")


def test_networks_of_the_zoo_do_not_share_state():
    assert not torch.equal(
        torch.cat([p.flatten() for p in mlp(seed=0).parameters()]),
        torch.cat([p.flatten() for p in mlp(seed=1).parameters()]),
    )
    assert torch.equal(points(5, 2), points(5, 2))


def test_steps_go_along_the_gradient_where_there_is_no_curvature():
    class LogCosh:
        """Mean of log cosh (theta - 1000): no curvature far away."""

        def value(self, theta: torch.Tensor) -> float:
            d = (theta - 1000.0).abs()
            return float((d + torch.log1p(torch.exp(-2 * d))).mean())

        def quadratic(self, theta: torch.Tensor) -> tuple[float, torch.Tensor, torch.Tensor]:
            d = theta - 1000.0
            return self.value(theta), d.tanh() / len(d), torch.diag(1 - d.tanh().square()) / len(d)

    end = levenberg_marquardt.minimize(LogCosh(), torch.zeros(3, dtype=torch.float64), steps=200)
    assert end.status is Status.CONVERGED
    assert_close(end.theta, torch.full((3,), 1000.0, dtype=torch.float64), like="derivative")
