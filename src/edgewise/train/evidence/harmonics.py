"""The functions of an edge from an input that comes round again: sums of waves, so that they repeat for ever.

On the rows they are orthogonal to each other and to constants, and so are their roughnesses, as those of other edges
(`edge_basis.py`). The roughness of a wave is the fourth power of its number, that of a periodic smoothing spline (Wahba
1990, doi:10.1137/1.9781611970128, chapter 2).

Letters: n rows, k waves, m functions of an edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .edge_basis import blocks, curves, knots_of
from .tuning import TUNED


@dataclass(frozen=True)
class Harmonics:
    """The functions of an edge from a periodic input: curves without a line.

    knots: of the grid that a network needs for every input. period: in units of the input. coef (2 k + 1, m): how much
    of 1, of every cosine and of every sine is in each function. mean (m,): what they lose so that their mean over the
    rows is zero. roughness (m,): in units of the first.
    """

    knots: Tensor
    degree: int
    period: float
    coef: Tensor
    mean: Tensor
    roughness: Tensor
    rough = 0  # there are no rough functions
    lines = 0

    @property
    def size(self) -> int:
        """How many functions there are."""
        return len(self.roughness)

    def values(self, x: Tensor) -> Tensor:
        """The functions at x (n,): (n, m)."""
        return _waves(x / self.period) @ self.coef - self.mean

    def bounds(self) -> Tensor:
        """The functions (p, m) at points of one period, so dense that sums of them are hardly lower in between."""
        count = TUNED.points_a_wave * (len(self.coef) // 2)
        return self.values(self.period * torch.arange(count, dtype=self.mean.dtype) / count)

    def lowest(self, coef: Tensor) -> float:
        """A number that the sum of the functions with coefficients (m,) is never below, and hardly above.

        The second derivative of k waves is at most k squared times their size (Bernstein's inequality). So between two
        points they fall by no more than half of that times the square of half the distance.
        """
        waves = len(self.coef) // 2
        count = TUNED.points_a_wave**2 * waves
        found = self.values(self.period * torch.arange(count, dtype=coef.dtype) / count) @ coef
        low, high = float(found.min()), float(found.max())
        return low - 0.5 * (high - low) * (math.pi * waves / count) ** 2

    def sines(self, coef: Tensor) -> tuple[list[tuple[float, float, float]], float]:
        """The sum of the functions with coefficients (m,) as sines, (factor of the input, phase, size) each, and a
        constant."""
        parts = self.coef @ coef
        cosines, sines = parts[1:].chunk(2)
        sizes, phases = torch.hypot(cosines, sines).tolist(), torch.atan2(cosines, sines).tolist()
        least = TUNED.still * max(sizes)
        each = zip(range(1, len(sizes) + 1), phases, sizes, strict=True)
        found = [(2 * math.pi * number / self.period, phase, size) for number, phase, size in each if size > least]
        return found, float(parts[0] - self.mean @ coef)


def harmonics(x: Tensor, share: Tensor, period: float, degree: int, intervals: int, most: int) -> Harmonics:
    """The functions of an edge from an input x (n,) that repeats after `period`: at most so many. share (n,): what a
    row counts, of one."""
    count = 2 * TUNED.waves + 1
    gram, mean = torch.zeros(count, count, dtype=x.dtype), torch.zeros(count, dtype=x.dtype)
    for rows in blocks(len(x), count):
        waves = _waves(x[rows] / period)
        gram.addmm_(waves.T, share[rows, None] * waves)
        mean += share[rows] @ waves
    number = torch.arange(1, TUNED.waves + 1, dtype=x.dtype)
    bending = torch.cat([number.new_zeros(1), number**4, number**4]).diag()
    constant = torch.zeros(count, 1, dtype=x.dtype)
    constant[0] = 1.0
    distinct = len(torch.unique(torch.remainder(x, period)))
    coef, roughness = curves(gram, bending, constant, min(most, distinct - 1))
    if not len(roughness):
        coef, roughness = gram.new_zeros(count, 1), gram.new_ones(1)
    return Harmonics(knots_of(x, degree, intervals), degree, period, coef, mean @ coef, roughness)


def _waves(turns: Tensor) -> Tensor:
    """1, the cosines and the sines of whole multiples of so many turns (n,): (n, 2 k + 1)."""
    number = torch.arange(1, TUNED.waves + 1, dtype=turns.dtype)
    angle = 2 * math.pi * turns[:, None] * number
    return torch.cat([torch.ones_like(angle[:, :1]), angle.cos(), angle.sin()], 1)
