"""Products written shorter: equal values, fewer symbols."""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.discovery.formulas.multiply import shorter
from edgewise.discovery.formulas.tree import Var, complexity, number, power, product, total, values

A, B, C = Var(0), Var(1), Var(2)


def rows(low: float) -> Tensor:
    return low + 2 * torch.rand(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_factors_go_into_a_sum_where_they_cancel():
    long = product(A, total(product(B, C, power(A, -1.0)), number(1.0)))
    short = shorter(long, rows(1.0))
    assert torch.allclose(values(short, rows(1.0)), values(long, rows(1.0)))
    assert short == total(product(B, C), A)


def test_factors_go_under_a_root_only_where_they_are_positive():
    long = product(A, power(total(product(power(B, 2.0), power(A, -2.0)), number(1.0)), 0.5))
    short = shorter(long, rows(1.0))
    assert complexity(short) < complexity(long)
    assert torch.allclose(values(short, rows(1.0)), values(long, rows(1.0)))
    assert shorter(long, rows(-1.0)) == long


def test_a_formula_that_cannot_be_shorter_stays():
    node = product(A, total(B, C))
    assert shorter(node, rows(1.0)) is node
