"""A formula's text as a tree. Nothing is evaluated but numbers: names are looked up, never run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..discovery.formulas.tree import Node, Num, Var
from ..errors import SymbolicError, clipped, did_you_mean, shown
from .tokens import Token, fault, raised_digits, tokens
from .vocabulary import added, inverse, is_spoken, multiplied, raised, spoken

DEEPEST = 60  # brackets in brackets: each takes five calls of Python, which stops at 1000
CONSTANTS = {"pi": math.pi, "E": math.e}


def names_in(text: str) -> list[str]:
    """The columns that a formula names, in the order in which they first stand: all names but constants and functions.

    Raises `SymbolicError` for what cannot be cut into pieces, and for a power in raised digits such as x².

    >>> names_in("a*sin(pi*b) + `c d`")
    ['a', 'b', 'c d']
    """
    pieces = tokens(text)
    found: dict[str, None] = {}
    for token, after in zip(pieces, pieces[1:], strict=False):
        called = after.text == "(" and after.kind == "sign"
        if token.kind == "quoted" or token.kind == "name" and not called and token.text not in CONSTANTS:
            if token.kind == "name" and (hint := raised_digits(token.text)):
                raise fault(text, token.place, f"{shown(token.text)} cannot be read ({hint})")
            found[token.text] = None
    return list(found)


def read_formula(text: str, columns: Sequence[str]) -> Node:
    """The formula as a tree over these columns.

    Args:
        text: in Python's notation; ^ is ** too. A name with other characters stands in backquotes.
        columns: their names, which win over constants and functions.

    Raises:
        SymbolicError: what is wrong, and at which character.

    >>> read_formula("2*x + 1", ["x"])
    Sum(parts=(Product(parts=(Num(value=2.0, name=None), Var(index=0))), Num(value=1.0, name=None)))
    """
    return _Reader(text, columns).whole()


class _Reader:
    """Reads from left to right. Each method reads one kind of part, from the loosest bond to the tightest."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        self.text, self.columns = text, list(columns)
        self.tokens, self.at, self.depth = tokens(text), 0, 0

    def whole(self) -> Node:
        """The whole text."""
        found = self.total()
        if self.now.kind != "end":
            raise self.fault(self.now, self.unexpected())
        return found

    @property
    def now(self) -> Token:
        """The piece that is read next."""
        return self.tokens[self.at]

    def take(self, *signs: str) -> Token | None:
        """The next piece, if it is one of these signs; the reader then stands behind it."""
        token = self.now
        if token.kind != "sign" or token.text not in signs:
            return None
        self.at += 1
        return token

    def fault(self, token: Token, words: str) -> SymbolicError:
        """The error for something that is wrong with a piece."""
        return fault(self.text, token.place, words)

    def unexpected(self) -> str:
        """What is wrong with the next piece where another one should stand."""
        token = self.now
        if token.kind == "end":
            return "the formula ends where a number, a name or a bracket should stand,"
        if token.text == ")" and token.kind == "sign":
            return (
                "something is missing before the bracket" if self.depth else "a closing bracket without an opening one"
            )
        before = self.tokens[self.at - 1] if self.at else None
        if token.kind != "sign" and before is not None and (before.kind != "sign" or before.text == ")"):
            return f"{shown(token.text)} follows {shown(before.text)} without a sign (write * to multiply)"
        if token.text == "(" and before is not None:
            return f"a bracket follows {shown(before.text)} without a sign (write * to multiply)"
        return f"{shown(token.text)} does not belong"

    def total(self) -> Node:
        """Terms with + or - between them."""
        parts = [self.product()]
        while sign := self.take("+", "-"):
            part = self.product()
            parts.append(part if sign.text == "+" else multiplied([Num(-1.0), part]))
        return self.made(lambda: added(parts)) if len(parts) > 1 else parts[0]

    def product(self) -> Node:
        """Factors with * or / between them."""
        parts = [self.signed()]
        while sign := self.take("*", "/"):
            part = self.signed()
            if sign.text == "/":
                if isinstance(part, Num) and part.value == 0:
                    raise self.fault(sign, "a division by zero")
                part = self.made(lambda part=part: inverse(part), sign)
            parts.append(part)
        return self.made(lambda: multiplied(parts)) if len(parts) > 1 else parts[0]

    def signed(self) -> Node:
        """A power with any number of + and - before it."""
        negative = False
        while sign := self.take("+", "-"):
            negative ^= sign.text == "-"
        found = self.power()
        return multiplied([Num(-1.0), found]) if negative else found

    def power(self) -> Node:
        """A base, and what it is raised to: to the right first, and with a sign of its own."""
        base = self.atom()
        if not (sign := self.take("**", "^")):
            return base
        self.enter(sign)
        exponent = self.signed()
        self.depth -= 1
        return self.made(lambda: raised(base, exponent), sign)

    def atom(self) -> Node:
        """A number, a name, a call, or what stands in brackets."""
        token = self.now
        if bracket := self.take("("):
            return self.inside(bracket)[0]
        if token.kind not in ("number", "name", "quoted"):
            raise self.fault(token, self.unexpected())
        self.at += 1
        if token.kind == "number":
            return Num(token.value)
        if token.text in self.columns:
            return Var(self.columns.index(token.text))
        if token.kind == "name" and (bracket := self.take("(")):
            return self.call(token, self.inside(bracket, several=True))
        if token.kind == "name" and token.text in CONSTANTS:
            return Num(CONSTANTS[token.text])
        known = [*self.columns, *CONSTANTS] if token.kind == "name" else self.columns
        hint = did_you_mean(token.text, known)
        if token.kind == "name" and is_spoken(token.text):
            hint = f"the function is written {clipped(token.text, 40)}(...)"
        if token.kind == "name":
            hint = raised_digits(token.text) or hint
        raise self.fault(token, f"no column is called {shown(token.text)} ({hint})")

    def inside(self, bracket: Token, several: bool = False) -> list[Node]:
        """What stands between brackets: one part, or `several` with commas between them."""
        self.enter(bracket)
        parts = [self.total()]
        while several and self.take(","):
            parts.append(self.total())
        if not self.take(")"):
            words = "a bracket is opened and not closed" if self.now.kind == "end" else self.unexpected()
            raise self.fault(bracket if self.now.kind == "end" else self.now, words)
        self.depth -= 1
        return parts

    def enter(self, token: Token) -> None:
        """Count how deep the text nests."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fault(token, f"brackets or powers nest deeper than {DEEPEST}")

    def call(self, name: Token, parts: list[Node]) -> Node:
        """A function of its arguments."""
        if name.text in CONSTANTS and not is_spoken(name.text):
            hint = "write * to multiply" + ", exp(...) for its power" * (name.text == "E")
            raise self.fault(name, f"{name.text} is a constant and no function ({hint})")
        try:
            function = spoken(name.text)
        except SymbolicError as error:
            raise self.fault(name, f"{error},") from None
        if not function.least <= len(parts) <= function.most:
            wanted = str(function.least) if function.least == function.most else f"at least {function.least}"
            raise self.fault(name, f"{name.text} takes {wanted} argument(s), got {len(parts)},")
        return self.made(lambda: function.make(*parts), name)

    def made(self, make: Callable[[], Node], token: Token | None = None) -> Node:
        """What a step makes; an error of it says where it arose."""
        try:
            return make()
        except SymbolicError as error:
            raise self.fault(token or self.tokens[self.at - 1], f"{error},") from None
