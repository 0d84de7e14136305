"""Labels of groups, such as patients -> which group each row is of."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgewise.errors import DataError, ShapeError

from .cell_grids import as_array, cells_of
from .cells import read_levels


def as_labels(groups: Any, rows: int) -> np.ndarray:
    """A label for each row (n,), of whatever holds them. Raises `ShapeError`."""
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
    levels, missing = read_levels(cells_of(as_labels(groups, rows)))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"groups has no label in row {missing[0]}{more}; each row needs one, or leave these rows out")
    return torch.from_numpy(np.unique(np.array(levels), return_inverse=True)[1].astype(np.int64))
