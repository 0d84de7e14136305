"""Translations: directions in which a function does not change. It then depends on fewer sums of columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from .finding import Finding
from .null_space import Weight, vanishing
from .sample import FunctionSample

# n rows, d columns


@dataclass(frozen=True, repr=False)
class Translation(Finding):
    """f(x + t direction) = f(x) for every t.

    Attributes:
        direction (d,): in units of the columns; fractions, or floats where no simple fraction holds.
    """

    kind: ClassVar[str] = "translation"
    direction: tuple[Weight, ...] = ()

    @property
    def words(self) -> str:
        """What it means."""
        inside = ", ".join(
            f"{self.names[column]} {'+' if self.direction[column] > 0 else '-'} {_times(abs(self.direction[column]))}"
            for column in self.columns
        )
        return f"moving to {inside} keeps f"


def _times(weight: Weight) -> str:
    """A weight times t."""
    text = str(weight) if isinstance(weight, Fraction) else f"{weight:.4g}"
    return "t" if weight == 1 else f"{text} t" if "/" not in text else f"({text}) t"


def translations(sample: FunctionSample, without: Collection[int] = ()) -> tuple[Translation, ...]:
    """A basis of the directions in which a function does not change: the null space of [f1, ..., fd].

    Args:
        sample: the function.
        without: columns that do not matter; each of them would be a direction by itself.

    >>> from edgewise.structure import probe_of
    >>> X = np.random.default_rng(0).random((100, 2))
    >>> translations(probe_of(lambda X: (X[:, 0] - 2 * X[:, 1]).cos(), X, None, None, 0).base)[0].words
    'moving to x1 + t, x2 + (1/2) t keeps f'
    """
    columns = [column for column in range(sample.columns) if column not in without]
    sample = sample.at(np.flatnonzero(sample.finite))
    found = []
    for weights, evidence in vanishing(
        sample.gradient[:, columns], sample.gradient_error[:, columns], range(len(columns))
    ):
        full: list[Weight] = [Fraction(0)] * sample.columns
        for column, weight in zip(columns, weights, strict=True):
            full[column] = weight
        named = tuple(column for column in columns if full[column])
        found.append(Translation(named, evidence, sample.names, tuple(full)))
    return tuple(found)
