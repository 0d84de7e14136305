"""What a search is given: rows that fit constants, that choose among formulas, and that only judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..linear_algebra.directions import Directions
from .tuning import TABLES


@dataclass(frozen=True)
class LawRows:
    """X (n, d) and y (n,), in float64; place (n,): of each row in the table that was given, where there was one."""

    X: Tensor
    y: Tensor
    place: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    def first(self, count: int) -> LawRows:
        """The first rows; they were shuffled."""
        return LawRows(self.X[:count], self.y[:count], None if self.place is None else self.place[:count])


@dataclass(frozen=True)
class LawTask:
    """What is given: rows that fit constants, that choose among formulas, and that only judge; names of the columns.

    unsure: what y itself is wrong by where it is a part of a fitted function; 0 for a table that was given.
    features: of that function: its errors are no more independent than that; 0 for a table that was given.
    scalings: what the units of the columns ask of a law, where these are known.
    """

    fitting: LawRows
    choosing: LawRows
    judging: LawRows
    names: tuple[str, ...]
    target: str
    unsure: float = 0.0
    features: int = 0
    scalings: Directions | None = None

    @property
    def spread(self) -> float:
        """Root of the mean squared deviation of y from its mean, on the rows that fit."""
        return float(self.fitting.y.std(unbiased=False))

    @property
    def held_spread(self) -> float:
        """The same on the rows that choose: what the error of a surrogate there is a part of. Where few rows near a
        pole hold most of the spread, the two may be ten times apart."""
        return float(self.choosing.y.std(unbiased=False))

    @property
    def size(self) -> float:
        """Root of the mean square of y: what round-off is measured by."""
        return float(self.fitting.y.square().mean().sqrt())

    def counted(self, rows: int) -> int:
        """How many of so many rows have errors of their own."""
        return min(rows, self.features) if self.features else rows

    @property
    def floor(self) -> float:
        """The error below which none counts as lower."""
        return max(TABLES.exact * self.size, self.unsure)

    @property
    def by_choice(self) -> LawTask:
        """The task in which the rows that choose judge, too: what is decided before the verdict must spare the others.

        Those that judge are left out of it altogether.
        """
        return replace(self, judging=self.choosing)

    @property
    def rows(self) -> LawRows:
        """All rows of the task, each of them once."""
        parts = [self.fitting, self.choosing, *([] if self.judging is self.choosing else [self.judging])]
        places = [part.place for part in parts if part.place is not None]
        place = torch.cat(places) if len(places) == len(parts) else None
        return LawRows(torch.cat([part.X for part in parts]), torch.cat([part.y for part in parts]), place)
