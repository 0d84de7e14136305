"""Whatever holds rows -> the inputs of a network: columns are found by name where both sides have names."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import EdgewiseWarning, ShapeError, few, shown
from edgewise.metadata import MISSING, Metadata

from .cell_grids import as_array, columns_of
from .convert import as_numbers
from .dates import days_of
from .encode import encode, raw_columns
from .frames import as_frame, frame_names, is_frame
from .table import Table

# n rows, d inputs

CALLERS = 6  # between `as_inputs` and who called `predict`: whose line a warning names


def as_inputs(
    X: Any,
    metadata: Metadata,
    *,
    width: int,
    used: Collection[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """X as the tensor (n, width) that a network takes; numbers that are not finite stay where they are, but for missing
    ones of which the metadata say what stands in.

    Args:
        X: a tensor, an array or nested lists (n, width); or a DataFrame, a mapping of columns, a `Table`. Their columns
            are found by the names in `metadata`, in any order; text becomes levels. Without names there, and in a
            DataFrame whose columns have numbers for names, they count by their order. Where columns became several
            inputs, an array may hold the columns instead.
        metadata: the names, levels and ranges that the network was fitted to.
        width: the number of inputs.
        used: positions of the inputs in use; named columns for the others may be missing, and count as zero.
        dtype: of the result.
        device: of the result.

    Raises:
        ShapeError: another number of columns than `width`.
        DataError: columns that are missing, or cells that are no numbers.

    >>> as_inputs({"b": [1.0], "a": [5.0]}, Metadata(inputs=("a", "b")), width=2)
    tensor([[5., 1.]], dtype=torch.float64)
    """
    named = len(metadata.inputs) == width
    if isinstance(X, Table):
        X = X.X if not named or _same_inputs(X, metadata) else X.raw()
    raw = len(raw_columns(metadata)) if named else width
    X = as_frame(X)
    by_name = isinstance(X, Mapping) or (named and is_frame(X) and bool(frame_names(X)))
    if by_name or (_width(X) == raw and (raw != width or _holds_days(X, metadata))):
        rows = encode(X, metadata if named else Metadata(), used=used if named else None)
        if rows.X.shape[1] != width:
            raise ShapeError(f"X has {rows.X.shape[1]} columns, the model takes {width}")
        for note in rows.stand_ins:
            warnings.warn(note, EdgewiseWarning, stacklevel=CALLERS)
        X = rows.X
    values = as_numbers(X, width=width, dtype=dtype, device=device)
    return _filled(values, metadata) if named and metadata.encoding.fills else values


def _same_inputs(table: Table, metadata: Metadata) -> bool:
    """Whether a table became the same inputs, in the same order."""
    return table.inputs == metadata.inputs and dict(table.categories) == dict(metadata.categories)


def _holds_days(X: Any, metadata: Metadata) -> bool:
    """Whether rows without names, as wide as the inputs, hold dates in a column of these, and not the years that are
    its input: text, or whole numbers such as 20201231."""
    dated = {f"{column}=year" for column in metadata.encoding.dates}
    places = [place for place, name in enumerate(metadata.inputs) if name in dated]
    columns = columns_of(as_array(X, "X")) if places else []
    return any(isinstance(columns[place], list) or not np.isnat(days_of(columns[place])).all() for place in places)


def _width(X: Any) -> int:
    """The columns of rows of any kind, 0 where that is not to be seen."""
    shape = tuple(getattr(X, "shape", ()))
    if not shape and isinstance(X, list | tuple) and len(X) and isinstance(X[0], list | tuple):
        return len(X[0])
    return shape[1] if len(shape) == 2 else 0


def _filled(values: Tensor, metadata: Metadata) -> Tensor:
    """The inputs with what stands in for missing numbers (nan), and a warning of those that never missed before."""
    gaps, inputs, told = values.isnan(), metadata.inputs, []
    if not bool(gaps.any()):
        return values
    values = values.clone()
    for place in gaps.any(0).nonzero()[:, 0].tolist():
        name = inputs[place]
        if name not in metadata.encoding.fills:
            continue
        values[gaps[:, place], place] = metadata.encoding.fills[name]
        if name in metadata.encoding.gaps:
            values[gaps[:, place], inputs.index(f"{name}={MISSING}")] = 1.0
        else:
            told.append(shown(name))
    if told:
        words = f"missing numbers of {few(told)}, which never missed in training: the median stands in"
        warnings.warn(words, EdgewiseWarning, stacklevel=CALLERS)
    return values
