"""Whatever holds rows -> the inputs of a network: columns are found by name where both sides have names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from edgewise.errors import ShapeError
from edgewise.metadata import Metadata

from .convert import as_numbers
from .encode import encode
from .frames import frame_names, is_frame
from .table import Table

# n rows, d inputs


def as_inputs(
    X: Any,
    metadata: Metadata,
    *,
    width: int,
    used: Collection[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """X as the tensor (n, width) that a network takes; numbers that are not finite stay where they are.

    Args:
        X: a tensor, an array or nested lists (n, width); or a DataFrame, a mapping of columns, a `Table`. Their columns
            are found by the names in `metadata`, in any order; text becomes levels. Without names there, and in a
            DataFrame whose columns have numbers for names, they count by their order.
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
        X = X.raw() if named else X.X
    if isinstance(X, Mapping) or (named and is_frame(X) and frame_names(X)):
        X = encode(X, metadata if named else Metadata(), used=used if named else None).X
        if X.shape[1] != width:
            raise ShapeError(f"X has {X.shape[1]} columns, the model takes {width}")
    return as_numbers(X, width=width, dtype=dtype, device=device)
