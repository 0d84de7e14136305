"""Columns of levels in a table file, for `edgewise discover`: the table in parts, one for each level."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from torch import Tensor

from ..data import Grid, Table
from ..data.cells import read_numbers
from ..discovery.level_rows import LevelRows, parted
from ..errors import DataError, few, shown
from ..metadata import MISSING
from .fit_command import as_table


def with_levels(grid: Grid, args: argparse.Namespace) -> Table:
    """The table of these cells, in which truth values are levels too, and rare levels stay by themselves.

    Raises `DataError` for a column that misses its level somewhere.
    """
    table = as_table(grid, args)
    cells = dict(zip(grid.names, grid.columns, strict=True))
    truths = [name for name in table.inputs if name in cells and read_numbers(cells[name], grid.decimal).truth]
    if not table.categories and not truths:
        return table
    table = as_table(grid, args, [*table.categories, *truths])
    for name, levels in table.categories.items():
        if MISSING in levels:
            lines = [table.lines[row] for row, level in enumerate(table.raw()[name]) if level == MISSING]
            raise DataError(
                f"column {shown(name)} misses its level in {grid.unit} {few(lines, 3)}; fill it in, leave such rows out"
                " with --drop rows, or the column with --drop"
            )
    return table


def number_places(table: Table) -> list[int]:
    """The places of the inputs that are no levels."""
    sources = table.metadata().sources() or table.inputs
    return [place for place, source in enumerate(sources) if source not in table.categories]


def in_parts(table: Table, X: Tensor, names: Sequence[str]) -> LevelRows:
    """The table in parts, with numbers X (n, d) of these names. Raises `DataError` where levels cannot be used."""
    if not names:
        raise DataError(f"all columns hold levels ({few([*table.categories])}); a law needs a column of numbers")
    return parted(row_levels(table), X, table.y[:, 0], names, table.outputs[0])


def row_levels(table: Table) -> Mapping[str, list[str]]:
    """The level of each row, by the column."""
    raw = table.raw()
    return {column: raw[column] for column in table.categories}
