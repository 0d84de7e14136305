"""Tables in: text files, arrays, DataFrames and functions become a `Table`; new tables become the inputs of a trained
model."""

from __future__ import annotations

from .any_rank import as_rows, whole_numbers
from .build import all_inputs
from .cell_grids import grid_of, read_file
from .classes import as_codes, label_values
from .convert import as_matrix, as_pair, as_target
from .copies import few_possible, firsts, inputs_alike, observations, originals
from .encode import EncodedRows, beyond_ranges, encode, raw_columns
from .frames import frame_names, holds_classes
from .groups import as_groups
from .inputs import as_inputs
from .reader import Grid
from .relevel import encoded_like, read_as_levels
from .sampling import from_function
from .split import folds, split, together
from .table import Table, from_arrays, from_dataframe, from_grid, read_csv
from .weights import as_weights, distinct, given_weights

__all__ = [
    "Grid",
    "EncodedRows",
    "Table",
    "all_inputs",
    "as_codes",
    "as_groups",
    "as_inputs",
    "as_matrix",
    "as_pair",
    "as_rows",
    "as_target",
    "as_weights",
    "beyond_ranges",
    "distinct",
    "encode",
    "encoded_like",
    "few_possible",
    "firsts",
    "folds",
    "frame_names",
    "from_arrays",
    "from_dataframe",
    "from_function",
    "from_grid",
    "given_weights",
    "grid_of",
    "holds_classes",
    "inputs_alike",
    "label_values",
    "observations",
    "originals",
    "raw_columns",
    "read_as_levels",
    "read_csv",
    "read_file",
    "split",
    "together",
    "whole_numbers",
]
