"""A sympy expression as a tree over named columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..discovery.formulas.tree import Node, Num, Var
from ..errors import SymbolicError, clipped, did_you_mean, require, shown
from .formula_reader import DEEPEST
from .vocabulary import added, applied, multiplied, raised, spoken

MOST_PARTS = 20_000  # operations in an expression; people's have fewer than a thousand


def symbols_in(expression: Any) -> list[str]:
    """The names of an expression's symbols, sorted.

    >>> import sympy
    >>> symbols_in(sympy.Symbol("y") * sympy.Symbol("x"))
    ['x', 'y']
    """
    return sorted({str(symbol) for symbol in expression.free_symbols})


def is_expression(value: object) -> bool:
    """Whether a value is an expression of sympy, or a truth value or relation that only looks like one."""
    return isinstance(value, require("sympy").Basic)


def read_expression(expression: Any, columns: Iterable[str]) -> Node:
    """The expression as a tree over these columns.

    Args:
        expression: of sympy.
        columns: the names of the symbols, in order.

    Raises:
        SymbolicError: a symbol that is no column, a function that no edge holds, a number that is not real and finite.

    >>> import sympy
    >>> read_expression(sympy.Symbol("E") ** 2, ["E"])
    Power(base=Var(index=0), exponent=Num(value=2.0, name=None))
    """
    sympy = require("sympy")
    places = {name: Var(place) for place, name in enumerate(columns)}
    if not isinstance(expression, sympy.Expr) or isinstance(expression, sympy.Lambda):
        raise SymbolicError(f"a formula is an expression that gives numbers, got {_told(expression)}")
    for count, _ in enumerate(sympy.preorder_traversal(expression)):
        if count >= MOST_PARTS:
            raise SymbolicError(f"the expression has more than {MOST_PARTS} parts")
    return _node(sympy, expression, places, 0)


def _node(sympy: Any, expression: Any, places: Mapping[str, Var], depth: int) -> Node:
    if depth > DEEPEST:
        raise SymbolicError(f"the expression nests deeper than {DEEPEST} parts in parts")

    def inner(part: Any) -> Node:
        return _node(sympy, part, places, depth + 1)

    if isinstance(expression, sympy.Symbol):
        name = str(expression)
        if name not in places:
            raise SymbolicError(f"no column is called {shown(name)}; {did_you_mean(name, places)}")
        return places[name]
    if expression.is_Atom and expression.is_number:
        return _number(sympy, expression)
    if expression.is_Add:
        return added([inner(part) for part in expression.as_ordered_terms()])
    if expression.is_Mul:
        return multiplied([inner(part) for part in expression.as_ordered_factors()])
    if expression.is_Pow:
        return raised(inner(expression.base), inner(expression.exp))
    return _function(expression, inner)


def _number(sympy: Any, expression: Any) -> Num:
    """A number of sympy. Raises `SymbolicError` for one that no float is near to."""
    if expression is sympy.I or not expression.is_finite:
        raise SymbolicError(f"the constant {_told(expression)} is no finite real number")
    try:
        value = float(expression)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise SymbolicError("a constant of the expression is larger than floats are")
    return Num(value)


def _function(expression: Any, inner: Callable[[Any], Node]) -> Node:
    """A function of sympy, or of a closed form of one's own that has no symbol there."""
    name, parts = expression.func.__name__, expression.args
    if name == "besselj" and parts[0] == 0:
        return applied("J0", inner(parts[1]))
    if name == "Piecewise":
        raise SymbolicError("no edge holds Piecewise; write it with Abs, Max, Min, sign or Heaviside")
    if name == "Heaviside" and 2 * parts[1] == 1:  # the value at zero, as a sign gives it
        parts = parts[:1]
    try:
        function = spoken(name)
    except SymbolicError:
        words = "an edge can also carry a closed form of your own: see primitives.add_primitive"
        raise SymbolicError(f"no edge holds the function {clipped(name, 80)!r} of the expression; {words}") from None
    if not function.least <= len(parts) <= function.most:
        raise SymbolicError(f"{name} with {len(parts)} arguments is no function that an edge holds")
    return function.make(*map(inner, parts))


def _told(value: Any) -> str:
    return clipped(f"{type(value).__name__} {shown(value)}", 100)
