"""Tables in: text files, arrays, DataFrames and functions become a `Table`; new tables become the inputs of a trained
model."""

from __future__ import annotations

from .convert import as_codes, as_matrix, as_pair, as_target, holds_classes
from .encode import Rows, encode, raw_columns
from .reader import Grid, read_grid
from .split import split
from .table import Table, from_arrays, from_dataframe, from_function, from_grid, read_csv

__all__ = [
    "Grid",
    "Rows",
    "Table",
    "as_codes",
    "as_matrix",
    "as_pair",
    "as_target",
    "encode",
    "from_arrays",
    "from_dataframe",
    "from_function",
    "from_grid",
    "holds_classes",
    "raw_columns",
    "read_csv",
    "read_grid",
    "split",
]
