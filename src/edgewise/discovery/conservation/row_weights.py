"""Weights of rows with which none hides the others, though a few near a pole are a million times as large.

Letters: n rows, L terms.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .tuning import CONSERVATION


def row_weights(sizes: Tensor) -> Tensor:
    """Weights (n,) of rows, so that all rows and all columns of these sizes (n, L) become about as large.

    What vanishes on every row does so whatever rows are multiplied by. So weights are free, and round-off is least
    where rows are alike. Source: Ruiz 2001, A scaling algorithm to equilibrate both rows and columns norms in matrices
    (RAL-TR-2001-034).

    >>> weights = row_weights(torch.tensor([[1e6, 1e6], [1.0, 1.0]]))
    >>> round(float(weights[1] / weights[0]), -5)
    1000000.0
    """
    rows, columns = sizes.new_ones(len(sizes)), sizes.new_ones(sizes.shape[1])
    for _ in range(CONSERVATION.weighing):
        now = sizes * rows[:, None] * columns
        rows = rows / _root(now.amax(1))
        columns = columns / _root(now.amax(0))
    return rows


def _root(sizes: Tensor) -> Tensor:
    """The root of sizes, and 1 where there is nothing to weigh."""
    return torch.where(sizes > 0, sizes.sqrt(), 1.0)
