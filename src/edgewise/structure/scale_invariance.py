"""Scalings: a function that only changes by a factor when its columns do. Dimensional analysis without units."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from .finding import Finding
from .null_space import Weight, judge_combination, vanishing
from .sample import FunctionSample

# n rows, d columns


@dataclass(frozen=True, repr=False)
class Scaling(Finding):
    """f(c^w1 x1, c^w2 x2, ...) = c^degree f(x1, x2, ...) for every c > 0.

    Attributes:
        weights (d,): w1, w2, ...; fractions, or floats where no simple fraction holds.
        degree: the weight of f itself.
    """

    kind: ClassVar[str] = "scaling"
    weights: tuple[Weight, ...] = ()
    degree: Weight = Fraction(0)

    @property
    def words(self) -> str:
        """What it means."""
        inside = ", ".join(
            f"{_power(self.weights[column])} {self.names[column]}" for column in self.columns if self.weights[column]
        )
        return f"scaling to {inside} gives {_power(self.degree)} f" if self.degree else f"scaling to {inside} keeps f"


def _power(weight: Weight) -> str:
    """c to a weight."""
    text = str(weight) if isinstance(weight, Fraction) else f"{weight:.4g}"
    return "c" if weight == 1 else f"c^{text}" if text.isdigit() else f"c^({text})"


def _parts(sample: FunctionSample, columns: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """x_i f_i of these columns and f, (n, k + 1), and their errors."""
    X = sample.X[:, columns]
    parts = np.column_stack([X * sample.gradient[:, columns], sample.f])
    return parts, np.column_stack([np.abs(X) * sample.gradient_error[:, columns], sample.f_error])


def scalings(sample: FunctionSample, without: Collection[int] = ()) -> tuple[Scaling, ...]:
    """A basis of the scalings of a function: the null space of [x1 f1, ..., xd fd, f], by Euler's theorem.

    Args:
        sample: the function.
        without: columns that do not matter; each of them would be a scaling by itself.

    Source: Buckingham, Phys. Rev. 4 (1914), doi:10.1103/PhysRev.4.345, for the counting; no units are needed.

    >>> from edgewise.structure import probe_of
    >>> X = 1 + np.random.default_rng(0).random((100, 2))
    >>> scalings(probe_of(lambda X: X[:, 0] ** 2 / (X[:, 0] + X[:, 1]), X, None, None, 0).base)[0].words
    'scaling to c x1, c x2 gives c f'
    """
    columns = [column for column in range(sample.columns) if column not in without]
    sample = sample.at(np.flatnonzero(sample.finite))
    parts, errors = _parts(sample, columns)
    found = []
    for weights, evidence in vanishing(parts, errors, range(len(columns))):
        full: list[Weight] = [Fraction(0)] * sample.columns
        for column, weight in zip(columns, weights, strict=False):
            full[column] = weight
        named = tuple(column for column in columns if full[column])
        degree = Fraction(0) - weights[-1] if isinstance(weights[-1], Fraction) else -weights[-1]
        found.append(Scaling(named, evidence, sample.names, tuple(full), degree))
    return tuple(found)


def scaling(sample: FunctionSample, weights: tuple[Weight, ...], degree: Weight = 0) -> Scaling:
    """Whether given weights (d,) and degree are a scaling of a function."""
    columns = list(range(sample.columns))
    evidence = judge_combination(*_parts(sample, columns), (*weights, -degree))
    return Scaling(tuple(c for c in columns if weights[c]), evidence, sample.names, weights, degree)
