"""Formulas in their shortest form."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
import torch

from edgewise.discovery.formulas.tidy import from_sympy, tidied
from edgewise.discovery.formulas.tree import Num, Var, product, to_sympy, values, written
from edgewise.discovery.formulas.yardstick import bits

x, y = sympy.symbols("x y", positive=True)
X = 0.5 + torch.rand(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "given, wanted",
    [
        (y * (x / y + 1) / (x * y + 1), "(x + y)/(x*y + 1)"),
        (2 * sympy.sin(sympy.log(x * y)) * sympy.cos(sympy.log(x * y)), "sin(2*(log(x) + log(y)))"),
        (sympy.exp(-1) * sympy.exp(2 * sympy.cos(x) ** 2 - y), "exp(-y + cos(2*x))"),
        ((x / y) ** -2 / sympy.cosh(2 * sympy.log(y / x)) / 2, "y**4/(x**4 + y**4)"),
        (sympy.Mul(4, x**2 + y, 1 / (8 * x + 4 * y + 5), evaluate=False), "(x**2 + y)/(2*x + y + 5/4)"),
        (5 / (1 + 1 / (sympy.exp(x / y) - 1)), "-5*(exp(-x/y) - 1)"),
        (2 / (1 + sympy.tanh(x - y)), "1 + exp(2*y - 2*x)"),
    ],
)
def test_equal_formulas_become_the_shortest_one(given, wanted):
    node = from_sympy(given, {x: Var(0), y: Var(1)})
    short = tidied(node, X)
    assert bits(short) <= bits(node) and torch.allclose(values(short, X), values(node, X), rtol=1e-9)
    names: Any = {"x": x, "y": y}
    assert sympy.simplify(sympy.parse_expr(wanted, names) - to_sympy(short, [x, y])) == 0
    assert bits(short) <= bits(from_sympy(sympy.parse_expr(wanted, names), {x: Var(0), y: Var(1)}))


def test_tidying_twice_changes_nothing_and_keeps_free_constants():
    node = product(Num(1.2345), Var(1), from_sympy(x / y + 1, {x: Var(0), y: Var(1)}))
    once = tidied(node, X)
    assert tidied(once, X) == once and Num(1.2345) in getattr(once, "parts", ())


def test_free_constants_that_only_act_together_become_one():
    c, d = sympy.symbols("c d", positive=True)
    node = from_sympy(2 / (1 + sympy.tanh(c * x - d)), {x: Var(0), c: Num(0.35123), d: Num(0.32651)})
    assert written(tidied(node, X), ["x", "y"]) == "1.92133*exp(-0.70246*x) + 1"


def test_quotients_and_roots_are_written_as_such():
    node = from_sympy((x + y) / sympy.sqrt(1 + x), {x: Var(0), y: Var(1)})
    assert written(node, ["x", "y"]) == "(x + y)/sqrt(x + 1)"
