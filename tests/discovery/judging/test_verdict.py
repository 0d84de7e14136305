"""Verdicts: what counts as a law, and how often noise does."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.formulas.tree import Apply, Num, Var, number, power, product, total, values
from edgewise.discovery.judging.verdict import Verdict, explains, verdict
from edgewise.discovery.polishing.least_squares import fitted
from edgewise.discovery.tables.split_rows import as_task


def task(noise: float, seed: int = 0, n: int = 600):
    generator = torch.Generator().manual_seed(seed)
    X = 1 + torch.rand(n, 2, dtype=torch.float64, generator=generator)
    y = X[:, 0] * X[:, 1] ** 2 + noise * torch.randn(n, dtype=torch.float64, generator=generator)
    return as_task(X, y, None, None, 0)


LAW = product(Var(0), power(Var(1), 2.0))


def test_the_law_is_exact_without_noise_and_within_noise_with_it():
    assert verdict(LAW, task(0.0)) is Verdict.EXACT
    assert verdict(LAW, task(0.05)) is Verdict.WITHIN_NOISE


def test_a_law_with_a_pole_between_the_rows_is_exact():
    """One row of a hundred holds the variance, so that no test of the mean can tell what explains it."""
    X = torch.rand(1000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.5
    pole = power(product(Var(0), Var(1)), -2.0)
    assert verdict(pole, as_task(X, 1 / (X[:, 0] * X[:, 1]) ** 2, None, None, 0)) is Verdict.EXACT


def test_a_formula_that_leaves_structure_is_an_approximation():
    near = total(product(Num(2.3), Var(0)), product(Num(4.5), Var(1)), Num(-6.9))
    assert verdict(near, task(0.0)) is Verdict.APPROXIMATE
    assert verdict(near, task(0.02)) is Verdict.APPROXIMATE
    assert not Verdict.APPROXIMATE.is_law


@pytest.mark.parametrize(("steep", "law"), [(20.0, True), (1e13, False)])
def test_a_step_in_disguise_is_no_law(steep: float, law: bool):
    """Any other constant as large would give the same rows."""
    step = Apply("arctan", total(product(Num(steep), Var(0)), product(Num(-steep), Var(1))))
    X = 1 + torch.rand(600, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert verdict(step, as_task(X, values(step, X), None, None, 0)).is_law is law


def test_a_constant_may_show_in_a_few_rows_or_be_zero():
    X = torch.rand(400, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    X[:, 0] = 10 * X[:, 0] - 5
    X[:, 1] = (X[:, 1] < 0.05).double()
    flag = total(product(Num(2.234), Var(0)), product(Num(3.717), Var(1)))
    narrow = Apply("tanh", total(product(Num(50.3), Var(0)), Num(-6.187)))
    nothing = total(product(Num(2.345), Var(0)), Num(0.0))
    for law in (flag, narrow, nothing):
        assert verdict(law, as_task(X, values(law, X), None, None, 0)) is Verdict.EXACT


def test_a_formula_no_better_than_a_constant_is_nothing():
    assert verdict(number(3.0), task(0.1)) is Verdict.NOTHING
    assert verdict(product(number(-1.0), LAW), task(0.1)) is Verdict.NOTHING


def test_an_exact_law_is_exact_on_few_rows_with_outliers_too():
    generator = torch.Generator().manual_seed(0)
    X = 1 + torch.rand(40, 2, dtype=torch.float64, generator=generator)
    X[::7] *= 1e4  # so that squared errors of the mean have a spread far above their own mean
    assert verdict(LAW, as_task(X, X[:, 0] * X[:, 1] ** 2, None, None, 0)) is Verdict.EXACT


@pytest.mark.parametrize("n", [60, 80, 120])
def test_a_law_under_little_noise_is_one_on_few_rows_too(n: int):
    assert all(verdict(LAW, task(0.05, seed, n)) is Verdict.WITHIN_NOISE for seed in range(10))


def test_columns_that_say_nothing_are_seldom_believed_on_few_rows():
    """Of a thousand tables of noise, one or so is."""
    believed = 0
    for seed in range(300):
        generator = torch.Generator().manual_seed(seed)
        X = 1 + torch.rand(60, 2, dtype=torch.float64, generator=generator)
        y = torch.randn(60, dtype=torch.float64, generator=torch.Generator().manual_seed(10_000 + seed))
        believed += verdict(total(Num(-1.5), Var(0)), as_task(X, y, None, None, 0)).is_law
    assert believed <= 3


@pytest.mark.parametrize("kind", ["lognormal", "rare", "wild"])
def test_a_lower_constant_explains_nothing_of_skewed_noise_on_few_rows(kind: str):
    """Few rows hold none of its large values. Beside the mean of the rows that fit, 19 to 81 of these would be."""
    believed = 0
    for seed in range(200):
        generator = torch.Generator().manual_seed(seed)
        X = torch.rand(40, 1, dtype=torch.float64, generator=generator)
        z = torch.randn(40, dtype=torch.float64, generator=generator)
        y = {"lognormal": (1.5 * z).exp(), "rare": (z > 1.3).double(), "wild": z**5}[kind]
        given = as_task(X, y, None, None, 0)
        middle = float(given.fitting.y.median())
        believed += explains(total(Num(middle), product(Num(0.01), Var(0))), given)
    assert believed <= 2


@pytest.mark.parametrize("with_time", [True, False])
def test_columns_that_drift_are_seldom_believed_to_follow_each_other(with_time: bool):
    """A walk with a drift is nearly a line over time, and over any other such walk. Without the order of the rows, 7 of
    these would be laws of time, and 20 laws of another walk."""
    believed = 0
    for seed in range(100):
        generator = torch.Generator().manual_seed(seed)
        walks = (1 + torch.randn(50, 2, dtype=torch.float64, generator=generator)).cumsum(0)
        x = torch.arange(50, dtype=torch.float64) if with_time else walks[:, 1]
        given = as_task(x[:, None], walks[:, 0], None, None, 0)
        line = fitted(total(Num(0.0), product(Num(1.0), Var(0))), given.fitting, steps=20)
        believed += verdict(line, given).is_law
    assert believed <= 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_false_law_beside_outliers_is_an_approximation(seed: int):
    """Every 25th row is five times what it should be. The variance of what is left is that of these rows."""
    generator = torch.Generator().manual_seed(seed)
    X = 1 + 9 * torch.rand(200, 2, dtype=torch.float64, generator=generator)
    law = product(Num(0.5), LAW)
    y = values(law, X) * (1 + 0.01 * torch.randn(200, dtype=torch.float64, generator=generator))
    y[::25] *= 5
    given = as_task(X, y, None, None, 0)
    false = [product(Num(1.0), power(Var(0), a), power(Var(1), b)) for a, b in ((1.0, 3.0), (1.5, 1.25), (1.0, 1.75))]
    best = [fitted(one, given.fitting, steps=20) for one in [*false, law]]
    assert not any(verdict(one, given).is_law for one in best)
    assert verdict(law, given) is Verdict.WITHIN_NOISE
