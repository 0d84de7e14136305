"""Ratios of two derivatives: what they do not depend on tells through which expressions columns enter."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .finding import UNTESTED, Evidence, Finding, judge, weakest
from .probe import Probe
from .sample import FunctionSample
from .tuning import TUNED

# n rows, d columns


@dataclass(frozen=True, repr=False)
class Group(Finding):
    """Columns that enter through one expression: f = g(h(columns), others)."""

    kind: ClassVar[str] = "group"

    @property
    def words(self) -> str:
        """What it means."""
        return f"{', '.join(self.named(self.columns))} enter through one expression"


def same_ratio(one: FunctionSample, other: FunctionSample, i: int, j: int) -> Evidence:
    """Whether f_i / f_j is the same in two samples, row by row. Products are compared, so nothing is divided by."""
    left, right = one.gradient[:, i] * other.gradient[:, j], one.gradient[:, j] * other.gradient[:, i]
    error = np.sqrt(
        (one.gradient_error[:, i] * other.gradient[:, j]) ** 2
        + (one.gradient[:, i] * other.gradient_error[:, j]) ** 2
        + (one.gradient_error[:, j] * other.gradient[:, i]) ** 2
        + (one.gradient[:, j] * other.gradient_error[:, i]) ** 2
        + (one.gradient_error[:, i] * other.gradient_error[:, j]) ** 2
        + (one.gradient_error[:, j] * other.gradient_error[:, i]) ** 2
    )
    with np.errstate(invalid="ignore"):  # rows on which a product overflows are no evidence
        return judge(left - right, error, np.hypot(left, right))


def ratios(probe: Probe, columns: Sequence[int]) -> dict[tuple[int, int, int], Evidence]:
    """For i < j and any other k of these columns: whether f_i / f_j does not depend on column k."""
    return {
        (i, j, k): same_ratio(probe.base, probe.singles[k], i, j)
        for i, j in itertools.combinations(sorted(columns), 2)
        for k in columns
        if k not in (i, j)
    }


def groups(probe: Probe, columns: Sequence[int] | None = None) -> tuple[Group, ...]:
    """The sets of columns, fewer than all, that enter through one expression.

    A set does where f_i / f_j does not depend on any column outside, for each two of its columns.

    Args:
        probe: the function.
        columns: those that matter, by default all. Above `TUNED.sets` of them nothing is looked for.

    Source: Udrescu et al., AI Feynman 2.0, arXiv 2006.10782, section II, which tests it by one network's gradients.

    >>> from edgewise.structure import probe_of
    >>> X = 1 + np.random.default_rng(0).random((100, 3))
    >>> groups(probe_of(lambda X: (X[:, 0] * X[:, 1]).sin() + X[:, 2] * X[:, 0] * X[:, 1], X, None, None, 0))
    (x1, x2 enter through one expression (tested to ...),)
    """
    d = list(range(probe.base.columns)) if columns is None else list(columns)
    if len(d) > TUNED.sets:
        return ()
    known = ratios(probe, d)
    found = []
    for size in range(2, len(d)):
        for inside in itertools.combinations(d, size):
            outside = [column for column in d if column not in inside]
            evidence = weakest([known[i, j, k] for i, j in itertools.combinations(inside, 2) for k in outside])
            found.append(Group(inside, evidence, probe.base.names))
    return tuple(group for group in found if group.holds)


@dataclass(frozen=True, repr=False)
class Through(Finding):
    """f is a function of a sum of functions of separate blocks of columns: f = g(a(...) + b(...) + ...).

    A product is one as well, by its logarithm; so are all sums and products.

    Attributes:
        blocks: positions of the columns of each.
    """

    kind: ClassVar[str] = "through"
    blocks: tuple[tuple[int, ...], ...] = ()

    @property
    def words(self) -> str:
        """What it means."""
        parts = (f"f{number + 1}({', '.join(self.named(block))})" for number, block in enumerate(self.blocks))
        return f"f = g({' + '.join(parts)})"


def through(probe: Probe, columns: Sequence[int] | None = None) -> Through | None:
    """The finest blocks of columns whose functions add up inside another function; None where there are no two.

    Every split in two is tried whose sides both enter through one expression. What they separate is put together.

    Args:
        probe: the function.
        columns: those that matter, by default all; above `TUNED.sets` nothing is looked for.

    >>> from edgewise.structure import probe_of
    >>> X = 1 + np.random.default_rng(0).random((100, 3))
    >>> through(probe_of(lambda X: (X[:, 0] * X[:, 1].cos() + X[:, 2].exp()).sin(), X, None, None, 0))
    f = g(f1(x1, x2) + f2(x3)) (tested to ...)
    """
    d = list(range(probe.base.columns)) if columns is None else list(columns)
    if not 2 <= len(d) <= TUNED.sets:
        return None
    known = ratios(probe, d)

    def together(block: Sequence[int], others: Sequence[int]) -> bool:
        return all(known[i, j, k].holds for i, j in itertools.combinations(sorted(block), 2) for k in others)

    blocks, evidence = {tuple(d)}, []
    for size in range(1, len(d)):
        for one in itertools.combinations(d[1:], size):
            other = tuple(column for column in d if column not in one)
            if together(one, other) and together(other, one):
                found = separable_ratio(probe, one, other)
                if found.holds:
                    evidence.append(found)
                    parts = {tuple(sorted(set(block) & set(side))) for block in blocks for side in (one, other)}
                    blocks = {part for part in parts if part}
    return Through(tuple(d), weakest(evidence), probe.base.names, tuple(sorted(blocks))) if evidence else None


def separable_ratio(probe: Probe, one: Sequence[int], other: Sequence[int]) -> Evidence:
    """Whether f = g(a(one block of columns) + b(another)), where the rest stays as it is.

    Then f_i / f_j is a function of the first block over one of the second, for i and j of each. Its logarithm has no
    mixed difference; products are compared, so that signs and zeros do no harm. Inside a block the ratio does not
    depend on the other one.
    """
    if not one or not other:
        return UNTESTED
    corners = probe.base, probe.at(one), probe.at(other), probe.at([*one, *other])
    inside = [
        same_ratio(probe.base, moved, i, j)
        for block, moved in ((one, corners[2]), (other, corners[1]))
        for i, j in itertools.combinations(block, 2)
    ]
    return weakest([*(_no_interaction(corners, i, j) for i in one for j in other), *inside])


def _no_interaction(
    corners: tuple[FunctionSample, FunctionSample, FunctionSample, FunctionSample], i: int, j: int
) -> Evidence:
    """Whether f_i / f_j at four corners multiplies to one, crosswise."""
    base, first, second, both = corners
    left = [(base, i), (both, i), (first, j), (second, j)]
    right = [(base, j), (both, j), (first, i), (second, i)]
    (one, one_error), (two, two_error) = _product(left), _product(right)
    return judge(one - two, np.hypot(one_error, two_error), np.hypot(one, two))


def _product(factors: list[tuple[FunctionSample, int]]) -> tuple[np.ndarray, np.ndarray]:
    """The product of derivatives and its error: the largest of the first order and of the errors alone."""
    values = np.stack([sample.gradient[:, column] for sample, column in factors])  # (4, n)
    errors = np.stack([sample.gradient_error[:, column] for sample, column in factors])
    product = values.prod(0)
    # (v1^2 + e1^2) (v2^2 + e2^2) ... - v1^2 v2^2 ...: the variance of a product of independent factors
    variance = (values**2 + errors**2).prod(0) - product**2
    first = sum(
        (errors[place] * np.delete(values, place, 0).prod(0)) ** 2 for place in range(len(factors))
    )  # the same where round-off takes the difference
    return product, np.sqrt(np.maximum(variance, first))
