"""Formulas in their shortest form."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
import torch

from edgewise.discovery.formulas.tidy import from_sympy, tidied
from edgewise.discovery.formulas.tree import Num, Var, count_free, product, to_sympy, values, written
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


def test_free_constants_that_agree_up_to_sign_and_round_off_cancel():
    a, b, c, d = sympy.symbols("a b c d", positive=True)
    known = {x: Var(0), a: Num(0.384615384615319), b: Num(0.384615384615445), c: Num(-0.384615384615384), d: Num(0.3)}
    step = from_sympy(1 / (a * sympy.tanh(x - d) + b), known)
    assert written(tidied(step, X), ["x", "y"]) == "2.36875*exp(-2*x) + 1.3"
    wave = from_sympy(10 * sympy.exp(-a * x / 2) * sympy.sinh(b * x / 2), known)
    assert written(tidied(wave, X), ["x", "y"]) == "-5*(exp(-0.384615*x) - 1)"
    near = from_sympy((a * x + b) / (x - c * x), known)
    assert bits(tidied(near, X)) < bits(near)
    assert tidied(from_sympy(x ** (-a) * x**b * x, known), X) == Var(0)


def test_free_constants_that_differ_stay():
    a, b = sympy.symbols("a b", positive=True)
    node = from_sympy(a * x + b * x, {x: Var(0), a: Num(0.38461538), b: Num(-0.38461539)})
    assert count_free(tidied(node, X)) > 0


def test_quotients_and_roots_are_written_as_such():
    node = from_sympy((x + y) / sympy.sqrt(1 + x), {x: Var(0), y: Var(1)})
    assert written(node, ["x", "y"]) == "(x + y)/sqrt(x + 1)"
