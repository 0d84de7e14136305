"""Splitting a table into rows to learn from and rows held out."""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.errors import ConfigError, DataError, shown

from .table import Table


def split(table: Table, fraction: float = 0.2, seed: int = 0) -> tuple[Table, Table]:
    """A table in two, by a seeded draw of rows: of every class alike, and both in the order of the table.

    Args:
        table: what to split.
        fraction (above 0, below 1): the part of the rows that is held out.
        seed: of the draw.

    Returns:
        (rest, held out). Every class and at least two rows stay in the rest.

    Raises:
        ConfigError: a fraction outside its range.
        DataError: too few rows.

    >>> from edgewise.data import from_function
    >>> rest, held = split(from_function(lambda x: x[:, 0] ** 2, [(0, 1)], 10), 0.3)
    >>> len(rest), len(held)
    (7, 3)
    """
    if not 0.0 < fraction < 1.0:
        raise ConfigError(f"fraction must lie between 0 and 1, got {shown(fraction)}")
    draw = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(table), dtype=torch.bool)
    if table.classes is None:
        held[torch.randperm(len(table), generator=draw)[: round(fraction * len(table))]] = True
    else:
        for code in range(len(table.classes)):
            rows = (table.y == code).nonzero()[:, 0]
            order = rows[torch.randperm(len(rows), generator=draw)]
            held[order[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    rest = len(table) - int(held.sum())
    if rest < 2 or not held.any():
        raise DataError(f"{len(table)} rows are too few to hold out {fraction:.0%} of them; give more rows")
    return table.take(_rows(~held)), table.take(_rows(held))


def _rows(mask: Tensor) -> Tensor:
    return mask.nonzero()[:, 0]
