"""Values that lie farther out than the tail of a column reaches: mostly mistakes.

A zero may stand where nothing was measured, and a number may lack its point. Products of the functions of such a row
fit it alone, and reach far beyond it.

Letters: n rows, j basis functions, m functions of an edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...fitting import dense_basis
from .tuning import TUNED


@dataclass(frozen=True)
class Fences:
    """Where far values begin on either side, infinite where there are none: on the scale along which the line of the
    column is straight (2,); the innermost far values (2,); and the outermost of the others, the ends (2,)."""

    along: tuple[float, float]
    inner: tuple[float, float]
    ends: tuple[float, float]

    @staticmethod
    def of(ordered: Tensor, knots: Tensor, degree: int, along: Tensor) -> Fences:
        """Those of a column. ordered (n,): its values; along (j,): the coefficients of its line, in which distances
        are taken."""
        few = max(1, int(TUNED.few * len(ordered)))
        more = min(TUNED.further_rows * few, len(ordered) // 2)
        none = -math.inf, math.inf
        if more <= few:
            return Fences(none, none, none)
        lowest, highest = ordered[: more + 1], ordered.flip(0)[: more + 1]  # from the outermost one
        low, high = (
            dense_basis(values[:, None], knots[None], degree=degree)[:, 0] @ along for values in (lowest, highest)
        )
        least = TUNED.far * float(high[few] - low[few])
        if not least > 0:
            return Fences(none, none, none)
        fence = (
            float(low[few]) - max(TUNED.tail_lengths * float(low[more] - low[few]), least),
            float(high[few]) + max(TUNED.tail_lengths * float(high[few] - high[more]), least),
        )
        below, above = int((low < fence[0]).sum()), int((high > fence[1]).sum())  # at most a few
        none_below, none_above = (-math.inf,) * 3, (math.inf,) * 3
        first = (fence[0], float(lowest[below - 1]), float(lowest[below])) if below else none_below
        last = (fence[1], float(highest[above - 1]), float(highest[above])) if above else none_above
        return Fences(*zip(first, last, strict=True))

    def without(self, coef: Tensor, knots: Tensor, along: Tensor, mean: Tensor) -> Tensor:
        """The coefficients (j, m) of functions that are what they are in the mean (m,) where values are far, so that
        these say nothing. knots (G+2p+1,) and along (j,): as for `of`."""
        below = (along < self.along[0]) | (knots[: len(coef)] < self.inner[0])
        above = (along > self.along[1]) | (knots[-len(coef) :] > self.inner[1])
        return torch.where((below | above)[:, None], mean, coef)
