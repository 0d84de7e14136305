"""What a network does in the corners of its data, where hardly a row is: a fit may be exact at every row, held-out ones
included, and absurd there.

Two edges that are steep at an end and cancel each other at all rows do not cancel where only one of them is at its end.
One new row in ten thousand then has an error larger than the spread of the targets. Rows made from the outermost values
of the data's columns show it from the coarsest grid on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...model import KAN
from ..job import Job
from .tuning import TUNED


@dataclass(frozen=True)
class Corners:
    """Made rows x (b, d), and the range of every output's targets: low, high (k,)."""

    x: Tensor
    low: Tensor
    high: Tensor

    @staticmethod
    def of(job: Job) -> Corners | None:
        """The corners of a job's rows; None where targets are no numbers, or with a single column, which has no
        corners."""
        if not job.located or job.x.shape[1] < 2:
            return None
        return Corners(made(job.x, job.seed), job.y.amin(0), job.y.amax(0))

    def overshoot(self, model: KAN) -> float:
        """How far a prediction leaves the range of the targets, at most, in units of that range; infinite where one is
        no number."""
        with torch.no_grad():
            y = model(self.x)
        span = self.high - self.low
        span = torch.where(
            span > TUNED.flat_range * torch.maximum(self.low.abs(), self.high.abs()), span, math.inf
        )  # a constant column has no range
        beyond = torch.maximum(self.low - y, y - self.high).clamp(min=0) / span
        return float(beyond.nan_to_num(nan=math.inf, posinf=math.inf).max())


def made(x: Tensor, seed: int) -> Tensor:
    """Rows (b, d) of x (n, d). Up to `TUNED.moved` columns of each are replaced by one of the outermost values of that
    column, independently.

    >>> made(torch.arange(20.0)[:, None].expand(-1, 2), seed=0).unique().tolist()
    [0.0, 1.0, 18.0, 19.0]
    """
    generator = torch.Generator().manual_seed(seed)
    count, columns = x.shape
    outer = max(1, int(TUNED.outer * count))
    rows = x[torch.randint(count, (TUNED.corner_rows,), generator=generator).to(x.device)]
    moved = torch.rand(TUNED.corner_rows, columns, generator=generator, dtype=torch.float32).argsort(1)[
        :, : TUNED.moved
    ]
    place = torch.randint(outer, moved.shape, generator=generator)
    place = torch.where(
        torch.rand(moved.shape, generator=generator, dtype=torch.float32) < 0.5, place, count - 1 - place
    ).to(x.device)
    moved = moved.to(x.device)
    return rows.scatter(1, moved, x.sort(0).values[place, moved])
