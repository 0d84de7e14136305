"""Labels of groups, such as patients -> which group each row is of."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError, shown

from .cell_grids import as_array
from .frames import is_missing


def as_labels(groups: Any, rows: int) -> np.ndarray:
    """A label for each row (n,), of whatever holds them. Raises `ShapeError`."""
    if isinstance(groups, str):
        raise ShapeError(f"groups is {shown(groups)}, wanted {rows} labels, one for each row of X")
    labels = as_array(groups, "groups")
    if labels.shape != (rows,):
        raise ShapeError(f"groups has shape {labels.shape}, wanted ({rows},): a label for each row of X")
    return labels


def as_groups(groups: Any, rows: int) -> Tensor:
    """The group of each row (n,): 0, 1, ... int64.

    Args:
        groups (n,): a label for each row, of any kind.
        rows: n.

    Raises:
        ShapeError: another shape.
        DataError: a row without a label.

    >>> as_groups(["Ann", "Bob", "Ann"], 3).tolist()
    [0, 1, 0]
    """
    labels = as_labels(groups, rows)
    if labels.dtype.kind not in "biufUS":
        none = [is_missing(label) for label in labels.tolist()]
        labels = np.array(["" if missing else str(label) for label, missing in zip(labels, none, strict=True)])
    missing = np.isnan(labels) if labels.dtype.kind == "f" else labels == "" if labels.dtype.kind in "US" else None
    if missing is not None and missing.any():
        first, more = int(missing.argmax()), int(missing.sum()) - 1
        others = f" and {more} more" if more else ""
        raise DataError(f"groups has no label in row {first}{others}; each row needs one, or leave these rows out")
    return torch.from_numpy(np.unique(labels, return_inverse=True)[1].astype(np.int64))


def label_texts(cells: Any) -> list[str]:
    """The labels of a column of cells as text, each spelling another one: 007 is not 7."""
    if isinstance(cells, np.ndarray):
        return ["" if cell != cell else repr(cell) for cell in cells.tolist()]
    return [str(cell).strip() for cell in cells]
