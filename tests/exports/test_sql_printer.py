"""Expressions in SQL have the values that sympy gives them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import sympy

from edgewise.errors import SymbolicError
from edgewise.exports.sql_printer import SqlPrinter
from edgewise.exports.sql_steps import SqlSteps
from exports.databases import asked

a, b, c = sympy.symbols("a b c")
VALUES = {a: 1.7, b: -0.6, c: 2.3}


def value(expression: Any, *row: float | None) -> Any:
    """What a query gives for the expression of a, b and c."""
    steps = SqlSteps('"data"', "row_of_data")
    for name in "abc":
        steps.read(name, name)
    steps.column("out_0", SqlPrinter(steps, {}).write(expression))
    return asked(steps.query([("out_0", "y")]), "abc", [row or tuple(VALUES.values())])[0][-1]


@pytest.mark.parametrize(
    "expression",
    [
        1 / (a / b),
        a / (b * c),
        1 / (a * (b + c) / (a - c)),
        -(a**-2) / (3 * b),
        a - (b - c) - (a + b * (c - a)),
        sympy.Rational(1, 2) * a,
        a / 3 + sympy.Rational(2, 3),
        b**2,
        b**3,
        b**-3,
        (a * b) ** 2,
        (-a) ** 4,
        a**2.5,
        a ** sympy.Rational(-1, 3),
        c ** (a * b),
        2**b,
        sympy.sqrt(a + c) / sympy.sqrt(c),
        sympy.pi * a + sympy.E + sympy.sqrt(2),
        sympy.Max(a, b, c),
        sympy.Min(a, b, c, 0.5),
        sympy.Max(0, sympy.Max(b, sympy.sin(a) * sympy.exp(b) + c) - sympy.Min(a, 2)),
        sympy.Abs(b) + sympy.sign(b) * sympy.floor(c) + sympy.ceiling(b),
        sympy.exp(-(b**2)) + sympy.log(a) * sympy.atan(b) - sympy.tanh(a),
        sympy.sinc(b) + sympy.sinc(0 * a),
    ],
    ids=str,
)
def test_values_are_those_of_sympy(expression: Any) -> None:
    assert value(expression) == pytest.approx(float(expression.subs(VALUES)), rel=1e-14)


def test_a_gap_in_any_part_gives_null() -> None:
    for expression in (
        sympy.Max(a, b),
        sympy.Max(b, a),
        sympy.Min(0, b, a),
        sympy.sign(b),
        sympy.sinc(b),
        sympy.Abs(b),
    ):
        assert value(expression, 1.0, None, 1.0) is None


def test_undefined_values_are_null() -> None:
    for expression in (1 / (a - 1), b / (a - 1) ** 2, sympy.log(a - 1), sympy.sqrt(b), b ** sympy.Rational(1, 3)):
        assert value(expression, 1.0, -8.0, 0.0) is None


def test_exponentials_that_are_too_large_have_no_value() -> None:
    assert value(sympy.exp(a), 701.0, 0.0, 0.0) is None
    assert value(sympy.log(2 + sympy.exp(a)), 1e4, 0.0, 0.0) is None
    assert value(1 / (sympy.exp(a) - 1), 1e4, 0.0, 0.0) is None


@pytest.mark.parametrize("one", [1, 1.0])
def test_softplus_and_the_logistic_function_have_values_everywhere(one: float) -> None:
    softplus, logistic = sympy.log(one + sympy.exp(a)), one / (one + sympy.exp(-a))
    for x in (-1e4, -800.0, -30.0, 0.0, 39.0, 41.0, 699.0, 1e4):
        assert value(softplus, x, 0.0, 0.0) == pytest.approx(math.log1p(math.exp(x)) if x < 50 else x, abs=1e-14)
        assert value(logistic, x, 0.0, 0.0) == pytest.approx(1 / (1 + math.exp(-x)) if x > -50 else 0, abs=1e-14)
        moved = one / (one + 3.0 * sympy.exp(-a))  # a constant that was part of the exponent
        assert value(moved, x, 0.0, 0.0) == pytest.approx(1 / (1 + 3 * math.exp(-x)) if x > -50 else 0, abs=1e-14)
    assert value(b * logistic**2 / 3, 0.0, 6.0, 0.0) == pytest.approx(0.5)
    assert value(softplus, None, 0.0, 0.0) is None and value(logistic, None, 0.0, 0.0) is None


def test_exponentials_below_1e_100_are_zero_so_that_no_product_underflows() -> None:
    assert value(sympy.exp(a), -231.0, 0.0, 0.0) == 0.0
    assert value(sympy.exp(a), -229.0, 0.0, 0.0) == pytest.approx(math.exp(-229), rel=1e-12)
    assert value(sympy.sin(b) * sympy.exp(-(a**2)), 20.0, 1e-300, 0.0) == 0.0


def test_long_sums_and_products_nest_little() -> None:
    terms = sympy.Add(*(a**k / k for k in range(1, 1500)), evaluate=False)
    assert value(terms, 0.0, 0.0, 0.0) == 0.0


def test_functions_that_sql_does_not_have_are_named() -> None:
    for expression, word in ((sympy.erf(a), "erf"), (sympy.besselj(0, a), "Bessel"), (sympy.zeta(a), "zeta")):
        with pytest.raises(SymbolicError, match=word):
            value(expression)
    with pytest.raises(SymbolicError, match="no real number"):
        value(a + sympy.I)
