"""The shortest of the equal ways to write a formula, as computer algebra finds them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from ...errors import require
from ...primitives import get
from .simplify import simplified
from .tree import Apply, Node, Num, Power, Var, number, power, product, to_sympy, total, values
from .tuning import FORMULAS
from .yardstick import bits

FUNCTIONS = {
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "erf": "erf",
    "Abs": "abs",
}  # names in sympy -> names of closed forms


def tidied(node: Node, X: Tensor) -> Node:
    """An equal formula that is no longer, its terms in a fixed order; equal on these rows, that is.

    Columns that are positive on all rows count as positive, so that roots and logarithms of them may be joined.
    """
    sympy = require("sympy")
    symbols = [
        sympy.Symbol(f"x{i}", positive=bool((column > 0).all()) or None, real=True) for i, column in enumerate(X.T)
    ]
    for _ in range(FORMULAS.tidy_rounds):
        expression, constants = _with_symbols(node, symbols, sympy)
        if len(constants) > FORMULAS.tidy_constants or expression.count_ops() > FORMULAS.tidy_operations:
            return node
        known = {symbol: Var(i) for i, symbol in enumerate(symbols)} | constants
        made = [way for changed in _ways(expression, symbols, sympy) for way in _as_nodes(changed, known)]
        found = [way for way in dict.fromkeys(made) if bits(way) <= bits(node) and _equal(way, node, X)]
        before, node = node, min(found, key=bits, default=node)
        if bits(node) == bits(before):
            return node
    return node


def _equal(one: Node, other: Node, X: Tensor) -> bool:
    """Whether two formulas have the same values, but for round-off, which poles near a few rows may make large."""
    before, after = values(other, X), values(one, X)
    return bool((after - before).square().mean() <= FORMULAS.tidy_equal**2 * before.square().mean())


def _with_symbols(node: Node, symbols: Sequence[Any], sympy: Any) -> tuple[Any, dict[Any, Num]]:
    """The formula in sympy, with a symbol for each free constant, whose sign is known; one for all that are equal."""
    constants: dict[Any, Num] = {}

    def swapped(part: Node) -> Any:
        if not isinstance(part, Num) or part.name is not None:
            return None
        for symbol, known in constants.items():
            if abs(abs(part.value) - abs(known.value)) <= FORMULAS.tidy_equal * abs(known.value):
                return symbol if part.value * known.value > 0 else -symbol
        sign = {"positive": True} if part.value > 0 else {"negative": True}
        symbol = sympy.Symbol(f"c{len(constants)}", **sign)
        constants[symbol] = part
        return symbol

    return to_sympy(node, symbols, swapped), constants


def _ways(expression: Any, symbols: Sequence[Any], sympy: Any) -> list[Any]:
    """Equal expressions, among them the given one as sympy orders it; each also with its products of sums opened."""
    hyperbolic = expression.has(sympy.sinh, sympy.cosh, sympy.tanh)
    trigonometric = expression.has(sympy.sin, sympy.cos, sympy.tan)
    tries = [
        sympy.powsimp,
        sympy.factor_terms,
        lambda e: sympy.factor(e, deep=True),
        sympy.together,
        lambda e: sympy.cancel(sympy.together(e)),
        lambda e: _divided(e, sympy),
        sympy.expand,
        sympy.logcombine,
        lambda e: sympy.powdenest(e),
        *([sympy.trigsimp] if trigonometric else []),
        *([lambda e: sympy.cancel(sympy.powsimp(sympy.expand(e.rewrite(sympy.exp))))] if hyperbolic else []),
        *([lambda e: sympy.powsimp(sympy.factor(e.rewrite(sympy.exp)))] if hyperbolic else []),
    ]
    free = [symbol for symbol in symbols if expression.has(symbol)]
    if expression.is_rational_function(*free):
        tries += [lambda e, s=symbol: sympy.apart(e, s) for symbol in free]
    found = [expression, *_changed([expression], tries, sympy)]
    return [*found, *_changed(dict.fromkeys(found), [sympy.expand], sympy)]


def _changed(expressions: Iterable[Any], tries: Sequence[Callable[[Any], Any]], sympy: Any) -> Iterator[Any]:
    """What each change makes of each expression, where it makes anything."""
    for expression, change in itertools.product(expressions, tries):
        try:
            yield change(expression)
        except (NotImplementedError, ValueError, TypeError, AttributeError, RecursionError, sympy.PolynomialError):
            continue


def _divided(expression: Any, sympy: Any) -> Any:
    """The expression with the number before a quotient in the sum that divides: 4/(8 x + 2) becomes 1/(2 x + 1/2)."""

    def below(quotient: Any) -> Any:
        coefficient, rest = quotient.as_coeff_Mul()
        for factor in rest.args if rest.is_Mul else (rest,):
            if factor.is_Pow and factor.exp == -1 and factor.base.is_Add:
                return rest / factor / sympy.expand_mul(factor.base / coefficient)
        return quotient

    return expression.replace(lambda part: part.is_Mul and part.as_coeff_Mul()[0] != 1, below)


def _as_nodes(expression: Any, known: Mapping[Any, Node]) -> list[Node]:
    """The expression as a formula, as it is and with free constants that only act together as one; none where it holds
    what no formula has."""
    try:
        node = from_sympy(expression, known)
        return [node, simplified(node)]
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return []


def from_sympy(expression: Any, known: Mapping[Any, Node]) -> Node:
    """An expression as a formula: `known` says what its symbols are. Raises `KeyError` for a function that is no closed
    form.

    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> from_sympy(2 * sympy.sqrt(x), {x: Var(0)}) == product(number(2.0), power(Var(0), 0.5))
    True
    """
    if expression in known:
        return known[expression]
    if not expression.free_symbols:
        value = float(expression)
        named = number(value)
        return named if named.name is not None else Num(value)
    if expression.is_Add:
        return total(*(from_sympy(part, known) for part in expression.as_ordered_terms()))
    if expression.is_Mul:
        coefficient, rest = expression.as_independent(*expression.free_symbols)
        factors = rest.as_ordered_factors() if rest.is_Mul else [rest]
        return product(from_sympy(coefficient, known), *(from_sympy(part, known) for part in factors))
    if expression.is_Pow and not expression.exp.free_symbols:
        return power(from_sympy(expression.base, known), float(expression.exp))
    if expression.is_Pow and isinstance(exponent := simplified(from_sympy(expression.exp, known)), Num):
        return Power(from_sympy(expression.base, known), exponent)
    name = expression.func.__name__
    if name == "besselj" and expression.args[0] == 0:
        return Apply("J0", from_sympy(expression.args[1], known))
    form = get(FUNCTIONS[name]).name
    return Apply(form, from_sympy(expression.args[0], known))
