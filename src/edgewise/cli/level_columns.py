"""The table that `edgewise discover` reads, and its parts, one for each level of its columns of text."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from torch import Tensor

from ..data import Grid, Table
from ..data.cells import read_numbers
from ..discovery.levels.level_rows import LevelRows, parted
from ..errors import DataError, few, shown
from ..metadata import MISSING
from .options import names as split_names
from .table_file import as_table


def with_levels(grid: Grid, args: argparse.Namespace) -> Table:
    """The table of these cells, in which truth values are levels too, and rare levels stay by themselves.

    Raises `DataError` for a column that misses a cell somewhere, and where the target is to hold levels.
    """
    table = as_table(grid, args)
    for name in split_names(args.categorical, grid.names):
        if name in table.outputs:
            raise DataError(f"--categorical names the target {shown(name)}, which a law gives as numbers; leave it out")
    cells = dict(zip(grid.names, grid.columns, strict=True))
    truths = [name for name in table.inputs if name in cells and read_numbers(cells[name], grid.decimal).truth]
    if table.categories or truths:
        table = as_table(grid, args, [*table.categories, *truths])
    for name in (*table.categories, *table.encoding.gaps):
        if lines := _without(name, table):
            what = "level" if name in table.categories else "number"
            places = f"{grid.unit}{'s' if len(lines) > 1 else ''} {few(lines, 3)}"
            raise DataError(
                f"column {shown(name)} misses its {what} in {places}, and a law is found in measured cells alone; fill"
                " it in, leave such rows out with --drop rows, or the column with --drop"
            )
    return table


def _without(name: str, table: Table) -> list[int]:
    """The lines that miss a cell of this column, where it is one that says so."""
    if name in table.categories:
        gaps = [level == MISSING for level in table.raw()[name]]
    elif (column := f"{name}={MISSING}") in table.inputs:
        gaps = (table.X[:, table.inputs.index(column)] != 0).tolist()
    else:
        return []
    return [table.lines[row] for row, gap in enumerate(gaps) if gap]


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
