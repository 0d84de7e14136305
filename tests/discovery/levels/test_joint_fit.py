"""Least squares for several levels at once: derivatives, common constants, standard errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from edgewise.discovery.formulas.tree import Apply, Num, Var, number, numbers_of, product
from edgewise.discovery.levels.joint_fit import JointConstants, LevelForm, errors_together, fitted_together
from edgewise.discovery.tables.law_task import LawRows

NODE = product(Num(1.0), Apply("exp", product(Num(-0.5), Var(0))))


def rows(scale: float, rate: float, n: int = 60, noise: float = 0.0, seed: int = 0) -> LawRows:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(n, 1, dtype=torch.float64, generator=generator)
    y = scale * torch.exp(rate * X[:, 0])
    return LawRows(X, y + noise * torch.randn(n, dtype=torch.float64, generator=generator))


TABLES = [rows(2.0, -0.7), rows(5.0, -0.7, seed=1), rows(0.3, -0.7, seed=2)]
FREE = LevelForm(NODE, (tuple(numbers_of(NODE)),) * 3)


def test_constants_are_counted_once_where_they_are_common():
    assert FREE.count() == 6 and FREE.tied(1, -0.5).count() == 4
    assert FREE.tied(1, -0.5).fixed(1, number(-1.0)).count() == 3
    assert [len(slots) for slots in FREE.tied(1, -0.5).slots()] == [2, 2, 2]


def test_gradient_and_curvature_are_those_of_the_loss():
    problem: Any = JointConstants(FREE.tied(1, -0.5), TABLES, [1.0, 2.0, 0.5])
    theta = problem.start()
    _, gradient, curvature = problem.quadratic(theta)
    for position in range(len(theta)):
        step = torch.zeros_like(theta)
        step[position] = 1e-6
        slope = (problem.value(theta + step) - problem.value(theta - step)) / 2e-6
        assert slope == pytest.approx(float(gradient[position]), rel=1e-5)
    slopes = problem.slopes()
    assert torch.allclose(curvature, 2 / len(slopes) * slopes.T @ slopes)


def test_a_common_rate_and_a_factor_for_each_level_are_found():
    found = fitted_together(FREE.tied(1, -0.5), TABLES, [0.0] * 3, steps=60)
    assert [row[1].value for row in found.numbers] == pytest.approx([-0.7] * 3, rel=1e-9)
    assert [row[0].value for row in found.numbers] == pytest.approx([2.0, 5.0, 0.3], rel=1e-9)
    assert max(found.errors(TABLES)) < 1e-9


def test_a_common_constant_is_known_better_than_one_of_a_level():
    tables = [rows(2.0, -0.7, 400, 0.01), rows(5.0, -0.7, 400, 0.01, seed=1), rows(0.3, -0.7, 400, 0.01, seed=2)]
    noise = [0.01] * 3
    alone = errors_together(fitted_together(FREE, tables, noise, steps=60), tables, noise)
    tied = fitted_together(FREE.tied(1, -0.5), tables, noise, steps=60)
    together = errors_together(tied, tables, noise)
    assert together[0][1] == together[2][1] < min(level[1] for level in alone)
    assert abs(tied.numbers[0][1].value + 0.7) < 5 * together[0][1] < 0.02
