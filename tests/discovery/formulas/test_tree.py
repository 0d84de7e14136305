"""Formulas as trees: values and slopes against autograd, text and sympy against values."""

from __future__ import annotations

import pytest
import sympy
import torch

from edgewise.discovery.formulas.simplify import simplified
from edgewise.discovery.formulas.tree import (
    ONE,
    ZERO,
    Apply,
    Num,
    Power,
    Product,
    Sum,
    Var,
    complexity,
    jacobian,
    length,
    number,
    numbers_of,
    on_columns,
    power,
    product,
    to_sympy,
    total,
    values,
    with_numbers,
    written,
)

X, Y = Var(0), Var(1)
TREES = [
    product(Num(1.3), power(X, 2.0), Apply("sin", product(Num(0.7), Y))),
    power(total(number(1.0), product(Num(-0.3), X), power(Y, -1.0)), -0.5),
    Power(product(X, Y), Num(1.7)),
    total(Apply("exp", product(Num(-0.4), X)), Apply("log", total(Num(2.1), Y)), Num(0.6)),
    product(Apply("arctan", X), power(total(X, Num(3.0)), 3.0), power(Y, 0.5)),
]


def rows(n: int = 40) -> torch.Tensor:
    return 0.5 + torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_slopes_equal_those_of_autograd(tree):
    free = [place for place, part in enumerate(numbers_of(tree)) if part.name is None]

    def of(theta: torch.Tensor) -> torch.Tensor:
        numbers = numbers_of(tree)
        for place, value in zip(free, theta.tolist(), strict=True):
            numbers[place] = Num(value)
        return values(with_numbers(tree, numbers), rows())

    theta = torch.tensor([numbers_of(tree)[place].value for place in free], dtype=torch.float64)
    found, slopes = jacobian(tree, rows())
    assert torch.equal(found, of(theta)) and slopes.shape == (40, len(free))
    for n in range(len(free)):
        step = 1e-5 * torch.eye(len(free), dtype=torch.float64)[n]
        assert torch.allclose(slopes[:, n], (of(theta + step) - of(theta - step)) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_sympy_and_text_have_the_values_of_the_tree(tree):
    symbols = sympy.symbols("a b")
    names = {"arctan": sympy.atan, "a": symbols[0], "b": symbols[1]}
    want = values(tree, rows())
    for expression in (to_sympy(tree, symbols), sympy.parse_expr(written(tree, ["a", "b"], 17), local_dict=names)):
        got = sympy.lambdify(symbols, expression, "numpy")(*rows().numpy().T)
        assert torch.allclose(torch.as_tensor(got), want, rtol=1e-13)


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_simplified_formulas_are_equal_and_no_longer(tree):
    heavy = Sum((Product((Num(2.0), tree, ONE, Num(0.5))), ZERO, Product((ZERO, X))))
    light = simplified(heavy)
    assert torch.allclose(values(light, rows()), values(tree, rows()), rtol=1e-13)
    assert length(light) <= length(heavy) and simplified(light) == light


def test_a_column_takes_a_formula():
    inner = on_columns(product(X, power(Y, 2.0)), [total(X, Y), X])
    assert torch.allclose(values(inner, rows()), rows().sum(1) * rows()[:, 0] ** 2)


def test_names_that_mean_something_in_sympy_are_plain_symbols():
    found = to_sympy(product(X, Y), [sympy.Symbol("I"), sympy.Symbol("lambda")])
    assert found.free_symbols == {sympy.Symbol("I"), sympy.Symbol("lambda")}


def test_complexity_counts_symbols():
    assert complexity(product(X, Y)) == 3
    assert complexity(Apply("sin", power(X, 2.0))) == 4
