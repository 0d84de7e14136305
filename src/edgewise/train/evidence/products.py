"""Products of the functions, summed over the rows. These sums are most of the work where rows are many.

Letters: n rows, m functions, p weights of a row, one for each pair of predictions whose curvature is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .tuning import TUNED

Blocks = Callable[[], Iterator[tuple[Tensor, Tensor, Tensor]]]  # design (n, m), targets (n, ...), counts of rows (n,)


def products(functions: Tensor, weights: Tensor, places: Tensor | None = None) -> Tensor:
    """The products of functions (n, v) with each other, summed over the rows with each of several weights (p, n):
    (p, m, m). places (m,): which of the functions count, all of them without it.

    Of many functions, most products are computed once, though a matrix has two places for them. Few rows at a time stay
    in the cache.

    >>> products(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.5]]))
    tensor([[[ 5.5000,  8.0000],
             [ 8.0000, 12.0000]]])
    """
    size, wide = functions.shape[1] if places is None else len(places), TUNED.columns_at_once
    if len(functions) <= TUNED.rows_at_once and size <= wide:
        few = functions if places is None else functions.index_select(1, places)
        return torch.stack([few.T @ (weight[:, None] * few) for weight in weights])
    lower = functions.new_zeros(len(weights), size, size)
    for first in range(0, len(functions), TUNED.rows_at_once):
        here = functions[first : first + TUNED.rows_at_once]
        here = here if places is None else here.index_select(1, places)
        for matrix, weight in zip(lower, weights[:, first : first + len(here)], strict=True):
            weighted = weight[:, None] * here
            for column in range(0, size, wide):
                matrix[column:, column : column + wide].addmm_(here[:, column:].T, weighted[:, column : column + wide])
    return lower.tril() + lower.tril(-1).mT


def with_constant(functions: Tensor, weights: Tensor, places: Tensor) -> Tensor:
    """The products of a constant and of the functions at these places (m,), in that order: (p, 1 + m, 1 + m)."""
    mine = None if len(places) == functions.shape[1] else places
    found = functions.new_empty(len(weights), 1 + len(places), 1 + len(places))
    edge = weights @ functions
    found[:, 0, 0] = weights.sum(1)
    found[:, 0, 1:] = found[:, 1:, 0] = edge if mine is None else edge[:, mine]
    found[:, 1:, 1:] = products(functions, weights, mine)
    return found
