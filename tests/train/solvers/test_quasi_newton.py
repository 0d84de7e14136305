"""Self-scaled quasi-Newton: the updates' algebra, and what they are for; outcomes are tested with L-BFGS, in
test_lbfgs.py."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.errors import ConfigError
from edgewise.train.solvers import lbfgs, quasi_newton
from edgewise.train.solvers.quasi_newton import RULES, InverseHessian
from edgewise.train.solvers.tuning import TUNED
from helpers import assert_close

from ..zoo import points, regression_problem


def updated(rule: str, pairs: int = 4, n: int = 6) -> tuple[InverseHessian, torch.Tensor, torch.Tensor]:
    """The matrix after some steps on a quadratic, and the last step and change of the gradient."""
    factor = points(n, n, seed=2)
    hessian = factor @ factor.T + 0.1 * torch.eye(n, dtype=torch.float64)
    memory = InverseHessian(RULES[rule])
    step = change = torch.empty(0)
    for k in range(pairs):
        gradient = points(n, 1, seed=10 + k)[:, 0]
        along = 0.3 + 0.1 * k
        step = along * memory.direction(gradient)
        change = hessian @ step
        memory.update(step, change, -along * float(step @ gradient))
    return memory, step, change


@pytest.mark.parametrize("rule", RULES)
def test_the_secant_equation_holds_and_the_matrix_stays_symmetric_and_positive_definite(rule):
    memory, step, change = updated(rule)
    assert memory.matrix is not None
    assert_close(memory.matrix @ change, step)
    assert_close(memory.matrix, memory.matrix.T)
    assert torch.linalg.eigvalsh(memory.matrix).min() > 0


def test_bfgs_is_the_textbook_update():
    memory = InverseHessian(RULES["bfgs"])
    s, y = points(5, 1, seed=1)[:, 0], points(5, 1, seed=1)[:, 0] + 0.1 * points(5, 1, seed=2)[:, 0]
    memory.update(s, y, float(s @ s))
    assert memory.matrix is not None
    before = memory.matrix.clone()
    s2, y2 = points(5, 1, seed=3)[:, 0], points(5, 1, seed=3)[:, 0] + 0.1 * points(5, 1, seed=4)[:, 0]
    memory.update(s2, y2, float(s2 @ torch.linalg.solve(before, s2)))
    v = torch.eye(5, dtype=torch.float64) - torch.outer(s2, y2) / (s2 @ y2)
    assert_close(memory.matrix, v @ before @ v.T + torch.outer(s2, s2) / (s2 @ y2))


def test_self_scaling_only_ever_enlarges_the_inverse():
    for b in (0.2, 1.0, 3.0, 50.0):
        for excess in (1.0, 1.5, 30.0):
            h = excess / b
            for rule in ("ssbfgs", "ssbroyden"):
                tau, phi = RULES[rule](b, h, 10)
                assert 0 < tau <= 1 and math.isfinite(phi)
            assert RULES["ssbfgs"](b, h, 10) == (min(1.0, 1 / b), 1.0)


@pytest.mark.parametrize("b", [0.1, 0.9, 1.0, 1.1, 20.0])
@pytest.mark.parametrize("excess", [1.0, 1.0 + 1e-12, 2.0, 100.0])
def test_broyden_members_keep_the_matrix_positive_definite(b, excess):
    """phi may fall below 0 only as far as positive definiteness lets it: the determinant's factor 1 + a theta stays
    positive, tau in (0, 1]."""
    tau, phi = RULES["ssbroyden"](b, excess / b, 20)
    assert 0 < tau <= 1
    a = max(excess - 1, 1e-14)
    theta = (1 - phi) / (1 + a * phi)  # the same member, named by the update of the Hessian
    assert 1 + a * theta > 0


def test_self_scaling_goes_on_where_limited_memory_creeps():
    problem = regression_problem()
    start = problem.start()
    few = lbfgs.minimize(problem.value_gradient, start, steps=300)
    scaled = {
        rule: quasi_newton.minimize(problem.value_gradient, start, steps=220, rule=rule).value
        for rule in ("ssbfgs", "ssbroyden")
    }
    assert max(scaled.values()) < few.value


def test_unknown_rules_and_too_many_parameters_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'ssbroyden'"):
        quasi_newton.minimize(lambda t: (0.0, t), torch.zeros(2), rule="ssbroiden")
    with pytest.raises(ConfigError, match="use L-BFGS"):
        quasi_newton.minimize(lambda t: (0.0, t), torch.zeros(TUNED.dense + 1))


@pytest.mark.parametrize("rule", RULES)
def test_a_change_of_the_gradient_almost_across_the_step_is_no_division_by_zero(rule: str):
    memory = InverseHessian(RULES[rule])
    memory.update(torch.tensor([1.0, 0.0]).double(), torch.tensor([1.0, 0.0]).double(), 1.0)
    memory.update(torch.tensor([1.0, 0.0]).double(), torch.tensor([1e-9, 1.0]).double(), 1.0)
    assert memory.matrix is not None and bool(torch.isfinite(memory.matrix).all())
