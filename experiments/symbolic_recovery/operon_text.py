"""The text form of Operon's models as formulas: read by a grammar, so that nothing in it is run.

sum = product {("+" | "-") product}        product = factor {("*" | "/") factor}
factor = ["-"] atom ["^" factor]           atom = number | column | function "(" sum ")" | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.discovery.formulas.tree import Apply, Node, Num, Power, Var, number, power, product, total
from edgewise.errors import DataError, did_you_mean

# Operon's names -> names of closed forms
FUNCTIONS = {
    "abs": "abs",
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "cos": "cos",
    "cosh": "cosh",
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "sinh": "sinh",
    "tan": "tan",
    "tanh": "tanh",
}
ROOTS = {"sqrt": 0.5, "cbrt": 1 / 3}
NOT_FINITE = {"inf": math.inf, "nan": math.nan}  # constants of a search that overflowed: no row bears such a model out
_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*/^()]))")
_MINUS = number(-1.0)


def as_node(text: str, names: Sequence[str]) -> Node:
    """The model as a formula over the columns of these names. Numbers with a point are free, others part of the form.

    Raises `DataError` for what the grammar does not have.

    >>> as_node("((1.5 * X1) ^ 2)", ["X1"])
    Power(base=Product(parts=(Num(value=1.5, name=None), Var(index=0))), exponent=Num(value=2.0, name=...))
    """
    reader = _Reader(text, _tokens(text), tuple(names))
    node = reader.sum()
    if reader.next:
        raise reader.wrong("the end")
    return node


def _tokens(text: str) -> list[str]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise DataError(
                f"Operon's model {text!r} holds {text[place]!r} at character {place + 1}, which is no formula"
            )
        found.append(match[0].strip())
        place = match.end()
    return found


@dataclass
class _Reader:
    """Where one reads: the tokens that are left, each method takes its part of them."""

    text: str
    left: list[str]
    names: tuple[str, ...]

    @property
    def next(self) -> str:
        """The first token that is left; "" at the end."""
        return self.left[0] if self.left else ""

    def taken(self) -> str:
        return self.left.pop(0)

    def wrong(self, wanted: str) -> DataError:
        return DataError(f"Operon's model {self.text!r} has {self.next or 'its end'!r} where {wanted} must stand")

    def expect(self, sign: str) -> None:
        if self.next != sign:
            raise self.wrong(repr(sign))
        self.taken()

    def sum(self) -> Node:
        node = self.product()
        while self.next in ("+", "-"):
            sign, other = self.taken(), self.product()
            node = total(node, other if sign == "+" else product(_MINUS, other))
        return node

    def product(self) -> Node:
        node = self.factor()
        while self.next in ("*", "/"):
            sign, other = self.taken(), self.factor()
            node = product(node, other if sign == "*" else power(other, -1.0))
        return node

    def factor(self) -> Node:
        if self.next == "-":
            self.taken()
            inner = self.factor()
            return Num(-inner.value) if isinstance(inner, Num) and inner.name is None else product(_MINUS, inner)
        base = self.atom()
        if self.next != "^":
            return base
        self.taken()
        return raised(base, self.factor())

    def atom(self) -> Node:
        token = self.next
        if token == "(":
            self.taken()
            node = self.sum()
            self.expect(")")
            return node
        if token[:1].isdigit():
            return number(float(self.taken())) if token.isdigit() else Num(float(self.taken()))
        if not token or not (token[0].isalpha() or token[0] == "_"):
            raise self.wrong("a number, a column or a function")
        self.taken()
        if self.next != "(":
            if token in NOT_FINITE and token not in self.names:
                return Num(NOT_FINITE[token])
            if token not in self.names:
                raise DataError(f"Operon's model has no column {token!r}; {did_you_mean(token, self.names)}")
            return Var(self.names.index(token))
        if token not in FUNCTIONS and token not in ROOTS:
            known = [*FUNCTIONS, *ROOTS]
            raise DataError(f"Operon's model uses {token!r}, which is no function here; {did_you_mean(token, known)}")
        self.expect("(")
        argument = self.sum()
        self.expect(")")
        return power(argument, ROOTS[token]) if token in ROOTS else Apply(FUNCTIONS[token], argument)


def raised(base: Node, exponent: Node) -> Node:
    """A base to the power of a formula; by way of the logarithm where that is no number."""
    return Power(base, exponent) if isinstance(exponent, Num) else Apply("exp", product(exponent, Apply("log", base)))
