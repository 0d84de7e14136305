"""A formula loses no digits where its arguments are small, and keeps its cosine elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.discovery.formulas.half_angles import with_half_angles
from edgewise.discovery.formulas.tree import Apply, Num, Var, number, power, product, total, values, written

Z = Var(0)


def rows(low: float, high: float) -> Tensor:
    return torch.linspace(low, high, 500, dtype=torch.float64)[:, None]


@pytest.mark.parametrize("form, sign", [("cos", 1.0), ("cosh", -1.0)])
def test_digits_are_not_lost_where_the_argument_is_small(form, sign):
    near = rows(1e-6, 1e-2)
    node = product(
        total(number(3 * sign), product(number(-3 * sign), Apply(form, product(number(2.0), Z)))), power(Z, -2.0)
    )
    halved = with_half_angles(node, near)
    z = near[:, 0]
    truth = 6 * ((torch.sin(z) if form == "cos" else torch.sinh(z)) / z) ** 2
    assert torch.allclose(values(halved, near), truth, rtol=1e-13)
    assert not torch.allclose(values(node, near), truth, rtol=1e-9)
    assert torch.allclose(values(halved, rows(1, 2)), values(node, rows(1, 2)), rtol=1e-13)


def test_a_cosine_stays_where_nothing_is_lost():
    node = total(number(1.0), product(number(-1.0), Apply("cos", Z)))
    assert with_half_angles(node, rows(0, 3)) == node
    other = total(Num(2.0), Apply("cos", Z))
    assert with_half_angles(other, rows(1e-6, 1e-2)) == other


def test_a_free_constant_stays_free():
    node = product(total(Num(1.7), product(Num(-1.7), Apply("cos", Z))), power(Z, -2.0))
    assert written(with_half_angles(node, rows(1e-6, 1e-2)), ["z"]) == "3.4*sin((1/2)*z)**2/z**2"


def test_a_law_with_a_removable_singularity_is_found_without_loss():
    X = torch.linspace(-3, 3, 1000, dtype=torch.float64)[:, None] + 1e-4
    y = 5 * (torch.sin(X[:, 0] / 2) / X[:, 0]) ** 2
    found = ew.discover(X, y, seconds=3600, progress=False)
    small = torch.tensor([[1e-7]], dtype=torch.float64)
    assert found.is_law and float(found.best(small)) == pytest.approx(1.25, rel=1e-9)
