"""Directions along which a function does not change, out of gradients that are a little wrong.

Letters: n rows, m columns of a matrix A, whose null vectors are looked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import torch
from torch import Tensor

from .tuning import LINEAR_ALGEBRA


@dataclass(frozen=True)
class Directions:
    """Null vectors of A in rational numbers, one for each of the columns `pivots`, where it is 1 and the others are 0.

    rest: what A leaves of them, the largest, as a part of A's own size.
    """

    pivots: tuple[int, ...]
    vectors: tuple[tuple[Fraction, ...], ...]
    rest: float

    @property
    def cost(self) -> float:
        """How long the vectors are to write."""
        entries = [entry for vector in self.vectors for entry in vector if entry]
        return float(sum(abs(entry.numerator) + 2 * entry.denominator - 2 for entry in entries))


def near_zero(Z: Tensor) -> list[int]:
    """The columns whose smallest value is near zero: what is divided by them has wild rows."""
    size = Z.abs()
    return (size.min(0).values < LINEAR_ALGEBRA.near_zero * size.max(0).values).nonzero()[:, 0].tolist()


def null_directions(A: Tensor, wrong: Tensor, pivots: int, shy: Collection[int] = ()) -> list[Directions]:
    """The rational null vectors of A (n, m): as many as its error may allow first, then fewer.

    Args:
        A (n, m): columns in units in which a null vector has simple entries.
        wrong (n, m): what A is wrong by, about.
        pivots: the first so many columns may be pivots.
        shy: those that are pivots only where no others can be.
    """
    finite = torch.isfinite(A).all(1) & torch.isfinite(wrong).all(1)
    A, wrong = A[finite], wrong[finite]
    size = A.square().mean(0).sqrt()
    if len(A) < 2 * A.shape[1] or bool((size[:pivots] == 0).any()):
        return []
    unit = size.clamp(min=1e-300)
    _, s, vh = torch.linalg.svd(A / unit / len(A) ** 0.5, full_matrices=False)
    offers: list[Directions] = []
    # more vectors than are sure: a few of several null vectors are not rational, all of them together are
    for count in range(min(pivots, int((s <= LINEAR_ALGEBRA.null_tried).sum())), 0, -1):
        best: Directions | None = None
        for denominator in range(1, LINEAR_ALGEBRA.denominator + 1):
            found = _rational(vh[-count:] / unit, A / unit, unit, wrong / unit, pivots, denominator, shy)
            if found is not None and (best is None or cost(found, shy) < cost(best, shy)):
                best = found
            if best is not None and not set(best.pivots) & set(shy):
                break
        if best is not None:
            offers.append(best)
        if len(offers) == LINEAR_ALGEBRA.null_counts:
            break
    return offers


def cost(found: Directions, shy: Collection[int]) -> float:
    """How long the vectors are to write, and how many columns near zero they would divide by."""
    return found.cost + LINEAR_ALGEBRA.shy_pivot * len(set(found.pivots) & set(shy))


def _rational(
    null: Tensor, A: Tensor, unit: Tensor, wrong: Tensor, pivots: int, denominator: int, shy: Collection[int]
) -> Directions | None:
    """The null space (k, m) with the pivots that make it shortest, each entry a short fraction that A allows."""
    k, m = null.shape
    best: Directions | None = None
    for chosen in list(combinations(range(pivots), k))[: LINEAR_ALGEBRA.pivot_choices]:
        block = null[:, list(chosen)]
        values = torch.linalg.svdvals(block / block.norm(dim=0).clamp(min=1e-300))
        if not float(values[-1]) >= LINEAR_ALGEBRA.independent:
            continue
        q, r = torch.linalg.qr(block.T)
        reduced = q @ torch.linalg.solve_triangular(r.T, null, upper=False)  # block^-1 null, by rows of pivots
        if not bool(torch.isfinite(reduced).all()):  # a pivot that no null vector has to any digit
            continue
        vectors = tuple(
            tuple(_near(value, place in chosen, place == chosen[row], denominator) for place, value in enumerate(line))
            for row, line in enumerate(reduced.tolist())
        )
        if any(abs(entry.numerator) > LINEAR_ALGEBRA.numerator for line in vectors for entry in line):
            continue
        exact = torch.tensor([[float(entry) for entry in line] for line in vectors], dtype=A.dtype) * unit
        length = exact.norm(dim=1)
        left = (A @ exact.T).square().mean(0).sqrt() / length
        noise = (wrong @ exact.T).square().mean(0).sqrt() / length
        if bool(
            (
                left
                > torch.clamp(
                    LINEAR_ALGEBRA.null_factor * noise + LINEAR_ALGEBRA.null_round_off, max=LINEAR_ALGEBRA.null_most
                )
            ).any()
        ):
            continue
        found = Directions(chosen, vectors, float(left.max()))
        if best is None or cost(found, shy) < cost(best, shy):
            best = found
    return best


def _near(value: float, pivot: bool, own: bool, denominator: int) -> Fraction:
    """The short fraction nearest to a value."""
    return Fraction(int(own)) if pivot else Fraction(value).limit_denominator(denominator)
