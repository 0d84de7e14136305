"""Values of options: lists of names and numbers, and what to say when they are none."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence

from ..errors import shown


def names(given: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Column names from an option given once or several times: each is a name, or several joined by commas.

    >>> names(["a,b", "c, in m"], ["a", "b", "c, in m"])
    ['a', 'b', 'c, in m']
    """
    found: list[str] = []
    for text in given or ():
        found += (
            [text] if text in known or "," not in text else [part.strip() for part in text.split(",") if part.strip()]
        )
    return list(dict.fromkeys(found))


def sizes(what: str, least: int, besides: str = "") -> Callable[[str], tuple[int, ...]]:
    """A reader of whole numbers joined by commas, each at least `least`; `besides`: what else the option takes.

    >>> sizes("grids", 1)("3,6,12")
    (3, 6, 12)
    """

    def read(text: str) -> tuple[int, ...]:
        try:
            values = tuple(int(part) for part in text.split(",") if part.strip())
        except ValueError:
            values = ()
        if not values or min(values) < least:
            raise argparse.ArgumentTypeError(
                f"{what} must be whole numbers of at least {least} joined by commas, such as 5 or"
                f" 5,3{besides}; got {shown(text)}"
            )
        return values

    return read


def growing(text: str) -> tuple[int, ...]:
    """Sizes of grids, each larger than the one before.

    >>> growing("3,6,12")
    (3, 6, 12)
    """
    values = sizes("grids", 1)(text)
    if list(values) != sorted(set(values)):
        raise argparse.ArgumentTypeError(f"grids must grow, such as 3,6,12; got {shown(text)}")
    return values


def hidden(text: str) -> tuple[int, ...]:
    """Nodes per hidden layer; 0 on its own is none.

    >>> hidden("5,3"), hidden("0")
    ((5, 3), (0,))
    """
    return (0,) if text.strip() == "0" else sizes("hidden", 1, ", or 0 for none")(text)


def constraint(text: str) -> tuple[str, str]:
    """An input and what its function is held to; the name itself may hold an equals sign.

    >>> constraint("age=increasing"), constraint("a=b=convex")
    (('age', 'increasing'), ('a=b', 'convex'))
    """
    name, _, shape = text.rpartition("=")
    if not name or not shape:
        raise argparse.ArgumentTypeError(f"a constraint is NAME=SHAPE, such as age=increasing; got {shown(text)}")
    return name, shape


def unit(text: str) -> tuple[str, str]:
    """A column and its unit, which may be empty; the name itself may hold an equals sign.

    >>> unit("v=m/s"), unit("ratio=")
    (('v', 'm/s'), ('ratio', ''))
    """
    name, _, words = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"a unit is NAME=UNIT, such as v=m/s; got {shown(text)}")
    return name, words


def constant(text: str) -> tuple[str, float]:
    """A constant of nature and its value; the name itself may hold an equals sign.

    >>> constant("g=9.81")
    ('g', 9.81)
    """
    name, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name or not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"a constant is NAME=VALUE, such as g=9.81; got {shown(text)}")
    return name, number


def whole(text: str) -> int:
    """A whole number that is not negative."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to 2^63, got {shown(text)}")
    return int(text)


def amount(text: str) -> float:
    """A finite number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"wanted a number of at least 0, got {shown(text)}")
    return value


def share(text: str) -> float:
    """A number strictly between 0 and 1."""
    value = amount(text)
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"wanted a number between 0 and 1, got {shown(text)}")
    return value
