"""What is made of a search of one table: the verdict in words."""

from __future__ import annotations

import math

import torch

import edgewise as ew
from edgewise.discovery.formulas.tree import Apply, Num, Var, number, power, product, total, written
from edgewise.discovery.judging.verdict import Verdict
from edgewise.discovery.one_table import Told, gathered, judged
from edgewise.discovery.polishing.least_squares import error, fitted
from edgewise.discovery.polishing.polish import Polished, finished
from edgewise.discovery.tables.split_rows import as_task


def rows(n: int = 200) -> torch.Tensor:
    return torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_a_constant_beside_formulas_that_predict_is_not_called_the_best_prediction():
    X = rows()
    task = as_task(X, X[:, 0] + 0.1 * torch.sin(50 * X[:, 1]), None, None, 0)
    constant, better = (Polished(node, error(node, task.choosing)) for node in (Num(0.5), Var(0)))
    found = judged([constant, better], task, (), "", constant)
    assert found.verdict is Verdict.UNDECIDED and not found.is_law
    assert "longer formulas predict better" in found.message
    assert judged([constant], task, (), "", constant).verdict is Verdict.NOTHING


def test_a_search_ends_after_so_many_formulas_and_steps():
    X = rows()
    task = as_task(X, torch.special.bessel_j0(6 * X[:, 0]) + X[:, 1] ** 3.3, None, None, 0)
    told = gathered(task, math.inf, 1, False, most=3)
    assert len(told.formulas) + len(told.steps) == 3 and "after 3 formulas and steps" in told.ending


def test_the_best_formula_stands_in_the_front_and_is_marked():
    X = rows()
    task = as_task(X, 2 * X[:, 0] - 0.1, None, None, 0)
    nodes = (number(0.0), Num(0.9), product(number(2.0), Var(0)))
    zero, *others = (Polished(node, error(node, task.choosing)) for node in nodes)
    found = judged([zero, *others], task, (), "", zero)
    assert [str(law) for law in found.front] == ["0", "0.9", "2*x1"]
    assert "\n*  1" in repr(found)
    assert len(judged([zero, *others], task, (), "", others[0]).front) == 2, "others are nearer and as short"


def test_a_whole_ratio_that_the_rows_refuse_is_not_told():
    X = 0.1 + 20 * torch.rand(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(300, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = X[:, 0] / (0.3125 * X[:, 0] + 0.2125 * X[:, 1] + 0.53) + 0.01 * noise
    whole = total(product(number(3.0), Var(0)), product(number(2.0), Var(1)))
    node = product(Var(0), power(total(product(Num(0.1), whole), Num(0.5)), -1.0))
    task = as_task(X, y, None, None, 0)
    found = finished([node], task)
    assert "3*s + 2*z" in written(found[0].node, "sz", 2)
    told = Told(tuple(found), (), "").front(task)
    assert [written(one.node, "sz", 2) for one in told] == ["s/(0.31*s + 0.21*z + 0.53)"]


def test_constants_that_tidying_joins_become_simple():
    X = 1 + 2 * rows(400)
    task = as_task(X, 2.5 * torch.exp(-0.7 * X[:, 0]) + 1.3, None, None, 0)
    step = Apply("tanh", total(product(Num(0.35), Var(0)), Num(-0.326963)))
    half = power(total(product(Num(0.3846), step), Num(0.3846)), -1.0)
    node = fitted(half, task.fitting, steps=60)
    told = Told((Polished(node, error(node, task.choosing)),), (), "").front(task)
    assert [written(one.node, "ab") for one in told] == ["(5/2)*exp((-7/10)*a) + 13/10"]


def test_a_target_of_one_value_is_called_constant():
    X = rows()
    found = ew.discover(X, 0 * X[:, 0] + 3.0, progress=False)
    assert found.verdict is Verdict.CONSTANT and str(found.best) == "3"
    assert found.message.startswith("y is constant")
