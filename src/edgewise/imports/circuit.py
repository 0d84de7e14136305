"""A formula as nodes that add and multiply, with edges that are closed forms: what a KAN is, before it has layers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..discovery.formulas.tree import Apply, Node, Num, Power, Product, Sum, Var
from ..primitives import get
from .edge_sums import EdgeSum, EdgeTerm, combined, divided, exponent_of, from_node, of_term, power_name, scaled
from .vocabulary import applied, check_power, raised


@dataclass(frozen=True)
class Unit:
    """A node: the product of these sums, of which a node that only adds has one; an input has none."""

    factors: tuple[EdgeSum, ...]
    powers: tuple[tuple[EdgeSum, float], ...] = ()  # the same as bases and exponents, by which products merge


class Circuit:
    """The nodes that formulas need. It grows with each formula; equal nodes are one.

    Args:
        inputs: how many columns there are. They are the first nodes.

    >>> circuit = Circuit(2)
    >>> found = circuit.value(Product((Var(0), Var(1))))
    >>> circuit.units[found.node].factors == (from_node(0), from_node(1))
    True
    """

    def __init__(self, inputs: int) -> None:
        self.units = [Unit(()) for _ in range(inputs)]
        self._places: dict[Unit, int] = {}
        self._values: dict[int, tuple[Node, EdgeSum]] = {}  # by the identity of parts: a tree may hold one part often

    def value(self, node: Node) -> EdgeSum:
        """A formula as a sum of edges. Raises `SymbolicError` for constants without a finite real value."""
        if id(node) not in self._values:
            self._values[id(node)] = node, self._sum_of(node)
        return self._values[id(node)][1]

    def _sum_of(self, node: Node) -> EdgeSum:
        match node:
            case Num(value):
                return EdgeSum((), value)
            case Var(index):
                return from_node(index)
            case Sum(parts):
                return combined((self.value(part), 1.0) for part in parts)
            case Product(parts):
                return self.product(self.value(part) for part in parts)
            case Power(base, exponent):
                return self.power(self.value(base), exponent.value)
            case Apply(form, argument):
                return self.apply(form, self.value(argument))

    def node_of(self, unit: Unit) -> int:
        """The number of a node, which is made where it is new."""
        if unit not in self._places:
            self._places[unit] = len(self.units)
            self.units.append(unit)
        return self._places[unit]

    # ------------------------------------------------------------------ functions

    def apply(self, form: str, inner: EdgeSum) -> EdgeSum:
        """A closed form of a sum."""
        primitive = get(form)
        if primitive.name == "0":
            return EdgeSum()
        if not inner.terms:
            return self.value(applied(primitive.name, Num(inner.constant)))
        exponent = exponent_of(primitive)
        if exponent is not None:
            return self.power(inner, exponent)
        return _as_one_edge(primitive.name, inner) or of_term(EdgeTerm(*self.argument(inner, primitive.name)))

    def argument(self, inner: EdgeSum, form: str) -> tuple[int, str, float, float]:
        """(node, form, a, b) for an edge of this form whose argument a x + b is the sum."""
        if inner.node is not None:
            return inner.node, form, inner.terms[0][1], inner.constant
        sizes = {abs(c) for _, c in inner.terms}
        factor = math.copysign(sizes.pop(), inner.terms[0][1]) if len(sizes) == 1 else 1.0
        plain = self.on_different_nodes(divided(EdgeSum(inner.terms), factor))
        return self.node_of(Unit((plain,))), form, factor, inner.constant

    def on_different_nodes(self, one: EdgeSum) -> EdgeSum:
        """The same sum, with at most one edge from any node: the others come from nodes of their own."""
        seen: set[int] = set()
        parts = []
        for term, c in one.terms:
            own = term.node in seen
            seen.add(term.node)
            parts.append((from_node(self.node_of(Unit((of_term(term),)))) if own else of_term(term), c))
        if len(seen) == len(one.terms):
            return one
        return self.on_different_nodes(combined([*parts, (EdgeSum((), one.constant), 1.0)]))

    # ------------------------------------------------------------------ powers and products

    def product(self, parts: Iterable[EdgeSum]) -> EdgeSum:
        """The product of sums: numbers go into a factor, equal bases into one power."""
        factor, powers = 1.0, dict[EdgeSum, float]()
        for part in parts:
            c, found = self.powers_of(part)
            factor *= c
            for base, exponent in found.items():
                self._merge(powers, base, exponent)
        return self._of_powers(factor, powers)

    def power(self, base: EdgeSum, exponent: float) -> EdgeSum:
        """A sum to a power; for whole numbers the power of each factor. To the power 0 it is one, at zero too."""
        if exponent == 0:
            return EdgeSum(constant=1.0)
        if exponent == 1:
            return base
        if not base.terms:
            return EdgeSum((), _power_of_number(base.constant, exponent))
        c, powers = self.powers_of(base)
        if exponent.is_integer() and all(inner.is_integer() for inner in powers.values()):
            return self._of_powers(_power_of_number(c, exponent), {b: n * exponent for b, n in powers.items()})
        if exponent.is_integer() or c <= 0:
            return self.raw_power(base, exponent)
        return scaled(self._root(divided(base, c), powers, exponent), _power_of_number(c, exponent))

    def _root(self, base: EdgeSum, powers: dict[EdgeSum, float], exponent: float) -> EdgeSum:
        """A power that is not whole: of x**n it is x**(n exponent), where both are defined for the same x."""
        (inner, n), *others = powers.items()
        if others or n % 2 != 1 or (n * exponent).is_integer():
            return self.raw_power(base, exponent)
        return self.raw_power(inner, n * exponent)

    def powers_of(self, one: EdgeSum) -> tuple[float, dict[EdgeSum, float]]:
        """A sum as a number times powers of sums: several where it is the value of a node that multiplies."""
        if not one.terms:
            return one.constant, {}
        (term, c), *others = one.terms
        if others or one.constant:
            return 1.0, {one: 1.0}
        if term.primitive == "x":
            powers = self.units[term.node].powers
            return c, dict(powers) if powers else {self.opened(term.node): 1.0}
        exponent = exponent_of(get(term.primitive))
        if exponent is None:
            return c, {of_term(term): 1.0}
        base = combined([(self.opened(term.node), term.a), (EdgeSum((), term.b), 1.0)])
        return c, {base: exponent}

    def opened(self, node: int) -> EdgeSum:
        """The value of a node: what it adds up, if it only adds."""
        factors = self.units[node].factors
        return factors[0] if len(factors) == 1 else from_node(node)

    def raw_power(self, base: EdgeSum, exponent: float) -> EdgeSum:
        """An edge with a power of the sum, or the sum itself."""
        if exponent == 1:
            return base
        check_power(exponent)
        if merged := _as_logistic(base, exponent):
            return merged
        node, form, a, b = self.argument(base, power_name(exponent))
        if b == 0 and (a > 0 or exponent.is_integer()):
            return scaled(of_term(EdgeTerm(node, form, 1.0, 0.0)), _power_of_number(a, exponent))
        return of_term(EdgeTerm(node, form, a, b))

    def _merge(self, powers: dict[EdgeSum, float], base: EdgeSum, exponent: float) -> None:
        """Multiply by one more power. Exponents add unless the product would be defined where a factor is not, as in
        sqrt(x) * sqrt(x)."""
        if base not in powers:
            powers[base] = exponent
            return
        both = powers[base] + exponent
        whole = exponent.is_integer() and powers[base].is_integer()
        if not whole and both.is_integer():
            self._merge(powers, self.raw_power(base, exponent), 1.0)
        elif both:
            powers[base] = both
        else:
            del powers[base]

    def _of_powers(self, factor: float, powers: dict[EdgeSum, float]) -> EdgeSum:
        if not powers or not factor:
            return EdgeSum((), factor)
        if len(powers) == 1:
            ((base, exponent),) = powers.items()
            return scaled(self.raw_power(base, exponent), factor)
        ordered = tuple(sorted(powers.items(), key=lambda entry: (entry[0].terms, entry[0].constant)))
        factors = tuple(self.on_different_nodes(self.raw_power(base, exponent)) for base, exponent in ordered)
        return scaled(from_node(self.node_of(Unit(factors, ordered))), factor)


def _power_of_number(base: float, exponent: float) -> float:
    found = raised(Num(base), Num(exponent))
    assert isinstance(found, Num)
    return found.value


def _as_one_edge(form: str, inner: EdgeSum) -> EdgeSum | None:
    """exp(-z**2) and log(1 + exp(z)), for which there are closed forms; None for all else."""
    if len(inner.terms) != 1:
        return None
    term, c = inner.terms[0]
    if form == "exp" and (term.primitive, c, inner.constant) == ("x^2", -1.0, 0.0):
        return of_term(term._replace(primitive="gaussian"))
    if form == "log" and (term.primitive, c, inner.constant) == ("exp", 1.0, 1.0):
        return of_term(term._replace(primitive="softplus"))
    return None


def _as_logistic(base: EdgeSum, exponent: float) -> EdgeSum | None:
    """1 / (1 + exp(-z)) as its closed form; None for all else."""
    if exponent != -1 or len(base.terms) != 1 or base.constant != 1:
        return None
    term, c = base.terms[0]
    if term.primitive != "exp" or c != 1:
        return None
    return of_term(EdgeTerm(term.node, "sigmoid", -term.a, -term.b))
