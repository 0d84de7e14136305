"""Polynomials of several columns: features, their derivatives, and least squares for them.

Letters: n rows, d columns, M features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

Powers: TypeAlias = tuple[tuple[int, ...], ...]  # the degrees of each feature, by columns


@dataclass(frozen=True)
class Frame:
    """Columns moved to [-1, 1], the positive ones of many sizes by their logarithms."""

    logarithm: tuple[bool, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @staticmethod
    def of(X: Tensor, *, logarithms: bool) -> Frame:
        """The frame of rows X (n, d). logarithms: whether positive columns are taken by them."""
        logs = tuple(logarithms and bool((column > 0).all()) for column in X.T)
        moved = _logged(X, logs)
        return Frame(logs, tuple(moved.min(0).values.tolist()), tuple(moved.max(0).values.tolist()))

    def __call__(self, X: Tensor) -> Tensor:
        """(n, d) -> (n, d)."""
        low, high = X.new_tensor(self.low), X.new_tensor(self.high)
        return (2 * _logged(X, self.logarithm) - low - high) / (high - low).clamp(min=1e-300)

    def slopes(self, X: Tensor) -> Tensor:
        """The derivative of each moved column by its own (n, d)."""
        width = X.new_tensor(self.high) - X.new_tensor(self.low)
        chosen = torch.tensor(self.logarithm)
        return 2 / width.clamp(min=1e-300) * torch.where(chosen, 1 / X, torch.ones_like(X))


def _logged(X: Tensor, logs: Sequence[bool]) -> Tensor:
    chosen = torch.tensor(logs)
    return torch.where(chosen, torch.where(chosen, X, 1.0).clamp(min=1e-300).log(), X)


@lru_cache(maxsize=64)
def exponents(d: int, degree: int) -> Powers:
    """All tuples of d degrees whose sum is at most `degree`, by their sum.

    >>> exponents(2, 1)
    ((0, 0), (0, 1), (1, 0))
    """
    if d == 1:
        return tuple((n,) for n in range(degree + 1))
    found = [(n, *rest) for n in range(degree + 1) for rest in exponents(d - 1, degree - n)]
    return tuple(sorted(found, key=lambda entry: (sum(entry), entry)))


def neighbours(powers: Powers, degree: int) -> Powers:
    """What follows on these tuples, each part at most `degree`: all that come before it are there.

    A step may leave one degree out, since even functions have no odd ones.

    >>> neighbours(((0, 0), (1, 0), (0, 1)), 9)
    ((2, 0), (0, 2), (3, 0), (1, 1), (0, 3))
    """
    there = set(powers)
    steps = dict.fromkeys(_moved(p, i, by) for p in powers for i in range(len(p)) for by in (1, 2))
    return tuple(
        q
        for q in steps
        if q not in there
        and max(q) <= degree
        and all(_moved(q, i, -1) in there or _moved(q, i, -2) in there for i, k in enumerate(q) if k)
    )


def _moved(power: tuple[int, ...], column: int, by: int) -> tuple[int, ...]:
    return (*power[:column], power[column] + by, *power[column + 1 :])


def count(d: int, degree: int) -> int:
    """How many these are."""
    return math.comb(d + degree, d)


def features(U: Tensor, powers: Sequence[tuple[int, ...]]) -> Tensor:
    """Products of Legendre polynomials (n, M) of moved columns U (n, d); they are near to orthonormal on even rows."""
    tables = [_legendre(column, max(p[i] for p in powers)) for i, column in enumerate(U.T)]
    return _products(tables, powers)


def feature_slopes(U: Tensor, powers: Sequence[tuple[int, ...]], column: int) -> Tensor:
    """Their derivatives (n, M) by one moved column."""
    tables = [_legendre(values, max(p[i] for p in powers)) for i, values in enumerate(U.T)]
    tables[column] = _legendre_slopes(U[:, column], tables[column])
    return _products(tables, powers)


def _products(tables: list[Tensor], powers: Sequence[tuple[int, ...]]) -> Tensor:
    """Each feature is a row until the end, and degree zero is passed over where it is one: most degrees are zero."""
    chosen = torch.tensor(powers)
    result = tables[0].T.contiguous()[chosen[:, 0]]
    for degrees, table in zip(chosen.T[1:], tables[1:], strict=True):
        rows = table.T.contiguous()
        if not bool((rows[0] == 1).all()):
            result *= rows[degrees]
            continue
        for degree in range(1, len(rows)):
            at = (degrees == degree).nonzero()[:, 0]
            if len(at):
                result[at] *= rows[degree]
    return result.T


def _legendre(u: Tensor, degree: int) -> Tensor:
    """Normalised Legendre polynomials (n, degree + 1), by their recursion."""
    plain = [torch.ones_like(u), u]
    for k in range(1, degree):
        plain.append(((2 * k + 1) * u * plain[k] - k * plain[k - 1]) / (k + 1))
    return torch.stack([math.sqrt(2 * k + 1) * p for k, p in enumerate(plain[: degree + 1])], 1)


def _legendre_slopes(u: Tensor, table: Tensor) -> Tensor:
    """Their derivatives, by P'_(k+1) = P'_(k-1) + (2k + 1) P_k."""
    degree = table.shape[1] - 1
    norms = [math.sqrt(2 * k + 1) for k in range(degree + 1)]
    slopes = [torch.zeros_like(u), torch.ones_like(u)]
    for k in range(1, degree):
        slopes.append(slopes[k - 1] + norms[k] * table[:, k])
    return torch.stack([norm * slope for norm, slope in zip(norms, slopes, strict=False)], 1)


def least_squares(design: Tensor, target: Tensor, gram: Tensor, right: Tensor) -> Tensor:
    """Weights (M,) for a design (n, M), with as much damping as round-off needs; gram and right are design'design and
    design'target."""
    jitter = 1e-14 * float(gram.diagonal().mean())
    for _ in range(8):
        damped = gram.clone()
        damped.diagonal().add_(jitter)
        factor, info = torch.linalg.cholesky_ex(damped)
        if int(info) == 0:
            weights = torch.cholesky_solve(right[:, None], factor)
            rest = target - design @ weights[:, 0]
            return (weights + torch.cholesky_solve((design.T @ rest)[:, None], factor))[:, 0]
        jitter *= 100
    return torch.zeros_like(right)
