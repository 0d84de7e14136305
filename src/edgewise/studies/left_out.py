"""Fits of a structure that was found to parts of the rows, to tell what it says of the others."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..data import Table, together
from ..model import KAN
from ..train.refit import refit
from ..train.result import FitResult
from .tuning import TUNED


def in_turn(result: FitResult, rows: Table) -> Iterator[tuple[Tensor, KAN, Table]]:
    """The places (m,) of the rows that are left out, the network of a fit of the same structure to the others, and
    these others, so often that each row is left out once. Groups are left out whole, where there are enough of them."""
    unit = torch.arange(len(rows)) if rows.groups is None else together(rows.groups)
    unit = unit if int(unit.max()) + 1 >= TUNED.turns else torch.arange(len(rows))
    place = (torch.randperm(int(unit.max()) + 1, generator=torch.Generator().manual_seed(1)) % TUNED.turns)[unit]
    for fold in range(TUNED.turns):
        old = rows.take((place != fold).nonzero()[:, 0])
        again = refit(result, old.X, old.y, **old.row_settings, progress=False)
        yield (place == fold).nonzero()[:, 0], again.model, old
