"""Blocks of columns that only add, or only multiply: mixed differences that vanish."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

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

    blocks: tuple[tuple[int, ...], ...] = ()
    sign = "?"

    @property
    def words(self) -> str:
        """What it means."""
        letters = (f"f{number + 1}({', '.join(self.named(block))})" for number, block in enumerate(self.blocks))
        return f"f = {f' {self.sign} '.join(letters)}"


@dataclass(frozen=True, repr=False)
class Sum(Blocks):
    """f is a sum of functions of separate blocks of columns."""

    sign = "+"


@dataclass(frozen=True, repr=False)
class Product(Blocks):
    """f is a product of functions of separate blocks of columns."""

    sign = "*"


def adds(values: Quad, errors: Quad) -> Evidence:
    """Whether exchanging one block changes f by as much wherever the other is."""
    base, one, other, both = values
    error = np.sqrt(sum(part**2 for part in errors))
    return judge(base - one - other + both, error, np.abs(one - base), np.abs(other - base))


def multiplies(values: Quad, errors: Quad) -> Evidence:
    """Whether exchanging one block changes f by the same factor wherever the other is.

    A sum violates it by the product of the two changes, which is the scale.
    """
    base, one, other, both = values
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


def interactions(probe: Probe, columns: Collection[int]) -> dict[tuple[int, int], tuple[Evidence, Evidence]]:
    """For each two columns: whether they add, and whether they multiply, the other columns as they are."""
    found = {}
    for i, j in itertools.combinations(sorted(columns), 2):
        values, errors = _quad(probe, [i], [j])
        found[i, j] = adds(values, errors), multiplies(values, errors)
    return found


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


def blocks(probe: Probe, without: Collection[int] = ()) -> tuple[Sum | Product, ...]:
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
    known = interactions(probe, columns)
    found: list[Sum | Product] = []
    for place, kind, test in ((0, Sum, adds), (1, Product, multiplies)):
        tied = [pair for pair, evidence in known.items() if not evidence[place].holds]
        parts = components(columns, tied)
        if len(parts) < 2:
            continue
        evidence = weakest(
            [
                test(*_quad(probe, part, [c for c in columns if c not in part]))
                for part in parts[: len(parts) - (len(parts) == 2)]
            ]
        )
        if evidence.holds:
            found.append(kind(tuple(columns), evidence, probe.base.names, parts))
    return tuple(found)
