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

    Copies of a row stay together; so do the rows of a group, where the table has groups. A row that counts several
    times may count in both parts where rows meet by chance: `data/copies.py` says where.

    Args:
        table: what to split.
        fraction (above 0, below 1): the part of the rows that is held out; of whole groups, as near to it as they come.
        seed: of the draw.

    Returns:
        (rest, held out). Every class and at least two rows stay in the rest, or one group.

    Raises:
        ConfigError: a fraction outside its range.
        DataError: too few rows, or no group that can be held out.

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
    if table.groups is not None:
        held = _whole_groups(table, pieces, fraction, draw)
    elif table.classes is None:
        held[torch.randperm(len(first), generator=draw)[: round(fraction * len(first))]] = True
    else:
        y = table.y[pieces.owner[first]]
        for code in range(len(table.classes)):
            rows = (y == code).nonzero()[:, 0]
            order = rows[torch.randperm(len(rows), generator=draw)]
            held[order[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    if not held.any() and table.groups is not None:
        raise DataError(f"no group of {len(first)} can be held out: each has the only rows of a class, or all rows")
    if not held.any() or (table.groups is None and len(first) - int(held.sum()) < 2):
        raise DataError(f"{len(first)} rows are too few to hold out {fraction:.0%} of them; give more rows")
    return _part(table, pieces, ~held), _part(table, pieces, held)


def folds(table: Table, count: int, seed: int = 0) -> Iterator[tuple[Table, Table]]:
    """(rest, held out) so often that every row is held out once, by a seeded draw.

    Args:
        table: what to split.
        count: how often; as often as there are rows, where these are fewer.
        seed: of the draw.

    Raises:
        DataError: fewer than three rows or groups.

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


class TablePieces(NamedTuple):
    """What a table falls into: the row that each piece is of (m,), what it counts (m,), and which draw takes it (m,):
    pieces of one number fall into the same part."""

    owner: Tensor
    weight: Tensor
    drawn: Tensor


def _pieces(table: Table) -> TablePieces:
    """One piece for each row, of which copies are drawn together, as are those of a group. Where rows meet by chance,
    one that counts several times falls into several pieces, and whole weights into whole ones."""
    number, every = originals(table.X, table.y, table.weight), torch.arange(len(table))
    if table.groups is not None:
        number = together(table.groups, number)
    if number is not None or table.weight is None:
        weight = torch.ones(len(table), dtype=torch.float64) if table.weight is None else table.weight
        return TablePieces(every, weight, every if number is None else number)
    number = table.weight.floor().clamp(1, PIECES).long()
    owner = every.repeat_interleave(number)
    place = torch.arange(len(owner)) - (number.cumsum(0) - number)[owner]  # of a piece in its row
    whole = table.weight == table.weight.round()
    share = torch.where(whole, (table.weight / number).floor(), table.weight / number)
    left = torch.where(whole, table.weight - share * number, 0.0)  # pieces that count one more
    return TablePieces(owner, share[owner] + (place < left[owner]), torch.arange(len(owner)))


def together(groups: Tensor, copies: Tensor | None = None) -> Tensor:
    """Which rows are drawn together (n,), 0, 1, ... in the order in which they first occur: those of a group, and of
    all groups that share copies of a row. groups, copies (n,): numbers that rows share.

    >>> together(torch.tensor([4, 4, 2, 2, 9]), torch.tensor([0, 1, 2, 1, 3])).tolist()
    [0, 0, 0, 0, 1]
    """
    unit = code = groups.unique(return_inverse=True)[1]
    shared, before = [code] if copies is None else [copies, code], None
    while before is None or not torch.equal(unit, before):
        before = unit
        for code in shared:
            unit = torch.full_like(code, len(code)).scatter_reduce(0, code, unit, "amin")[code]
    code = unit.unique(return_inverse=True)[1]
    return firsts(code).argsort().argsort()[code]


def _whole_groups(table: Table, pieces: TablePieces, fraction: float, draw: torch.Generator) -> Tensor:
    """The draws (u,) that are held out: in a drawn order, each that brings the rows nearer to this part of them, or the
    smallest where none does. Every class that was there stays in the rest."""
    classes = torch.zeros(len(table), dtype=torch.long) if table.classes is None else table.y
    count = int(pieces.drawn.max()) + 1
    rows = torch.zeros(int(classes.max()) + 1, count, dtype=pieces.weight.dtype)  # of each class in each draw
    rows.index_put_((classes[pieces.owner], pieces.drawn), pieces.weight, accumulate=True)
    sizes, left, held = rows.sum(0), rows.sum(1), torch.zeros(count, dtype=torch.bool)
    wanted = fraction * float(sizes.sum())
    in_turn, by_size = torch.randperm(count, generator=draw).tolist(), sizes.argsort(stable=True).tolist()
    for group in in_turn:
        if sizes[group] < 2 * wanted and _may_go(rows[:, group], left):
            held[group], wanted, left = True, wanted - float(sizes[group]), left - rows[:, group]
    smallest = next((group for group in by_size if _may_go(rows[:, group], left)), None)
    if not held.any() and smallest is not None:
        held[smallest] = True
    return held


def _may_go(rows: Tensor, left: Tensor) -> bool:
    """Whether so many rows of each class (k,) are not all that there are left."""
    return bool(((left > rows) | (rows == 0)).all())


def _part(table: Table, pieces: TablePieces, mask: Tensor) -> Table:
    """The rows whose draws (u,) fell into a part, with what their pieces count."""
    mine = mask[pieces.drawn]
    sums = torch.zeros(len(table), dtype=torch.float64).index_add_(0, pieces.owner[mine], pieces.weight[mine])
    rows = sums.nonzero()[:, 0]
    return replace(table.take(rows), weight=None if table.weight is None else sums[rows])
