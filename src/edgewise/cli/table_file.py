"""The table that a command was given, with the columns that its options name."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..data import Grid, Table, from_grid, read_file
from ..data.faults import ROWS, columns_among
from .options import names


def read(args: argparse.Namespace) -> Table:
    """The table with the columns that the options name. Raises `DataError`."""
    return as_table(cells(args), args)


def cells(args: argparse.Namespace) -> Grid:
    """The cells of the file that the options name. Raises `DataError`."""
    asked = [name for texts in _given(args).values() for text in texts or () for name in (text, *names([text], ()))]
    asked += [args.groups] if args.groups else []
    return read_file(args.table, named=columns_among(asked), drop_rows=ROWS in asked)


def as_table(grid: Grid, args: argparse.Namespace, levels: Sequence[str] = ()) -> Table:
    """The table of these cells, with the columns that the options name. Raises `DataError`.

    levels: columns that hold levels besides those that the options name.
    """
    given = _given(args)
    chosen = {option: names(texts, grid.names) for option, texts in given.items()}
    return from_grid(
        grid,
        chosen["target"],
        features=chosen["features"] if given["features"] else None,
        drop=chosen["drop"],
        categorical=[*dict.fromkeys([*chosen["categorical"], *levels])],
        task=args.task,
        groups=args.groups,
    )


def _given(args: argparse.Namespace) -> dict[str, Sequence[str] | None]:
    """The options that name columns, as they were written."""
    return {option: getattr(args, option) for option in ("target", "features", "drop", "categorical")}
