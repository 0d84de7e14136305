"""Expressions of sympy are read by their parts; what no edge holds is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

from edgewise import primitives
from edgewise.discovery.formulas.tree import values
from edgewise.errors import SymbolicError
from edgewise.imports.sympy_reader import read_expression, symbols_in
from edgewise.symbolic import evaluate

x, y = sympy.symbols("x y")
X = torch.tensor([[0.3, 0.8], [0.7, -0.2], [0.9, 0.1]], dtype=torch.float64)


@pytest.mark.parametrize(
    "expression",
    [
        x**2 / 3 - y,
        sympy.sqrt(x) * y**3,
        x ** sympy.Rational(2, 3),
        x**y,
        2**y,
        sympy.exp(x) - sympy.E,
        sympy.Max(x, y, 0.5),
        sympy.Min(x, y),
        sympy.Abs(y) + sympy.sign(y),
        sympy.Heaviside(y),
        sympy.asin(x) + sympy.acos(x) * sympy.atan(y) + sympy.asinh(y) + sympy.atanh(x) + sympy.acosh(1 + x),
        sympy.sinh(y) + sympy.cosh(x) * sympy.tanh(y) + sympy.sec(x) + sympy.cot(x),
        sympy.besselj(0, x),
        sympy.sinc(y) * sympy.erf(x) + sympy.erfc(y),
        sympy.log(x) / sympy.log(10),
        sympy.pi * x + sympy.GoldenRatio,
        sympy.Float("0.1", 40) * x,
        sympy.Rational(10**30 + 1, 10**30) * x,
    ],
    ids=str,
)
def test_values_are_those_of_sympy(expression):
    got = values(read_expression(expression, ["x", "y"]), X).numpy()
    np.testing.assert_allclose(got, evaluate([expression], X.numpy(), symbols=["x", "y"])[:, 0], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("form", primitives.names())
def test_the_symbol_of_every_closed_form_is_read(form):
    z = torch.full((1, 1), 1.5 if "cosh" in form else 0.4, dtype=torch.float64)
    node = read_expression(sympy.sympify(primitives.get(form).expr(x)), ["x"])
    torch.testing.assert_close(values(node, z), primitives.evaluate(form, z[:, 0]), rtol=1e-14, atol=0)


def test_symbols_are_told_by_their_names_alone():
    node = read_expression(sympy.Symbol("I", positive=True) * 2, ["I"])
    assert values(node, X[:, :1]).tolist() == (2 * X[:, 0]).tolist()
    assert symbols_in(y + x + sympy.Symbol("E")) == ["E", "x", "y"]


@pytest.mark.parametrize(
    "expression, words",
    [
        (sympy.gamma(x), "'gamma'"),
        (sympy.floor(x), "'floor'"),
        (sympy.atan2(y, x), "'atan2'"),
        (sympy.besselj(1, x), "besselj"),
        (sympy.parse_expr("Heaviside(x, 1)"), "Heaviside with 2 arguments"),
        (sympy.Function("phi_0_1_2")(x), "'phi_0_1_2'"),
        (sympy.Piecewise((x, x > 0), (0, True)), "Piecewise.*Max"),
        (sympy.Derivative(sympy.Function("f")(x), x), "Derivative"),
        (sympy.Integral(sympy.exp(x**2), x), "Integral"),
        (sympy.I * x, "no finite real"),
        (sympy.oo + x, "no finite real|Infinity"),
        (sympy.zoo, "no finite real"),
        (sympy.nan, "no finite real"),
        (x + sympy.Symbol("z"), "no column is called 'z'"),
        (x < 1, "gives numbers"),
        (sympy.Integer(10) ** 400 * x, "larger than floats"),
        (x**1000, "beyond 100"),
        (sympy.sqrt(-2, evaluate=False) * x, "no finite real"),
    ],
    ids=str,
)
def test_what_no_edge_holds_is_refused_by_name(expression, words):
    with pytest.raises(SymbolicError, match=words):
        read_expression(expression, ["x", "y"])


def test_an_expression_that_nests_without_end_is_refused():
    deep = x
    for _ in range(80):
        deep = sympy.sin(deep)
    with pytest.raises(SymbolicError, match="nests deeper"):
        read_expression(deep, ["x"])
