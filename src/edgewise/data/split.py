"""Splitting a table into rows to learn from and rows held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from edgewise.errors import ConfigError, DataError, shown

from .table import Table

PIECES = 16  # that a row of a large weight falls into, at most: enough for a tenth of it to be held out


def split(table: Table, fraction: float = 0.2, seed: int = 0) -> tuple[Table, Table]:
    """A table in two, by a seeded draw of rows: of every class alike, and both in the order of the table.

    A row that counts several times may count in both parts.

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
    owner, weight = _pieces(table)
    y, draw = table.y[owner], torch.Generator().manual_seed(seed)
    held = torch.zeros(len(owner), dtype=torch.bool)
    if table.classes is None:
        held[torch.randperm(len(owner), generator=draw)[: round(fraction * len(owner))]] = True
    else:
        for code in range(len(table.classes)):
            rows = (y == code).nonzero()[:, 0]
            order = rows[torch.randperm(len(rows), generator=draw)]
            held[order[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    rest = len(owner) - int(held.sum())
    if rest < 2 or not held.any():
        raise DataError(f"{len(owner)} rows are too few to hold out {fraction:.0%} of them; give more rows")
    return _part(table, owner, weight, ~held), _part(table, owner, weight, held)


def folds(table: Table, count: int, seed: int = 0) -> Iterator[tuple[Table, Table]]:
    """(rest, held out) so often that every row is held out once, by a seeded draw.

    Args:
        table: what to split.
        count: how often; as often as there are rows, where these are fewer.
        seed: of the draw.

    Raises:
        DataError: fewer than three rows.

    >>> from edgewise.data import from_function
    >>> [len(held) for _, held in folds(from_function(lambda x: x[:, 0] ** 2, [(0, 1)], 10), 3)]
    [4, 3, 3]
    """
    owner, weight = _pieces(table)
    count = min(count, len(owner))
    if count < 3:
        raise DataError(f"{len(owner)} rows are too few to hold out some of them in turn; give at least 3")
    place = torch.randperm(len(owner), generator=torch.Generator().manual_seed(seed)) % count
    for number in range(count):
        yield _part(table, owner, weight, place != number), _part(table, owner, weight, place == number)


def _pieces(table: Table) -> tuple[Tensor, Tensor]:
    """What is drawn: the row that each piece is of (m,), and what it counts (m,). A row that counts once is one piece;
    whole weights fall into whole pieces."""
    if table.weight is None:
        return torch.arange(len(table)), torch.ones(len(table), dtype=torch.float64)
    number = table.weight.floor().clamp(1, PIECES).long()
    owner = torch.arange(len(table)).repeat_interleave(number)
    place = torch.arange(len(owner)) - (number.cumsum(0) - number)[owner]  # of a piece in its row
    whole = table.weight == table.weight.round()
    share = torch.where(whole, (table.weight / number).floor(), table.weight / number)
    left = torch.where(whole, table.weight - share * number, 0.0)  # pieces that count one more
    return owner, share[owner] + (place < left[owner])


def _part(table: Table, owner: Tensor, weight: Tensor, mask: Tensor) -> Table:
    """The rows of these pieces, with what the pieces count."""
    sums = torch.zeros(len(table), dtype=torch.float64).index_add_(0, owner[mask], weight[mask])
    rows = sums.nonzero()[:, 0]
    return replace(table.take(rows), weight=None if table.weight is None else sums[rows])
