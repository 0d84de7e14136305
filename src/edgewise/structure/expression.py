"""Whether columns enter a function only through a given expression."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .finding import Evidence, Finding, judge, weakest
from .sample import FunctionSample

# n rows, k columns of the expression


@dataclass(frozen=True, repr=False)
class ThroughExpression(Finding):
    """f depends on its columns only through an expression z of them.

    Attributes:
        text: z in words.
    """

    kind: ClassVar[str] = "expression"
    text: str = "z"

    @property
    def words(self) -> str:
        """What it means."""
        return f"{', '.join(self.named(self.columns))} enter only as {self.text}"


def depends_on(
    sample: FunctionSample, columns: Sequence[int], slopes: np.ndarray, text: str = "z"
) -> ThroughExpression:
    """Whether f depends on two or more columns only through an expression z.

    It does where the gradients are parallel: f_i z_j = f_j z_i for each two of the columns.

    Args:
        sample: the function.
        columns (k,): those that z is made of.
        slopes (n, k): the derivatives of z with respect to them, which are exact.
        text: z in words.

    >>> from edgewise.structure import probe_of
    >>> X = 1 + np.random.default_rng(0).random((100, 2))
    >>> base = probe_of(lambda X: (X[:, 0] * X[:, 1]).sin(), X, None, None, 0).base
    >>> depends_on(base, (0, 1), base.X[:, ::-1], "x1*x2")
    x1, x2 enter only as x1*x2 (tested to ...)
    """
    places = itertools.combinations(range(len(columns)), 2)
    evidence = weakest([parallel(sample, (columns[a], columns[b]), slopes[:, [a, b]]) for a, b in places])
    return ThroughExpression(tuple(columns), evidence, sample.names, text)


def parallel(sample: FunctionSample, pair: tuple[int, int], slopes: np.ndarray) -> Evidence:
    """Whether f_i z_j = f_j z_i for the columns i and j, with slopes (n, 2) of z."""
    found, error = sample.gradient[:, pair], sample.gradient_error[:, pair]
    left, right = found[:, 0] * slopes[:, 1], found[:, 1] * slopes[:, 0]
    unsure = np.hypot(error[:, 0] * slopes[:, 1], error[:, 1] * slopes[:, 0])
    return judge(left - right, unsure, np.hypot(left, right))
