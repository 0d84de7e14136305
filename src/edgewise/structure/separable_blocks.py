"""Blocks of columns that only add, or only multiply: mixed differences that vanish."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .finding import Evidence, Finding, judge, weakest
from .probe import Probe

# n rows, d columns

Quad = tuple[
    np.ndarray, np.ndarray, np.ndarray, np.ndarray
]  # at a row; one block exchanged; the other; both: (n,) each


@dataclass(frozen=True, repr=False)
class Blocks(Finding):
    """The columns fall into blocks, each a function of its own.

    Attributes:
        blocks: positions of the columns of each.
    """

    kind: ClassVar[str] = "blocks"
    blocks: tuple[tuple[int, ...], ...] = ()
    sign = "?"

    @property
    def words(self) -> str:
        """What it means."""
        letters = (f"f{number + 1}({', '.join(self.named(block))})" for number, block in enumerate(self.blocks))
        return f"f = {f' {self.sign} '.join(letters)}"


@dataclass(frozen=True, repr=False)
class SumOfBlocks(Blocks):
    """f is a sum of functions of separate blocks of columns."""

    kind: ClassVar[str] = "sum"
    sign = "+"


@dataclass(frozen=True, repr=False)
class ProductOfBlocks(Blocks):
    """f is a product of functions of separate blocks of columns, up to a constant.

    Attributes:
        constant: what is added to the product.
    """

    kind: ClassVar[str] = "product"
    constant: float = 0.0
    sign = "*"

    @property
    def words(self) -> str:
        """What it means."""
        return super().words + (
            f" {'+' if self.constant > 0 else '-'} {abs(self.constant):.6g}" if self.constant else ""
        )


def adds(values: Quad, errors: Quad) -> Evidence:
    """Whether exchanging one block changes f by as much wherever the other is."""
    base, one, other, both = values
    error = np.sqrt(sum(part**2 for part in errors))
    return judge(base - one - other + both, error, np.abs(one - base), np.abs(other - base))


def multiplies(values: Quad, errors: Quad, constant: float = 0.0) -> Evidence:
    """Whether exchanging one block changes f - constant by the same factor wherever the other is.

    A sum violates it by the product of the two changes, which is the scale.
    """
    base, one, other, both = (part - constant for part in values)
    e_base, e_one, e_other, e_both = errors
    error = np.sqrt(
        (e_base * both) ** 2
        + (base * e_both) ** 2
        + (e_one * other) ** 2
        + (one * e_other) ** 2
        + (e_base * e_both) ** 2
        + (e_one * e_other) ** 2
    )
    return judge(base * both - one * other, error, np.abs((one - base) * (other - base)))


def offset(values: Quad, errors: Quad) -> float:
    """The constant c that is added to a product: (f1 - c) (f4 - c) = (f2 - c) (f3 - c) at the corners, linear in c.

    It is zero where it cannot be told.

    >>> a, b, c, d = np.random.default_rng(0).random((4, 50))
    >>> quad = a * b + 3, c * b + 3, a * d + 3, c * d + 3
    >>> round(offset(quad, (np.ones(50),) * 4), 9)
    3.0
    """
    base, one, other, both = values
    mixed, cross = base - one - other + both, base * both - one * other
    error = np.sqrt(sum(part**2 for part in errors)) * (np.abs(base) + np.abs(both) + np.abs(one) + np.abs(other))
    usable = np.isfinite(mixed) & np.isfinite(cross) & (error > 0)
    weight = 1 / error[usable] ** 2
    size = float((weight * mixed[usable] ** 2).sum())
    return float((weight * mixed[usable] * cross[usable]).sum()) / size if 0 < size < np.inf else 0.0


def _quad(probe: Probe, one: Collection[int], other: Collection[int]) -> tuple[Quad, Quad]:
    """Values and errors at the four corners of two blocks."""
    base = probe.base
    pairs = [(base.f, base.f_error), *(_at(probe, block) for block in (one, other, [*one, *other]))]
    values, errors = ([pair[k] for pair in pairs] for k in range(2))
    return (values[0], values[1], values[2], values[3]), (errors[0], errors[1], errors[2], errors[3])


def _at(probe: Probe, block: Collection[int]) -> tuple[np.ndarray, np.ndarray]:
    if len(block) == 1:
        (column,) = block
        return probe.singles[column].f, probe.singles[column].f_error
    return probe.values(block)


def components(columns: Collection[int], tied: Collection[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The columns in sets that no tie joins.

    >>> components(range(4), [(0, 2), (2, 3)])
    ((0, 2, 3), (1,))
    """
    home = {column: {column} for column in columns}
    for i, j in tied:
        merged = home[i] | home[j]
        for column in merged:
            home[column] = merged
    return tuple(sorted({tuple(sorted(block)) for block in home.values()}))


def blocks(probe: Probe, without: Collection[int] = ()) -> tuple[SumOfBlocks | ProductOfBlocks, ...]:
    """The finest blocks of columns that add, and the finest that multiply, where there are two or more.

    Each two columns are tested by a four-point difference of values, which are more accurate than derivatives. The
    blocks that follow are tested once more, each against all others.

    Args:
        probe: the function.
        without: columns that do not matter.

    Source: Liu et al., KAN 2.0, arXiv 2408.10205, section 5.3, which asks for Hessians of a network.

    >>> from edgewise.structure import probe_of
    >>> X = 1 + np.random.default_rng(0).random((100, 3))
    >>> blocks(probe_of(lambda X: X[:, 0] * X[:, 1] + X[:, 2], X, None, None, 0))
    (f = f1(x1, x2) + f2(x3) (tested to ...),)
    """
    columns = [column for column in range(probe.base.columns) if column not in without]
    quads = {(i, j): _quad(probe, [i], [j]) for i, j in itertools.combinations(columns, 2)}
    tests = [
        (SumOfBlocks, lambda values, errors: (adds(values, errors), 0.0)),
        (ProductOfBlocks, lambda values, errors: (multiplies(values, errors), 0.0)),
        (ProductOfBlocks, _with_offset),
    ]
    found: list[SumOfBlocks | ProductOfBlocks] = []
    for kind, test in tests:
        tied = [pair for pair, quad in quads.items() if not test(*quad)[0].holds]
        parts = components(columns, tied)
        if len(parts) < 2 or kind in map(type, found):
            continue
        sides = parts[:1] if len(parts) == 2 else parts
        tested = [test(*_quad(probe, part, [c for c in columns if c not in part])) for part in sides]
        evidence, constants = weakest([one for one, _ in tested]), [constant for _, constant in tested]
        if evidence.holds:
            extra = {"constant": float(np.median(constants))} if kind is ProductOfBlocks else {}
            found.append(kind(tuple(columns), evidence, probe.base.names, parts, **extra))
    return tuple(found)


def _with_offset(values: Quad, errors: Quad) -> tuple[Evidence, float]:
    """Whether two blocks multiply up to a constant, and that constant."""
    constant = offset(values, errors)
    return multiplies(values, errors, constant), constant
