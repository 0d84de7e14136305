"""L-BFGS and its line search: minima of the zoo within scipy's number of evaluations, Wolfe's conditions, regions that
are not finite, outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from edgewise.errors import CheckpointError
from edgewise.train.solvers import lbfgs, quasi_newton
from edgewise.train.solvers.line_search import Point, search
from edgewise.train.solvers.status import Status
from edgewise.train.solvers.tuning import TUNED
from edgewise.train.solvers.types import Minimum
from helpers import assert_close, assert_equal

from ..zoo import FUNCTIONS, logistic_problem, regression_problem, spline_problem

Method = Callable[..., Minimum]
METHODS: dict[str, Method] = {
    "lbfgs": lbfgs.minimize,
    **{
        rule: lambda f, theta, rule=rule, **options: quasi_newton.minimize(f, theta, rule=rule, **options)
        for rule in quasi_newton.RULES
    },
}


@pytest.fixture(params=METHODS)
def method(request) -> Method:
    return METHODS[request.param]


class Counted:
    """A problem's value and gradient, with the values that were asked for."""

    def __init__(self, problem) -> None:
        self.problem, self.values = problem, []

    def __call__(self, theta: Tensor) -> tuple[float, Tensor]:
        value, gradient = self.problem.value_gradient(theta)
        self.values.append(value)
        return value, gradient

    def until(self, level: float) -> float:
        """Evaluations until a value this low was seen."""
        return next((n for n, value in enumerate(self.values, start=1) if value <= level), math.inf)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_reaches_the_minimum_of_every_function(method, name):
    problem = FUNCTIONS[name]
    end = method(problem.value_gradient, problem.start(), steps=1000, tolerance=1e-14)
    assert end.value <= problem.least * (1 + 1e-9) + 1e-13
    assert end.status is Status.CONVERGED
    assert end.value == problem.value(end.theta)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "walled"])  # there, scipy stops at the wall
def test_takes_no_more_evaluations_than_scipy(name):
    from scipy.optimize import minimize

    problem = FUNCTIONS[name]
    ours, theirs = Counted(problem), Counted(problem)
    lbfgs.minimize(ours, problem.start(), steps=500, tolerance=1e-14)

    def function(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = theirs(torch.from_numpy(theta))
        return value, gradient.numpy()

    minimize(
        function,
        problem.start().numpy(),
        jac=True,
        method="L-BFGS-B",
        options={"maxcor": 20, "ftol": 1e-16, "gtol": 1e-12, "maxfun": 2000},
    )
    level = problem.least + 1e-6 * (ours.values[0] - problem.least)
    assert ours.until(level) <= 1.2 * theirs.until(level) + 3


def test_a_spline_fit_reaches_the_known_optimum(method):
    problem, best = spline_problem()
    end = method(problem.value_gradient, problem.start(), steps=500, tolerance=1e-13)
    assert end.status is Status.CONVERGED
    assert_close(end.value, best, like="derivative")


def test_logistic_regression_reaches_the_minimum(method):
    from edgewise.train.solvers import levenberg_marquardt

    problem = logistic_problem()
    start = problem.start()
    end = method(problem.value_gradient, start, steps=200)
    assert end.status is Status.CONVERGED
    assert_close(end.value, levenberg_marquardt.minimize(problem, start).value, like="derivative")


def test_a_network_is_trained(method):
    problem = regression_problem()
    start = problem.start()
    assert method(problem.value_gradient, start, steps=200).value < 0.02 * problem.value(start)


def test_outcomes_are_told_apart(method):
    problem = FUNCTIONS["rosenbrock"]
    f, start = problem.value_gradient, problem.start()
    spent = method(f, start, steps=5)
    assert spent.status is Status.BUDGET and spent.steps == 5
    stopped = method(f, start, watch=lambda step: step.number >= 4)
    assert stopped.status is Status.STOPPED and stopped.steps == 4
    assert method(f, torch.tensor([math.nan, 0.0])).status is Status.FAILED
    assert method(f, torch.ones(2)).status is Status.CONVERGED  # the minimum itself
    uphill = method(lambda t: (f(t)[0], -f(t)[1]), start)
    assert uphill.status is Status.STALLED and torch.equal(uphill.theta, start)


def test_every_watched_value_is_lower_than_the_one_before(method):
    problem, seen = regression_problem(), []
    method(
        problem.value_gradient,
        problem.start(),
        steps=40,
        watch=lambda step: seen.append((step.number, step.value, step.reach)) or False,
    )
    assert [step for step, _, _ in seen] == list(range(1, 41))
    assert all(b[1] < a[1] for a, b in zip(seen, seen[1:], strict=False))
    assert all(length > 0 for _, _, length in seen)


@pytest.mark.parametrize("outside", [math.nan, math.inf, -math.inf], ids=str)
def test_values_that_are_not_finite_are_never_kept(method, outside):
    """-log(x) + 100 x beyond a wall at 0, started where the first long steps leave the domain."""

    def f(t: Tensor) -> tuple[float, Tensor]:
        x = t.item()
        return (-math.log(x) + 100 * x, torch.tensor([-1 / x + 100])) if x > 0 else (outside, torch.full((1,), outside))

    seen = []
    end = method(f, torch.tensor([0.5]), watch=lambda step: seen.append(step.value) or False)
    assert all(math.isfinite(value) for value in seen)
    assert_close(end.theta, torch.tensor([0.01], dtype=torch.float64), like="adapt")


def test_a_finite_value_with_a_gradient_that_is_not_is_not_kept(method):
    """sqrt(x) + x^2/2 - x: the gradient is infinite at the boundary, where clamping still gives a value."""

    def f(t: Tensor) -> tuple[float, Tensor]:
        x = max(t.item(), 0.0)
        return math.sqrt(x) - x, torch.tensor([(0.5 / math.sqrt(x) - 1) if x > 0 else math.inf])

    end = method(f, torch.tensor([0.2]), steps=20)
    assert math.isfinite(end.value) and end.theta.item() > 0


def test_works_in_double_precision_whatever_the_start(method):
    problem = FUNCTIONS["beale"]
    end = method(
        lambda t: (problem.value_gradient(t)[0], problem.value_gradient(t)[1].float()),
        problem.start().float(),
        steps=100,
    )
    assert end.theta.dtype == torch.float64 and end.value < 1e-9


def test_the_same_start_gives_the_same_bits_and_touches_nothing_global(method, leaves_no_trace):
    problem = regression_problem()
    start = problem.start()
    before = start.clone()
    one, other = (method(problem.value_gradient, start, steps=25) for _ in range(2))
    assert_equal(one.theta, other.theta)
    assert torch.equal(start, before)


def test_evaluations_are_counted(method):
    counted = Counted(FUNCTIONS["rosenbrock"])
    assert method(counted, counted.problem.start(), steps=20).evaluations == len(counted.values)


def test_a_memory_of_all_steps_minimises_a_quadratic_in_as_many_steps_as_dimensions():
    scale = torch.logspace(0, 2, 6, dtype=torch.float64)
    end = lbfgs.minimize(lambda t: (0.5 * float(t @ (scale * t)), scale * t), torch.ones(6), steps=16, tolerance=0.0)
    assert end.value < 1e-6


def pairs(count: int, size: int) -> list[tuple[Tensor, Tensor]]:
    """Steps and changes of a gradient whose curvature is between 1 and 100."""
    draw = torch.Generator().manual_seed(0)
    steps = torch.randn(count, size, dtype=torch.float64, generator=draw)
    return [(step, torch.logspace(0, 2, size, dtype=torch.float64) * step) for step in steps]


def by_two_loops(known: list[tuple[Tensor, Tensor]], gradient: Tensor) -> Tensor:
    """Nocedal & Wright, algorithm 7.4."""
    q, shares = gradient.clone(), []
    for step, change in reversed(known):
        shares.append(float(step @ q) / float(step @ change))
        q -= shares[-1] * change
    step, change = known[-1]
    q *= float(step @ change) / float(change @ change)
    for (step, change), share in zip(known, reversed(shares), strict=True):
        q += (share - float(change @ q) / float(step @ change)) * step
    return -q


@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])  # of which four are remembered
def test_the_direction_is_that_of_the_two_loops(count: int):
    memory, known = lbfgs.LimitedMemory(4), pairs(count, 12)
    for step, change in known:
        memory.update(step, change, 0.0)
    gradient = torch.ones(12, dtype=torch.float64)
    want = by_two_loops(known[-4:], gradient)
    assert_close(memory.direction(gradient) / want.abs().max(), want / want.abs().max(), like="adapt")


@pytest.mark.parametrize("count", [0, 2, 7])
def test_a_memory_that_is_restored_goes_on_to_the_bit(count: int):
    memory, other = lbfgs.LimitedMemory(4), lbfgs.LimitedMemory(4)
    *known, (step, change) = pairs(count + 1, 12)
    for pair in known:
        memory.update(*pair, 0.0)
    other.restore(memory.state())
    for one in (memory, other):
        one.update(step, change, 0.0)
    assert_equal(memory.direction(step), other.direction(step))


def test_a_damaged_memory_is_named():
    memory, vector = lbfgs.LimitedMemory(4), torch.ones(3, dtype=torch.float64)
    for step, change in pairs(2, 3):
        memory.update(step, change, 0.0)
    known, slopes, squares, oldest = memory.state()
    for bad in (
        "pairs",
        [1],
        [[], [], [], 0],
        [[[vector]], [[1.0]], [[1.0]], 0],
        [[[[1.0, 2.0], [1.0, 2.0]]], [[1.0]], [[1.0]], 0],
        [[[vector, None]], [[1.0]], [[1.0]], 0],
        [[[vector, 3.0]], [[1.0]], [[1.0]], 0],
        [[[vector[:, None].expand(3, 3), vector]], [[1.0]], [[1.0]], 0],
        [[[vector, vector[:2]]], [[1.0]], [[1.0]], 0],
        [[[vector, vector]], [1.0], [1.0], 0],
        [[[vector, vector]], [[10**400]], [[1.0]], 0],
        [known, slopes, [[1.0]], oldest],
        [known, slopes, squares, 1],
        [known, slopes, squares, False],
        [known, [["a", 1.0], [1.0, 2.0]], squares, 0],
        [known * 3, slopes, squares, 0],
    ):
        with pytest.raises(CheckpointError, match="damaged"):
            lbfgs.LimitedMemory(4).restore(bad)
    lbfgs.LimitedMemory(4).restore(memory.state())


def test_a_run_of_one_step_needs_one_pair():
    end = lbfgs.minimize(lambda t: (float(t @ t), 2 * t), torch.ones(3), steps=1, history=0)
    assert end.value < 3


# ---------------------------------------------------------------------------- line search

LINES: dict[str, Callable[[Tensor], Tensor]] = {
    "parabola": lambda t: (t - 3) ** 2,
    "far parabola": lambda t: 1e-4 * (t - 1000) ** 2,
    "near parabola": lambda t: 1e6 * (t - 1e-4) ** 2,
    "quartic": lambda t: (t - 2) ** 4 - t,
    # More & Thuente 1994 (doi:10.1145/192115.192132), functions 1 to 3
    "concave then convex": lambda t: -t / (t**2 + 2),
    "flat then steep": lambda t: (t + 0.004) ** 5 - 2 * (t + 0.004) ** 4,
    "many minima": lambda t: (
        torch.where(t <= 0.99, 1 - t, torch.where(t >= 1.01, t - 1, (t - 1) ** 2 / 0.02 + 0.005))
        + 2 * 0.99 / (39 * math.pi) * torch.sin(39 * math.pi / 2 * t)
    ),
    "walled": lambda t: -torch.log(2 - t) * 0 + torch.where(t < 2, (t - 1.5) ** 2, torch.nan),
}


@pytest.mark.parametrize("first", [1e-3, 1.0, 1e2])
@pytest.mark.parametrize("name", LINES)
def test_the_line_search_meets_the_strong_wolfe_conditions(name, first):
    count = 0

    def at(along: float) -> Point:
        nonlocal count
        count += 1
        t = torch.tensor(along, dtype=torch.float64, requires_grad=True)
        value = LINES[name](t)
        (slope,) = torch.autograd.grad(value, t)
        value = value.item() if math.isfinite(value.item()) and math.isfinite(slope.item()) else math.inf
        return Point(along, value, slope.item(), t.detach(), slope)

    start = at(0.0)
    assert start.slope < 0
    end = search(at, start, first)
    assert end is not None
    assert end.value <= start.value + TUNED.decrease * end.along * start.slope
    assert abs(end.slope) <= -TUNED.curvature * start.slope
    assert count <= 20


def test_the_line_search_gives_nothing_where_nothing_falls():
    def at(along: float) -> Point:
        return Point(along, along, -1.0, torch.tensor(along), torch.tensor(-1.0))  # claims to fall, and rises

    assert search(at, at(0.0), 1.0) is None
