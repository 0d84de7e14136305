"""Formulas in a form that code computes without overflow, and with nan where a number is missing."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..errors import require


@cache
def softplus() -> Any:
    """The function log(1 + exp(z)) of sympy expressions, which printers write by a rule of their own."""

    class softplus(require("sympy").Function):
        nargs = 1

    return softplus


def stable(expression: Any) -> Any:
    """The same expression: log(k + m exp(z)) by `softplus`, which is finite where exp(z) is not, and the reciprocals
    sech, csch and coth by functions that every language has.

    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> stable(sympy.log(sympy.exp(2 * x) + 1)), stable(sympy.sech(x))
    (softplus(2*x), 1/cosh(x))
    """
    sympy = require("sympy")
    rules = {
        sympy.log: _log,
        sympy.sech: lambda z: 1 / sympy.cosh(z),
        sympy.csch: lambda z: 1 / sympy.sinh(z),
        sympy.coth: lambda z: 1 / sympy.tanh(z),
    }
    for function, rule in rules.items():
        expression = expression.replace(function, rule) if expression.has(function) else expression
    return expression


def _log(total: Any) -> Any:
    """log(k + m exp(z)) of positive numbers k and m as log k + softplus(z + log(m / k)); other logarithms as they are.

    A power such as 2**z counts as exp(z log 2).
    """
    sympy = require("sympy")
    if not total.is_Add or len(total.args) != 2 or total.is_number:
        return sympy.log(total)
    constant, term = sorted(total.args, key=lambda arg: not arg.is_number)
    factor, power = term.as_independent(*term.free_symbols, as_Add=False)
    base, exponent = power.as_base_exp()
    if not (constant.is_positive and factor.is_positive and base.is_number and base.is_positive):
        return sympy.log(total)
    return sympy.log(constant) + softplus()(exponent * sympy.log(base) + sympy.log(factor / constant))


def compared(expression: Any) -> list[Any]:
    """What the conditions of a Piecewise compare, numbers left out: they are false for nan, which must stay nan.

    >>> import sympy
    >>> compared(sympy.Piecewise((0, sympy.Symbol("x") < 2), (1, True)))
    [x]
    """
    sympy = require("sympy")
    sides = {
        side
        for _, condition in expression.args
        for relation in condition.atoms(sympy.core.relational.Relational)
        for side in relation.args
        if side.free_symbols
    }
    return sorted(sides, key=sympy.default_sort_key)


def with_default(expression: Any) -> Any:
    """A Piecewise with a last piece that always holds: nan, where it had none.

    >>> import sympy
    >>> with_default(sympy.Piecewise((0, sympy.Symbol("x") < 2)))
    Piecewise((0, x < 2), (nan, True))
    """
    sympy = require("sympy")
    whole = expression.args[-1].cond == True  # noqa: E712  (a truth value of sympy)
    return expression if whole else sympy.Piecewise(*expression.args, (sympy.nan, True))
