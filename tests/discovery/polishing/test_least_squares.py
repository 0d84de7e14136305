"""Constants of formulas: least squares against closed forms, standard errors against their formula, simple numbers."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.discovery.formulas.tree import Apply, Num, Var, number, numbers_of, power, product, total, values
from edgewise.discovery.polishing.least_squares import error, fitted, standard_errors
from edgewise.discovery.polishing.snapping import snapped
from edgewise.discovery.tables.law_task import LawRows


def rows(law, noise: float = 0.0, n: int = 400) -> LawRows:
    generator = torch.Generator().manual_seed(1)
    X = 1 + 2 * torch.rand(n, 2, dtype=torch.float64, generator=generator)
    return LawRows(X, law(X[:, 0], X[:, 1]) + noise * torch.randn(n, dtype=torch.float64, generator=generator))


def free(node) -> list[float]:
    return [part.value for part in numbers_of(node) if part.name is None]


def test_a_line_has_the_constants_of_least_squares():
    data = rows(lambda a, b: 2 * a - b + 0.3, noise=0.5)
    line = fitted(total(product(Num(0.0), Var(0)), product(Num(0.0), Var(1)), Num(0.0)), data, steps=50)
    design = torch.cat([data.X, torch.ones(len(data), 1, dtype=torch.float64)], 1)
    want = torch.linalg.lstsq(design, data.y[:, None]).solution[:, 0]
    assert torch.allclose(torch.tensor(free(line), dtype=torch.float64), want, atol=1e-7)


def test_constants_inside_functions_are_found_to_round_off():
    data = rows(lambda a, b: 1.7 * torch.exp(-0.6 * a) * torch.sin(1.1 * b))
    start = product(Num(1.0), Apply("exp", product(Num(-1.0), Var(0))), Apply("sin", product(Num(1.0), Var(1))))
    assert free(fitted(start, data, steps=60)) == pytest.approx([1.7, -0.6, 1.1], abs=1e-9)


def test_standard_errors_are_those_of_the_linear_model():
    data = rows(lambda a, b: 2 * a - b, noise=0.1)
    design = data.X
    want = 0.1 * torch.linalg.pinv(design).square().sum(1).sqrt()
    got = standard_errors(total(product(Num(2.0), Var(0)), product(Num(-1.0), Var(1))), data, 0.1)
    assert got == pytest.approx(want.tolist())


def test_what_rows_do_not_determine_has_no_finite_error():
    data = rows(lambda a, b: a)
    node = product(Num(2.0), Num(0.5), Var(0))
    assert standard_errors(node, data, 0.1) == [math.inf, math.inf]


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_simple_constants_become_simple_and_terms_without_use_go(noise):
    data = rows(lambda a, b: math.pi / 2 * a**2 + 0.25 * b, noise)
    start = total(
        product(Num(1.571), power(Var(0), 2.0)), product(Num(0.2502), Var(1)), product(Num(1e-3), Apply("log", Var(0)))
    )
    node = snapped(fitted(start, data, steps=60), data)
    truth = total(product(number(math.pi / 2), power(Var(0), 2.0)), product(number(0.25), Var(1)))
    assert free(node) == []
    assert torch.allclose(values(node, data.X), values(truth, data.X), rtol=1e-12)


def test_a_constant_that_is_no_simple_number_stays_free():
    data = rows(lambda a, b: 1.234567891 * a * b)
    node = snapped(product(Num(1.234567891), Var(0), Var(1)), data)
    assert free(node) == pytest.approx([1.234567891], abs=1e-8) and error(node, data) < 1e-8
