"""Conjugate gradients: the solution of the damped system, and minima reached without a matrix."""

from __future__ import annotations

import pytest
import torch

from edgewise.train.solvers import conjugate_gradients, levenberg_marquardt
from edgewise.train.solvers.status import Status
from helpers import assert_close, assert_equal

from ..zoo import logistic_problem, points, regression_problem, spline_problem


def system(n: int = 30, rank: int = 30):
    factor = points(rank, n, seed=5)
    curvature = factor.T @ factor
    return curvature, points(n, 1, seed=6)[:, 0], curvature.diagonal().clone()


@pytest.mark.parametrize("mu", [1e-6, 1e-2, 1e2])
def test_solves_the_damped_system(mu):
    curvature, right, scale = system()
    x, products = conjugate_gradients.solve_cg(
        lambda v: curvature @ v, right, scale, mu, diagonal=scale, tolerance=1e-14, limit=500
    )
    assert_close(
        x,
        torch.linalg.solve(curvature + mu * torch.diag(scale), right),
        like="derivative",
        scale=float(x.abs().max()) / min(mu * 10, 1),
    )
    assert products < 500


def test_a_well_preconditioned_system_takes_one_product():
    scale = 10 ** (3 * points(20, 1)[:, 0])
    x, products = conjugate_gradients.solve_cg(lambda v: scale * v, torch.ones_like(scale), scale, 0.5, diagonal=scale)
    assert products == 1
    assert_close(x, 1 / (1.5 * scale))


def test_a_truncated_solution_is_a_descent_direction():
    curvature, right, scale = system(rank=10)
    for limit in (1, 3, 7):
        x, products = conjugate_gradients.solve_cg(lambda v: curvature @ v, right, scale, 1e-8, limit=limit)
        assert products <= limit and right @ x > 0


def test_solving_leaves_the_right_hand_side_alone():
    curvature, right, scale = system()
    before = right.clone()
    conjugate_gradients.solve_cg(lambda v: curvature @ v, right, scale, 1.0)
    assert torch.equal(right, before)


def test_a_spline_fit_reaches_the_known_optimum():
    problem, best = spline_problem()
    end = conjugate_gradients.minimize_cg(problem, problem.start(), steps=60, tolerance=1e-12)
    assert end.status is Status.CONVERGED
    assert_close(end.value, best, like="adapt")


def test_logistic_regression_ends_where_the_matrix_does():
    problem = logistic_problem()
    start = problem.start()
    free = conjugate_gradients.minimize_cg(problem, start, steps=100)
    assert free.status is Status.CONVERGED
    assert_close(free.value, levenberg_marquardt.minimize(problem, start).value, like="derivative")


def test_a_network_is_trained_to_a_small_error():
    problem = regression_problem(seed=1)
    start = problem.start()
    assert conjugate_gradients.minimize_cg(problem, start, steps=60).value < 1e-3 * problem.value(start)


def test_the_same_start_gives_the_same_bits_and_touches_nothing_global(leaves_no_trace):
    problem = regression_problem()
    start = problem.start()
    one, other = (conjugate_gradients.minimize_cg(problem, start, steps=5) for _ in range(2))
    assert_equal(one.theta, other.theta)
    assert one.evaluations > 10
