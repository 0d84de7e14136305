"""A column that says all is found by its order alone, and only where nothing else tells more."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.discovery.formulas.tree import Var, columns_of, product, values
from edgewise.discovery.reductions.one_says_all import candidates, one_says_all
from edgewise.discovery.reductions.states import ReducedProblem
from edgewise.discovery.reductions.surrogated import SurrogatedProblem
from edgewise.discovery.tables.split_rows import as_task


def rows(n: int, d: int, low: float = 1.0, high: float = 4.0) -> torch.Tensor:
    return low + (high - low) * torch.rand(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def noise(n: int) -> torch.Tensor:
    return torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def told(X: torch.Tensor, y: torch.Tensor, ordered_by: float = 0.0) -> ReducedProblem | None:
    """By what a surrogate leaves, or by a part of the spread where that is more."""
    task = as_task(X, y, None, None, 0)
    known = SurrogatedProblem.of(ReducedProblem.whole(X.shape[1]), task, with_pair=True)
    return one_says_all(known.state, task, max(known.left, ordered_by * task.spread))


WAVES = {
    "product": lambda a, b, c: torch.sin(12 * a * b),
    "quotient": lambda a, b, c: torch.cos(40 * a / c),
    "powers": lambda a, b, c: torch.sin(6 * a * b**2),
    "sum": lambda a, b, c: torch.sin(15 * a + 30 * b),
    "squares": lambda a, b, c: torch.sin(5 * a**2 + 5 * b**2 + 5 * c**2),
    "three": lambda a, b, c: torch.sin(9 * a * b / c),
}
COLUMNS = {
    "product": lambda a, b, c: a * b,
    "quotient": lambda a, b, c: a / c,
    "powers": lambda a, b, c: a * b**2,
    "sum": lambda a, b, c: a + 2 * b,
    "squares": lambda a, b, c: a**2 + b**2 + c**2,
    "three": lambda a, b, c: a * b / c,
}


@pytest.mark.parametrize("size", [0.0, 0.1])
@pytest.mark.parametrize("name", WAVES)
def test_the_column_of_fast_waves_is_found(name, size):
    X = rows(3000, 3)
    state = told(X, WAVES[name](*X.T) + size * noise(3000))
    assert state is not None and len(state.columns) == 1
    assert torch.allclose(values(state.columns[0], X), COLUMNS[name](*X.T), rtol=1e-12)


@pytest.mark.parametrize("size", [0.0, 0.01])
def test_powers_before_the_function_are_told_and_those_of_its_own_columns_are_few(size):
    X = rows(3000, 4)
    a, b, c, d = X.T
    y = a**2 / b * c**3 / (torch.exp(c * d / 2) - 1)
    state = told(X, y + size * float(y.std()) * noise(3000), ordered_by=0.03)
    assert state is not None and columns_of(state.columns[0]) == {2, 3}
    inner = y / values(state.prefactor, X)
    order = (c * d).argsort()
    assert float(inner[order].diff().abs().max()) < 0.1 * float(inner.max() - inner.min())
    assert len(columns_of(state.prefactor)) == 3


def test_nothing_is_told_of_columns_that_act_apart_nor_of_noise():
    X = rows(2000, 2)
    assert told(X, torch.sin(20 * X[:, 0]) + torch.cos(17 * X[:, 1])) is None
    assert told(X, noise(2000)) is None


def test_no_candidate_is_a_multiple_or_a_power_of_another():
    X = rows(200, 3).T
    columns = torch.stack([values(node, X.T) for node in candidates(3)], 1)
    orders = {tuple(column.argsort().tolist()) for column in columns.T}
    mirrored = {tuple(column.argsort(descending=True).tolist()) for column in columns.T}
    assert len(orders) == columns.shape[1] and not orders & mirrored


@pytest.mark.parametrize(
    "law, found",
    [
        (lambda a, b: torch.sin(20 * a * b), "sin(20*x1*x2)"),
        (lambda a, b: a**3 / (torch.exp(a / b) - 1), "x1**3/(exp(x1/x2) - 1)"),
    ],
)
@pytest.mark.slow
def test_waves_of_many_periods_and_functions_of_one_over_a_column_are_found(law, found):
    X = rows(1000, 2, 1.0, 4.0)
    law = ew.discover(X, law(*X.T), seconds=3600, progress=False)
    assert str(law.best.expression) == found and law.is_law


@pytest.mark.slow
def test_the_trail_says_what_the_order_of_rows_showed():
    X = rows(1000, 2, 1.0, 4.0)
    law = ew.discover(X, X[:, 0] * torch.sin(9 * X[:, 0] * X[:, 1]), seconds=3600, progress=False)
    assert law.is_law and any("rows in the order of x1*x2 lie on a curve" in str(step) for step in law.steps)


def test_a_problem_is_turned_where_it_has_one_column_without_zero():
    whole = as_task(rows(100, 2), noise(100), None, None, 0).fitting
    X = whole.X[:, :1]
    one = ReducedProblem.whole(1)
    rows_ = type(whole)(X, whole.y)
    others = [values(state.columns[0], X) for state in one.turned(rows_)]
    assert all(map(torch.allclose, others, [1 / X[:, 0], X[:, 0].log()])) and len(others) == 2
    negative = type(whole)(-X, whole.y)
    assert len(one.turned(negative)) == 1
    assert one.turned(type(whole)(X - X.mean(), whole.y)) != [] and ReducedProblem.whole(2).turned(whole) == []
    zero = type(whole)(X * (torch.arange(len(X)) > 0)[:, None], whole.y)
    assert one.turned(zero) == [] and math.isfinite(float(X.sum()))


@pytest.mark.parametrize("size", [1e-110, 1e110])
def test_targets_of_any_size_are_ordered(size):
    X = rows(600, 3)
    state = told(X, size * X[:, 0] * (2 + torch.sin(20 * X[:, 1] * X[:, 2])))
    assert state is not None and [str(column) for column in state.columns] == [str(product(Var(1), Var(2)))]
    left = size * X[:, 0] * (2 + torch.sin(20 * X[:, 1] * X[:, 2])) / values(state.prefactor, X)
    assert torch.allclose(left / left.abs().max(), (2 + torch.sin(20 * X[:, 1] * X[:, 2])) / 3, atol=1e-3)


def test_a_target_that_is_the_same_on_all_rows_that_are_looked_at_has_no_order():
    X, y = rows(3000, 2), torch.zeros(3000, dtype=torch.float64)
    y[-6:] = 1.0
    task = as_task(X, noise(3000), None, None, 0)
    task = replace(task, fitting=type(task.fitting)(X, y))
    assert one_says_all(ReducedProblem.whole(2), task, 1.0) is None


def test_columns_of_one_value_give_no_order():
    y = torch.sin(torch.arange(300, dtype=torch.float64))
    task = as_task(torch.ones(300, 3, dtype=torch.float64), y, None, None, 0)
    assert one_says_all(ReducedProblem.whole(3), task, 1.0) is None


@pytest.mark.parametrize("seed, column", [(0, 0), (8, 1), (11, 1)])
def test_a_pole_at_an_end_of_an_order_makes_no_column_say_all(seed, column):
    """It holds most of the spread, and is off no line: `x1**2 + x4**2` and `(x1 + x3)/x2**2` seemed to say all of a
    central force."""
    X = torch.randn(500, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    assert told(X, X[:, column] / X[:, :2].norm(dim=1) ** 3) is None
