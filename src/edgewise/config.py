"""What a network is built from: one frozen, checked record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, TypeGuard

from .errors import ConfigError, did_you_mean, few, problems, shown
from .limits import MODULE, NODE, layer_bytes, times, too_large

BASES = ("silu", "identity", "none")
Width = int | Sequence[Any]


@dataclass(frozen=True)
class KANConfig:
    """Shape and kind of a network, checked.

    Attributes:
        widths: per layer of nodes (sums, numbers of factors of the products).
        grid_size: intervals per layer of edges.
        degree: of the splines.
        base: "silu", "identity" or "none".
        domain: (low, high), the interval on which the first grids lie.
        seed: of the initial functions.

    >>> KANConfig.create((2, (3, 1), 1)).widths
    ((2, ()), (3, (2,)), (1, ()))
    """

    widths: tuple[tuple[int, tuple[int, ...]], ...]
    grid_size: tuple[int, ...]
    degree: int = 3
    base: str = "silu"
    domain: tuple[float, float] = (-1.0, 1.0)
    seed: int = 0

    @staticmethod
    def create(
        widths: Sequence[Width],
        *,
        grid_size: int | Sequence[int] = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
    ) -> KANConfig:
        """The settings in their one canonical form. Raises one `ConfigError` for all mistakes."""
        wrong: list[str] = []
        shape: list[tuple[int, tuple[int, ...]]] = []
        if not is_sequence(widths):
            wrong.append(f"widths must be a sequence such as (2, 5, 1), got {shown(widths)}")
        else:
            if len(widths) < 2:
                wrong.append(f"widths needs at least 2 entries, got {shown(tuple(widths))}")
            if found := too_large(f"widths of {len(widths)} entries", times(MODULE, len(widths)), "take fewer"):
                raise ConfigError(found)
            for layer, width in enumerate(widths):
                entry = _width(width)
                if isinstance(entry, str):
                    wrong.append(f"widths[{layer}] {entry}")
                elif layer == 0 and entry[1]:
                    wrong.append(f"widths[0] is the number of inputs and cannot hold products, got {shown(width)}")
                else:
                    shape.append(entry)
        layers = max(len(shape) - 1, 1)
        sizes: Any = (grid_size,) * layers if is_int(grid_size) else grid_size
        if not is_sequence(sizes) or (len(sizes) == layers and not all(is_int(g) and index(g) >= 1 for g in sizes)):
            wrong.append(f"grid_size must be an integer >= 1, or one per layer of edges, got {shown(grid_size)}")
        elif len(sizes) != layers:
            wrong.append(f"grid_size needs one entry per layer of edges ({layers}), got {len(sizes)}")
        if not is_int(degree) or not 0 <= degree <= 7:
            wrong.append(f"degree must be an integer from 0 to 7, got {shown(degree)}")
        base = "none" if base is None else base
        if not isinstance(base, str) or base not in BASES:
            wrong.append(f"base must be one of {', '.join(BASES)}, got {shown(base)}; {did_you_mean(base, BASES)}")
        try:
            low, high = (float(d) for d in (() if isinstance(domain, str | bytes) else domain))
            if not low < high or high - low == float("inf"):
                wrong.append(f"domain must be (low, high) with low < high and finite, got {shown(domain)}")
        except Exception:  # of the values' own methods
            low, high = -1.0, 1.0
            wrong.append(f"domain must be a pair of numbers, got {shown(domain)}")
        if not is_seed(seed):
            wrong.append(f"seed must be an integer >= 0 and below 2^64, got {shown(seed)}")
        problems(wrong, ConfigError)
        refuse_widths(shape, sizes, int(degree))
        return KANConfig(tuple(shape), tuple(int(g) for g in sizes), int(degree), base, (low, high), int(seed))


def is_int(value: object) -> TypeGuard[int]:
    """Whether a value counts as a whole number: Python's, numpy's, a tensor of one; not True and False.

    >>> is_int(3), is_int(True), is_int(3.0)
    (True, False, False)
    """
    if isinstance(value, bool) or type(value).__name__ in (
        "bool",
        "bool_",
    ):  # numpy's bool, whose index() older versions answer
        return False
    try:
        index(value)  # type: ignore[arg-type]
    except Exception:  # TypeError, or whatever the value's own method raises
        return False
    return True


def is_count(value: object, least: int) -> TypeGuard[int]:
    """Whether a value is a whole number from `least` on, and Python's own: for settings that are kept as they came.

    >>> is_count(3, 1), is_count(0, 1), is_count(True, 1)
    (True, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_auto(value: object) -> bool:
    """Whether a value is the word "auto"; an array compared with a word is neither True nor False.

    >>> is_auto("auto"), is_auto("lm"), is_auto([3, 6])
    (True, False, False)
    """
    return isinstance(value, str) and value == "auto"


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value counts as a finite number that a float holds: not True and False, and not 10**400.

    >>> is_number(3), is_number(0.5), is_number(True), is_number(10**400), is_number(float("nan"))
    (True, True, False, False, False)
    """
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list, a tuple or the like: not a text, and not bytes, whose entries are numbers too.

    >>> is_sequence([2, 1]), is_sequence("21"), is_sequence(b"21")
    (True, False, False)
    """
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def is_seed(value: object) -> TypeGuard[int]:
    """Whether a value can be a seed: a whole number of 64 bits, as torch takes it.

    >>> is_seed(2**64 - 1), is_seed(2**64), is_seed(-1)
    (True, False, False)
    """
    return is_int(value) and 0 <= index(value) < 2**64


def seed_of_stream(seed: int, number: int, part: int = 0) -> int:
    """The seed, of 63 bits, of one stream: far from those of neighbouring seeds, numbers and parts.

    Source: the constants of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195).

    >>> seed_of_stream(0, 0), seed_of_stream(0, 1) == seed_of_stream(1, 0)
    (0, False)
    """
    return (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + part * 0x94D049BB133111EB) % 2**63


def refuse_widths(widths: Sequence[tuple[int, tuple[int, ...]]], grid_size: Sequence[int], degree: int) -> None:
    """Raise `ConfigError` for a network that this machine cannot hold.

    Args:
        widths: per layer of nodes (sums, numbers of factors of the products).
        grid_size: intervals per layer of edges.
        degree: of the splines.
    """
    nodes = [sums + len(products) for sums, products in widths]
    subnodes = [sums + sum(products) for sums, products in widths]
    layers = zip(nodes[:-1], subnodes[1:], map(int, grid_size), strict=True)
    size = sum(layer_bytes(i, o, intervals, degree) for i, o, intervals in layers)
    if too_large("", size, ""):
        shape = [sums if not products else (sums, len(products)) for sums, products in widths]
        what = f"widths={few([*map(shown, shape)])} with grid_size={few([*map(shown, grid_size)])}"
        raise ConfigError(too_large(what, size, "take fewer nodes or intervals"))


def _width(width: Width) -> tuple[int, tuple[int, ...]] | str:
    """(sums, arities), or what is wrong with it. A plain number of products means products of two factors."""
    if is_int(width):
        return (int(width), ()) if int(width) >= 1 else f"must be at least 1, got {shown(width)}"
    if not is_sequence(width) or len(width) != 2 or not is_int(width[0]):
        return f"must be a number or (sums, products), got {shown(width)}"
    sums, products = int(width[0]), width[1]
    count = 0 if is_sequence(products) or not is_int(products) else index(products)
    if sums < 0 or count < 0:
        return f"cannot be negative, got {shown(width)}"
    if found := too_large(f"{shown(count)} products", times(NODE, count), "take fewer"):
        return found
    arities = (2,) * count if is_int(products) else products
    if not is_sequence(arities) or not all(is_int(a) and int(a) >= 2 for a in arities):
        return f"products must be a number or arities of at least 2 such as (2, 3), got {shown(products)}"
    if sums + len(arities) < 1:
        return f"must hold at least one node, got {shown(width)}"
    return sums, tuple(int(a) for a in arities)
