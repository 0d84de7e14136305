"""What a node of a network adds up: edges c f(a x + b) from other nodes, and a constant.

Sums are equal where they add the same edges, so that equal parts of a formula become one node.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ..errors import SymbolicError
from ..primitives import Primitive, get

LARGEST_DENOMINATOR = 1000  # of a power that is named as a fraction, as `primitives.library.power` reads it back
JUMPING = ("abs", "relu", "sign")  # f(k x) = k**n f(x) holds for k > 0, but they are no powers


class EdgeTerm(NamedTuple):
    """An edge without its factor: f(a x + b), x the value of the node of this number."""

    node: int
    primitive: str
    a: float
    b: float


@dataclass(frozen=True)
class EdgeSum:
    """The sum over c * term, and a constant. The terms are sorted, and all different."""

    terms: tuple[tuple[EdgeTerm, float], ...] = ()
    constant: float = 0.0

    @property
    def node(self) -> int | None:
        """The number of the node whose value c x + d this is; None where it is something else."""
        if len(self.terms) != 1 or self.terms[0][0].primitive != "x":
            return None
        return self.terms[0][0].node


def from_node(node: int) -> EdgeSum:
    """The value of a node.

    >>> from_node(3).node
    3
    """
    return of_term(EdgeTerm(node, "x", 1.0, 0.0))


def of_term(term: EdgeTerm) -> EdgeSum:
    """One edge with the factor 1."""
    return EdgeSum(((term, 1.0),))


def scaled(one: EdgeSum, factor: float) -> EdgeSum:
    """A sum times a number."""
    return combined([(one, factor)])


def divided(one: EdgeSum, divisor: float) -> EdgeSum:
    """A sum over a number: a factor equal to it becomes one, to the bit.

    >>> divided(scaled(from_node(0), 49.0), 49.0) == from_node(0)
    True
    """
    return EdgeSum(tuple((term, c / divisor) for term, c in one.terms), one.constant / divisor)


def combined(parts: Iterable[tuple[EdgeSum, float]]) -> EdgeSum:
    """The sum of sums times numbers; terms that cancel vanish. Raises `SymbolicError` where constants overflow.

    >>> combined([(from_node(0), 2.0), (from_node(0), -2.0)])
    EdgeSum(terms=(), constant=0.0)
    """
    factors: dict[EdgeTerm, float] = {}
    constant = 0.0
    for part, factor in parts:
        constant += factor * part.constant
        for term, c in part.terms:
            factors[term] = factors.get(term, 0.0) + factor * c
    if not all(map(math.isfinite, [constant, *factors.values()])):
        raise SymbolicError("constants of the formula multiply to more than floats hold")
    return EdgeSum(tuple(sorted((term, c) for term, c in factors.items() if c)), constant)


def power_name(exponent: float) -> str:
    """The name of the closed form x**exponent, for an exponent that is not zero.

    >>> power_name(0.5), power_name(-1.0), power_name(7.0), power_name(1 / 3)
    ('sqrt', '1/x', 'x^7', 'x^(1/3)')
    """
    if exponent.is_integer():
        return get(f"x^{int(exponent)}").name
    ratio = Fraction(exponent).limit_denominator(LARGEST_DENOMINATOR)
    exact = float(ratio) == exponent
    return get(f"x^({ratio.numerator}/{ratio.denominator})" if exact else f"x^{Decimal(repr(exponent)):f}").name


def exponent_of(form: Primitive) -> float | None:
    """The exponent of a closed form that is a power of its argument, 1 among them; None for all others."""
    return None if form.name in JUMPING or form.exponent == 0 else form.exponent
