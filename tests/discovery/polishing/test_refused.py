"""Simple numbers that a formula was found with stay where the rows allow them, and are fitted where they do not."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.formulas.tree import Apply, Node, Num, Var, number, power, product, total, values, written
from edgewise.discovery.polishing.least_squares import fitted
from edgewise.discovery.polishing.refused import loosened, without_refused
from edgewise.discovery.tables.law_task import LawRows

S, Z = Var(0), Var(1)


def rows_of(law: Node, noise: float, seed: int = 0, count: int = 180) -> LawRows:
    g = torch.Generator().manual_seed(seed)
    X = torch.rand(count, 2, dtype=torch.float64, generator=g) * torch.tensor([20.0, 10.0]) + 0.1
    y = values(law, X)
    return LawRows(X, y + noise * y.std() * torch.randn(count, dtype=torch.float64, generator=g))


def inhibited(a: Num, b: Num, scale: float) -> Node:
    """S/(scale (a S + b Z) + 0.53), the rate of an enzyme beside an inhibitor."""
    return product(S, power(total(product(Num(scale), total(product(a, S), product(b, Z))), Num(0.53)), -1.0))


def found(node: Node, rows: LawRows) -> str:
    return written(without_refused(fitted(node, rows, steps=30), rows), "sz", 3)


def test_a_whole_ratio_that_the_rows_refuse_is_fitted():
    rows = rows_of(inhibited(Num(1.0), Num(0.68), 0.3125), 0.01)
    assert found(inhibited(number(3.0), number(2.0), 0.1), rows) == "s/(0.313*s + 0.212*z + 0.529)"


def test_a_sum_that_the_rows_refuse_gets_factors():
    rows = rows_of(inhibited(Num(1.0), Num(1.06), 0.3), 0.01)
    assert found(inhibited(number(1.0), number(1.0), 0.3), rows) == "s/((3/10)*s + 0.318*z + 0.53)"


@pytest.mark.parametrize("seed", range(10))
def test_a_whole_ratio_that_the_rows_allow_stays(seed):
    law = inhibited(number(3.0), number(2.0), 0.1234567)
    assert "3*s + 2*z" in found(inhibited(number(3.0), number(2.0), 0.1), rows_of(law, 0.02, seed))


@pytest.mark.parametrize("count", [15, 40, 200])
def test_simple_numbers_that_are_true_stay(count):
    x, z = Var(0), Var(1)
    parts = product(number(3.0), x), product(number(2.0), z), number(-0.5), product(number(0.25), x, z)
    law = total(*parts)
    for seed in range(10):
        rows = rows_of(law, 0.03, seed, count)
        assert without_refused(law, rows) == law


def test_simple_numbers_stay_where_rows_have_nine_digits():
    law = product(power(Var(0), 2.0), power(total(number(1.0), Var(1)), -1.0))
    rows = rows_of(law, 0.0)
    rounded = LawRows(rows.X, torch.tensor([float(f"{value:.8e}") for value in rows.y.tolist()], dtype=torch.float64))
    assert without_refused(law, rounded) == law


def test_what_says_no_more_than_the_others_stays():
    node = product(Num(0.7), power(total(number(1.0), Apply("exp", product(number(2.0), Var(0)))), -1.0))
    assert written(loosened(node, rows_of(node, 0.0)), "sz") == "0.7/(1*exp(2*s) + 1)"
