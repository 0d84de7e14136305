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
    column is straight (2,), and the outermost values of the others (2,)."""

    along: tuple[float, float]
    ends: tuple[float, float]

    @staticmethod
    def of(ordered: Tensor, knots: Tensor, degree: int, along: Tensor) -> Fences:
        """Those of a column. ordered (n,): its values; along (j,): the coefficients of its line, in which distances
        are taken."""
        few = max(1, int(TUNED.few * len(ordered)))
        more = min(TUNED.further_rows * few, len(ordered) // 2)
        none = -math.inf, math.inf
        if more <= few:
            return Fences(none, none)
        lowest, highest = ordered[: more + 1], ordered.flip(0)[: more + 1]  # from the outermost one
        low, high = (
            dense_basis(values[:, None], knots[None], degree=degree)[:, 0] @ along for values in (lowest, highest)
        )
        least = TUNED.far * float(high[few] - low[few])
        if not least > 0:
            return Fences(none, none)
        fence = (
            float(low[few]) - max(TUNED.tail_lengths * float(low[more] - low[few]), least),
            float(high[few]) + max(TUNED.tail_lengths * float(high[few] - high[more]), least),
        )
        below, above = int((low < fence[0]).sum()), int((high > fence[1]).sum())  # at most a few
        return Fences(
            (fence[0] if below else -math.inf, fence[1] if above else math.inf),
            (float(lowest[below]) if below else -math.inf, float(highest[above]) if above else math.inf),
        )

    def without(self, coef: Tensor, along: Tensor, mean: Tensor) -> Tensor:
        """The coefficients (j, m) of functions that are what they are in the mean (m,) where values are far, so that
        these say nothing. along (j,): as for `of`."""
        far = (along < self.along[0]) | (along > self.along[1])
        return torch.where(far[:, None], mean, coef)
