"""The text of a formula in pieces: numbers, names, and signs, each with its place."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..errors import SymbolicError, clipped, shown

LONGEST = 20_000  # letters of a formula; people's have fewer than a thousand
SIGNS = ("**", "+", "-", "*", "/", "^", "(", ")", ",")
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_QUOTED = re.compile(r"`((?:[^`]|``)*)`")
_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\W\d]\w*")
_RAISED = re.compile("(.*?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
HINTS = {
    "=": "write the right side of the equation alone",
    "[": "write round brackets",
    "]": "write round brackets",
    "{": "write round brackets",
    "}": "write round brackets",
    "%": "there is no remainder among the closed forms",
    "<": "conditions cannot be held by edges",
    ">": "conditions cannot be held by edges",
    "|": "write abs(...)",
    "`": "a name that begins with a backquote must end with one",
    "!": "there are no factorials among the closed forms",
    "⁻": "write x**-1",
}


class Token(NamedTuple):
    """A piece of text.

    kind: "number", "name", "quoted" (a name in backquotes), "sign" or "end". text: of a quoted name without its quotes.
    value: of a number. place: of its first letter, from 0.
    """

    kind: str
    text: str
    value: float
    place: int


def fault(text: str, place: int, words: str) -> SymbolicError:
    """The error for something that is wrong at a place of a formula.

    >>> fault("x +", 3, "something is missing")
    SymbolicError("something is missing at character 4 of 'x +'")
    """
    return SymbolicError(f"{words} at character {place + 1} of {shown(text)}")


def raised_digits(name: str) -> str:
    """What to write for a name with small raised digits, which are a power to people; nothing for other names.

    >>> raised_digits("x²"), raised_digits("x2")
    ('write x**2; a column of that name stands in backquotes', '')
    """
    found = _RAISED.match(name)
    if not found:
        return ""
    power = clipped(f"{found[1]}**{found[2].translate(_PLAIN)}", 60)
    return f"write {power}; a column of that name stands in backquotes"


def tokens(text: str) -> list[Token]:
    """The pieces of a formula; the last one is its end.

    Args:
        text: the formula.

    Raises:
        SymbolicError: a text or name that is empty, a text that is too long, a letter that no formula has, a number
            that no float holds.

    >>> [token.text for token in tokens("2*`body mass`^2")]
    ['2', '*', 'body mass', '^', '2', '']
    """
    if len(text) > LONGEST:
        raise SymbolicError(f"the formula has {len(text)} letters, at most {LONGEST} are read: {shown(text)}")
    if not text.strip():
        raise SymbolicError("the formula is empty; write one such as 'exp(x) + y**2'")
    found, place = [], len(text) - len(text.lstrip())
    while place < len(text):
        token, end = _next(text, place)
        found.append(token)
        spaces = _SPACE.match(text, end)
        place = spaces.end() if spaces else end
    return [*found, Token("end", "", 0.0, len(text))]


def _next(text: str, place: int) -> tuple[Token, int]:
    """The piece that begins at a place, and where it ends."""
    if number := _NUMBER.match(text, place):
        value = float(number[0])
        if not math.isfinite(value):
            raise fault(text, place, f"the number {shown(number[0])} is larger than floats are,")
        return Token("number", number[0], value, place), number.end()
    if (name := _NAME.match(text, place)) and (text[place].isalpha() or text[place] == "_"):  # ² and ½ begin none
        return Token("name", name[0], 0.0, place), name.end()
    if quoted := _QUOTED.match(text, place):
        if not quoted[1]:
            raise fault(text, place, "the name between backquotes is empty")
        return Token("quoted", quoted[1].replace("``", "`"), 0.0, place), quoted.end()
    for sign in SIGNS:
        if text.startswith(sign, place):
            return Token("sign", sign, 0.0, place), place + len(sign)
    hint = HINTS.get(text[place], "a formula holds numbers, names, + - * / ** ^ and round brackets")
    raise fault(text, place, f"{shown(text[place])} cannot be read ({hint})")
