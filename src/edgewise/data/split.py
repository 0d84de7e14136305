"""Splitting a table into rows to learn from and rows held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from edgewise.errors import ConfigError, DataError, shown

from .copies import firsts, originals
from .table import Table

PIECES = 16  # that a row of a large weight falls into, at most: enough for a tenth of it to be held out


def split(table: Table, fraction: float = 0.2, seed: int = 0) -> tuple[Table, Table]:
    """A table in two, by a seeded draw of rows: of every class alike, and both in the order of the table.

    Rows of a group stay together, where the table has groups; else copies of a row do. A row that counts several times
    may count in both parts where rows meet by chance: `data/copies.py` says where.

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
    pieces, draw = _pieces(table), torch.Generator().manual_seed(seed)
    first = firsts(pieces.drawn)
    held = torch.zeros(len(first), dtype=torch.bool)
    if table.classes is None:
        held[torch.randperm(len(first), generator=draw)[: round(fraction * len(first))]] = True
    else:
        y = table.y[pieces.owner[first]]
        for code in range(len(table.classes)):
            rows = (y == code).nonzero()[:, 0]
            order = rows[torch.randperm(len(rows), generator=draw)]
            held[order[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    if table.groups is not None:
        held = _with_all_classes(table, pieces, held)
    rest = len(first) - int(held.sum())
    if rest < 2 or not held.any():
        what = "rows" if table.groups is None else "groups"
        raise DataError(f"{len(first)} {what} are too few to hold out {fraction:.0%} of them; give more {what}")
    return _part(table, pieces, ~held), _part(table, pieces, held)


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
    pieces = _pieces(table)
    there = int(pieces.drawn.max()) + 1 if len(pieces.drawn) else 0
    count = min(count, there)
    if count < 3:
        what = "rows" if table.groups is None else "groups"
        raise DataError(f"{there} {what} are too few to hold out some of them in turn; give at least 3")
    place = torch.randperm(there, generator=torch.Generator().manual_seed(seed)) % count
    for number in range(count):
        yield _part(table, pieces, place != number), _part(table, pieces, place == number)


class Pieces(NamedTuple):
    """What a table falls into: the row that each piece is of (m,), what it counts (m,), and which draw takes it (m,):
    pieces of one number fall into the same part."""

    owner: Tensor
    weight: Tensor
    drawn: Tensor


def _pieces(table: Table) -> Pieces:
    """One piece for each row, of which copies are drawn together, or those of a group. Where rows meet by chance, one
    that counts several times falls into several pieces, and whole weights into whole ones."""
    every = torch.arange(len(table))
    number = originals(table.X, table.y, table.weight) if table.groups is None else _in_turn(table.groups)
    if number is not None or table.weight is None:
        weight = torch.ones(len(table), dtype=torch.float64) if table.weight is None else table.weight
        return Pieces(every, weight, every if number is None else number)
    number = table.weight.floor().clamp(1, PIECES).long()
    owner = every.repeat_interleave(number)
    place = torch.arange(len(owner)) - (number.cumsum(0) - number)[owner]  # of a piece in its row
    whole = table.weight == table.weight.round()
    share = torch.where(whole, (table.weight / number).floor(), table.weight / number)
    left = torch.where(whole, table.weight - share * number, 0.0)  # pieces that count one more
    return Pieces(owner, share[owner] + (place < left[owner]), torch.arange(len(owner)))


def _in_turn(groups: Tensor) -> Tensor:
    """The groups (n,) numbered 0, 1, ... in the order in which they first occur."""
    _, code = groups.unique(return_inverse=True)
    rank = torch.empty(int(code.max()) + 1 if len(code) else 0, dtype=torch.long)
    rank[code[firsts(code)]] = torch.arange(len(rank))
    return rank[code]


def _with_all_classes(table: Table, pieces: Pieces, held: Tensor) -> Tensor:
    """The draws (u,) that are held out, less the first with a class that the rest would have no row of."""
    if table.classes is None:
        return held
    for code in range(len(table.classes)):
        mine = pieces.drawn[table.y[pieces.owner] == code]
        if len(mine) and held[mine].all():
            held[mine[0]] = False
    return held


def _part(table: Table, pieces: Pieces, mask: Tensor) -> Table:
    """The rows whose draws (u,) fell into a part, with what their pieces count."""
    mine = mask[pieces.drawn]
    sums = torch.zeros(len(table), dtype=torch.float64).index_add_(0, pieces.owner[mine], pieces.weight[mine])
    rows = sums.nonzero()[:, 0]
    return replace(table.take(rows), weight=None if table.weight is None else sums[rows])
