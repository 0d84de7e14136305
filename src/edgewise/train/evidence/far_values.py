"""A few values that lie far from all others: where they begin, and functions that make little of them.

Such values are often mistakes: a zero where nothing was measured, or a number without its point. What functions of
other columns make of such a row fits it alone, and reaches far beyond it.

Letters: n rows, j basis functions, m functions of an edge.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...fitting import dense_basis
from .tuning import TUNED


def ends_of(ordered: Tensor, knots: Tensor, degree: int, along: Tensor) -> tuple[float, float]:
    """The values beyond which a few rows lie far from all others, infinite on a side where none do. ordered (n,): all
    values; along (j,): the coefficients of a line, along which distances are taken."""
    few = _few(ordered)
    if len(ordered) <= 2 * few + 1:
        return -math.inf, math.inf
    places = [0, few, -1 - few, -1]
    first, low, high, last = _along(ordered[places], knots, degree, along)
    reach = TUNED.far * (high - low)
    return (
        float(ordered[few]) if 0 < reach < low - first else -math.inf,
        float(ordered[-1 - few]) if 0 < reach < last - high else math.inf,
    )


def tamed(coef: Tensor, ordered: Tensor, knots: Tensor, degree: int, along: Tensor, mean: Tensor) -> Tensor:
    """The coefficients (j, m) of functions that are flat beyond the ends. Further out, where a value tells of no tail
    but of a mistake, they are as in the mean of the rows: the value says nothing. Arguments are as for `ends_of`; mean
    (m,): of each function."""
    low, high = ends_of(ordered, knots, degree, along)
    met = ((knots[: len(coef)] < high) & (knots[-len(coef) :] > low)).nonzero()[:, 0]  # bases of the other rows
    flat = coef[torch.arange(len(coef)).clamp(met[0], met[-1])]
    few = _few(ordered)
    more = min(TUNED.further_rows * few, len(ordered) // 2)
    places = [few, more, -1 - more, -1 - few]
    outer, inner, above, upper = _along(ordered[places], knots, degree, along)
    nearest = TUNED.far / 2 * (upper - outer)
    apart = torch.zeros_like(along, dtype=torch.bool)
    if low > -math.inf:
        apart |= along < outer - max(TUNED.tail_lengths * (inner - outer), nearest)
    if high < math.inf:
        apart |= along > upper + max(TUNED.tail_lengths * (upper - above), nearest)
    return torch.where(apart[:, None], mean, flat)


def _few(ordered: Tensor) -> int:
    """How many rows on either side may be far."""
    return max(1, int(TUNED.few * len(ordered)))


def _along(x: Tensor, knots: Tensor, degree: int, along: Tensor) -> list[float]:
    """The values of a line with coefficients (j,)."""
    return (dense_basis(x[:, None], knots[None], degree=degree)[:, 0] @ along).tolist()
