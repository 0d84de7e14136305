"""A formula as a tree: values, derivatives with respect to its constants, length, and the same in sympy.

Letters: n rows, d columns, P free constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, TypeGuard

import torch
from torch import Tensor

from ...primitives import get
from ...symbolic.simple_numbers import SimpleNumber, exact
from .tuning import FORMULAS


@dataclass(frozen=True)
class Num:
    """A number: free where `name` is None, else the simple number that it is."""

    value: float
    name: SimpleNumber | None = None


@dataclass(frozen=True)
class Var:
    """A column."""

    index: int


@dataclass(frozen=True)
class Sum:
    """The sum of its parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Product:
    """The product of its parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Power:
    """A base to the power of a number."""

    base: Node
    exponent: Num


@dataclass(frozen=True)
class Apply:
    """A closed form of `edgewise.primitives`, by name, of an argument."""

    form: str
    argument: Node


Node: TypeAlias = Num | Var | Sum | Product | Power | Apply


def number(value: float) -> Num:
    """A number that stays as it is: simple to its last digit, as 2, 1/2 or pi.

    >>> number(0.5).name.ratio
    Fraction(1, 2)
    """
    return Num(value, exact(value))


ZERO, ONE = number(0.0), number(1.0)


def power(base: Node, exponent: float) -> Node:
    """A base to a simple power, without the powers 0 and 1."""
    return ONE if exponent == 0 else base if exponent == 1 else Power(base, number(exponent))


def product(*parts: Node) -> Node:
    """The product, without ones and with the products among its parts opened."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Product) else (part,))]
    kept = tuple(part for part in flat if part != ONE)
    return ONE if not kept else kept[0] if len(kept) == 1 else Product(kept)


def total(*parts: Node) -> Node:
    """The sum, without zeros and with the sums among its parts opened."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Sum) else (part,))]
    kept = tuple(part for part in flat if part != ZERO)
    return ZERO if not kept else kept[0] if len(kept) == 1 else Sum(kept)


def monomial(bases: Iterable[Node], powers: Iterable[float | Fraction]) -> Node:
    """The product of powers of these bases, one for each.

    >>> written(monomial(map(Var, range(3)), (2.0, 0.0, -1.0)), ("x", "y", "z"))
    'x**2/z'
    """
    return product(*(power(base, float(exponent)) for base, exponent in zip(bases, powers, strict=True)))


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, the exponent of a power among them."""
    match node:
        case Sum(parts) | Product(parts):
            return parts
        case Power(base, exponent):
            return base, exponent
        case Apply(_, argument):
            return (argument,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, each before its parts, in a fixed order."""
    yield node
    for child in children(node):
        yield from walk(child)


def columns_of(node: Node) -> frozenset[int]:
    """The columns that a formula uses."""
    return frozenset(part.index for part in walk(node) if isinstance(part, Var))


def numbers_of(node: Node) -> list[Num]:
    """All numbers of a formula, in the order of `walk`."""
    return [part for part in walk(node) if isinstance(part, Num)]


def count_free(node: Node) -> int:
    """How many constants of a formula are fitted, and no simple numbers.

    >>> count_free(total(Num(1.234), product(number(2.0), Var(0))))
    1
    """
    return sum(part.name is None for part in numbers_of(node))


def with_numbers(node: Node, numbers: Sequence[Num]) -> Node:
    """The same formula with other numbers, in the order of `walk`."""
    return _rebuilt(node, iter(numbers))


def _rebuilt(node: Node, numbers: Iterator[Num]) -> Node:
    match node:
        case Num():
            return next(numbers)
        case Sum(parts):
            return Sum(tuple([_rebuilt(part, numbers) for part in parts]))
        case Product(parts):
            return Product(tuple([_rebuilt(part, numbers) for part in parts]))
        case Power(base, exponent):
            inner = _rebuilt(base, numbers)
            return Power(inner, next(numbers)) if isinstance(exponent, Num) else node
        case Apply(form, argument):
            return Apply(form, _rebuilt(argument, numbers))
        case _:
            return node


def on_columns(node: Node, columns: Sequence[Node]) -> Node:
    """The formula with a formula in the place of each column."""
    match node:
        case Var(index):
            return columns[index]
        case Sum(parts):
            return total(*(on_columns(part, columns) for part in parts))
        case Product(parts):
            return product(*(on_columns(part, columns) for part in parts))
        case Power(base, exponent):
            return Power(on_columns(base, columns), exponent)
        case Apply(form, argument):
            return Apply(form, on_columns(argument, columns))
        case _:
            return node


# ------------------------------------------------------------------ values and derivatives


def values(node: Node, X: Tensor) -> Tensor:
    """The formula on rows X (n, d): (n,), NaN or infinite where it is not defined."""
    found = _value(node, X)
    return found.expand(X.shape[0]) if found.ndim == 0 else found


def _value(node: Node, X: Tensor) -> Tensor:
    match node:
        case Num(value):
            return X.new_tensor(value)
        case Var(index):
            return X[:, index]
        case Sum(parts):
            result = _value(parts[0], X)
            for part in parts[1:]:
                result = result + _value(part, X)
            return result
        case Product(parts):
            result = _value(parts[0], X)
            for part in parts[1:]:
                result = result * _value(part, X)
            return result
        case Power(base, exponent):
            return torch.pow(_value(base, X), exponent.value)
        case Apply(form, argument):
            return get(form).value(_value(argument, X))


Slopes: TypeAlias = dict[int, Tensor]


def jacobian(node: Node, X: Tensor) -> tuple[Tensor, Tensor]:
    """Values (n,) and derivatives (n, P) with respect to the free numbers, in the order of `walk`."""
    places = iter(range(len(numbers_of(node))))
    value, slopes = _dual(node, X, places)
    rows = len(X)
    columns = [slopes[place].expand(rows) for place in sorted(slopes)]
    return value.expand(rows), torch.stack(columns, 1) if columns else X.new_zeros(rows, 0)


def _dual(node: Node, X: Tensor, places: Iterator[int]) -> tuple[Tensor, Slopes]:
    """Value and derivatives by forward differentiation; `places` numbers the numbers as `walk` does."""
    match node:
        case Num(value, name):
            place = next(places)
            return X.new_tensor(value), {} if name is not None else {place: X.new_tensor(1.0)}
        case Var(index):
            return X[:, index], {}
        case Sum(parts):
            value, slopes = _dual(parts[0], X, places)
            for part in parts[1:]:
                other, more = _dual(part, X, places)
                value, slopes = value + other, slopes | more
            return value, slopes
        case Product(parts):
            value, slopes = _dual(parts[0], X, places)
            for part in parts[1:]:
                other, more = _dual(part, X, places)
                slopes = {k: s * other for k, s in slopes.items()} | {k: s * value for k, s in more.items()}
                value = value * other
            return value, slopes
        case Power(base, exponent):
            inner, slopes = _dual(base, X, places)
            place, p = next(places), exponent.value
            value = torch.pow(inner, p)
            slopes = {k: s * (p * torch.pow(inner, p - 1)) for k, s in slopes.items()}
            return value, slopes if exponent.name is not None else slopes | {place: value * torch.log(inner)}
        case Apply(form, argument):
            inner, slopes = _dual(argument, X, places)
            primitive = get(form)
            return primitive.value(inner), {k: s * primitive.slope(inner) for k, s in slopes.items()}


# ------------------------------------------------------------------ length and sympy


def length(node: Node) -> float:
    """Description length in bits, without the digits of free constants: what it takes to write the formula down.

    >>> length(product(Var(0), Var(1))) < length(product(Var(0), power(Var(1), 2.0)))
    True
    """
    match node:
        case Num(_, name):
            return FORMULAS.symbol_bits + (0.0 if name is None else name.cost)
        case Sum(parts) | Product(parts):
            return FORMULAS.symbol_bits * (len(parts) - 1) + sum(map(length, parts))
        case Apply(form, argument):
            return FORMULAS.form_bits * get(form).complexity + length(argument)
        case Power(base, exponent):
            return FORMULAS.symbol_bits + length(base) + length(exponent)
        case _:
            return FORMULAS.symbol_bits


def complexity(node: Node) -> int:
    """How many symbols the formula has: columns, numbers, functions, and the operations between them.

    >>> complexity(total(Var(0), product(Num(1.5), Var(1))))
    5
    """
    match node:
        case Sum(parts) | Product(parts):
            return len(parts) - 1 + sum(map(complexity, parts))
        case Power(base, _):
            return 2 + complexity(base)
        case Apply(_, argument):
            return 1 + complexity(argument)
        case _:
            return 1


def to_sympy(node: Node, symbols: Sequence[Any], instead: Callable[[Node], Any] = lambda node: None) -> Any:
    """The formula in sympy, over these symbols of the columns; simple numbers are exact.

    instead: what a part becomes, where it is not None.
    """
    import sympy

    if (other := instead(node)) is not None:
        return other
    match node:
        case Num(value, name):
            return sympy.Float(value) if name is None else name.expr()
        case Var(index):
            return symbols[index]
        case Sum(parts):
            return sympy.Add(*(to_sympy(part, symbols, instead) for part in parts))
        case Product(parts):
            return sympy.Mul(*(to_sympy(part, symbols, instead) for part in parts))
        case Power(base, exponent):
            return to_sympy(base, symbols, instead) ** to_sympy(exponent, symbols, instead)
        case Apply(form, argument):
            return get(form).expr(to_sympy(argument, symbols, instead))


def is_finite(node: Node) -> bool:
    """Whether all its numbers are finite."""
    return all(math.isfinite(part.value) for part in numbers_of(node))


def written(node: Node, names: Sequence[str], digits: int = 6) -> str:
    """The formula as text, in Python's notation, with so many digits of its free constants.

    >>> written(product(Num(0.123456789), power(Var(0), 2.0), Apply("sin", Var(1))), ["x", "y"])
    '0.123457*x**2*sin(y)'
    >>> written(product(total(Var(0), Var(1)), power(total(number(1.0), Var(0)), -0.5)), ["x", "y"])
    '(x + y)/sqrt(1 + x)'
    """
    match node:
        case Num(value, name):
            return f"{value:.{digits}g}" if name is None else str(name.expr())
        case Var(index):
            return names[index]
        case Sum(parts):
            return " + ".join(written(part, names, digits) for part in parts).replace("+ -", "- ")
        case Product(parts):
            above = [part for part in parts if not _below(part)] or [ONE]
            text = "*".join(_bracketed(part, names, digits) for part in above).replace("-1*", "-")
            under = [power(part.base, -part.exponent.value) for part in parts if _below(part)]
            if not under:
                return text
            lower = "*".join(_bracketed(part, names, digits) for part in under)
            return f"{text}/({lower})" if len(under) > 1 else f"{text}/{lower}"
        case Power(base, exponent):
            if _below(node):
                return written(Product((node,)), names, digits)
            if exponent.value == 0.5:
                return f"sqrt({written(base, names, digits)})"
            inner = _bracketed(base, names, digits)
            inner = f"({inner})" if isinstance(base, Product | Power | Num) else inner
            p = written(exponent, names, digits)
            return f"{inner}**{p}" if p.replace(".", "").isdigit() else f"{inner}**({p})"
        case Apply(form, argument):
            shown = form if form.isidentifier() else f"({form})"
            return f"{shown}({written(argument, names, digits)})"


def _below(node: Node) -> TypeGuard[Power]:
    """Whether a factor is written below the line."""
    return isinstance(node, Power) and node.exponent.name is not None and node.exponent.value < 0


def _bracketed(node: Node, names: Sequence[str], digits: int) -> str:
    text = written(node, names, digits)
    return f"({text})" if isinstance(node, Sum) or "/" in text and isinstance(node, Num | Product) else text
