"""What this machine can hold: a request that needs more is refused before memory is taken."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from functools import cache

from .errors import ConfigError

UNKNOWN = 2**40  # bytes: taken where the system does not tell its memory
NUMBER = 8  # bytes of a float64, in which networks are drawn and trained
COPIES = 3  # of a layer while it is made: as drawn, as scaled, and as it stays
TRAINED = 4  # of a network while it is trained on all rows at once: itself, its gradient, a step, the best so far
NODE = 100  # bytes of a node's identity: a Python integer, and tuples that hold it
HISTORY_ROW = 500  # bytes of a row of the history of a fit: a dict of about ten numbers
MODULE = 20_000  # bytes of the objects of a small model, which each restart is one of
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


@cache
def memory() -> int:
    """The memory of this machine in bytes; `UNKNOWN` where the system does not tell.

    >>> memory() > 0
    True
    """
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such name, as on Windows
        return UNKNOWN
    return found if found > 0 else UNKNOWN


def in_words(size: float) -> str:
    """A number of bytes for people.

    >>> in_words(24), in_words(1.6e10), in_words(8e30)
    ('24 bytes', '16 GB', '8e+12 EB')
    """
    if math.isinf(size):
        return f"more than 1e300 {UNITS[-1]}"
    unit = 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {UNITS[unit]}"


def times(size: int, count: int) -> float:
    """The bytes of so many things of this size; infinity where no float holds their number.

    >>> times(8, 1000), times(8, 10**400)
    (8000.0, inf)
    """
    try:
        return float(size * count)
    except OverflowError:
        return math.inf


def too_large(what: str, size: float, remedy: str) -> str:
    """What is wrong with a request that needs at least `size` bytes, or nothing where this machine has as many.

    >>> too_large("grid_size=5", 1000.0, "take a smaller one")
    ''
    """
    if size <= memory():
        return ""
    return f"{what} would need at least {in_words(size)} of memory, this machine has {in_words(memory())}; {remedy}"


def refuse_too_large(what: str, size: float, remedy: str) -> None:
    """Raise `ConfigError` for a request that needs more bytes than this machine has."""
    if found := too_large(what, size, remedy):
        raise ConfigError(found)


def training_bytes(widths: Sequence[int], grid_size: int, degree: int, rows: int) -> float:
    """What any method needs at least that trains a network of sums on all rows at once: parameters as often as
    `TRAINED` says, and every node's values with their gradients.

    >>> training_bytes((2, 5, 1), 5, 3, 1000)
    132320.0
    """
    edges = sum(a * b for a, b in zip(widths, widths[1:], strict=False))
    return times(TRAINED * NUMBER, edges * (grid_size + degree + 1)) + times(2 * NUMBER, rows * sum(widths))


def layer_bytes(inputs: int, outputs: int, grid_size: int, degree: int) -> float:
    """What a layer of edges needs at least while it is made.

    >>> layer_bytes(2, 5, 5, 3)
    3436.0
    """
    coef, scale, knots = (
        inputs * outputs * (grid_size + degree),
        inputs * outputs,
        inputs * (grid_size + 2 * degree + 1),
    )
    return times(COPIES * NUMBER, coef + scale + knots) + times(NODE, inputs + outputs)
