"""Gram matrices of the functions: their products with each other, summed over the rows.

Letters: n rows, v functions, m of them that count, p weights of a row, one for each pair of predictions whose curvature
is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

from ..problems.products import add_symmetric
from .tuning import TUNED

Blocks = Callable[[], Iterator[tuple[Tensor, Tensor, Tensor]]]  # design (n, m), targets (n, ...), counts of rows (n,)


def gram(functions: Tensor, weights: Tensor, places: Tensor | None = None) -> Tensor:
    """The Gram matrices (p, m, m) of functions (n, v), whose rows are weighted by each of `weights` (p, n).

    places (m,): which of the functions count; without it all of them. Few rows at a time stay in the cache.

    >>> import torch
    >>> gram(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.5]]))
    tensor([[[ 5.5000,  8.0000],
             [ 8.0000, 12.0000]]])
    """
    size = functions.shape[1] if places is None else len(places)
    found = functions.new_zeros(len(weights), size, size)
    for first in range(0, len(functions), TUNED.rows_at_once):
        here = functions[first : first + TUNED.rows_at_once]
        here = here if places is None else here.index_select(1, places)
        each = weights[:, first : first + len(here)]
        if each.numel() * size <= TUNED.weighted_at_once:
            found += here.T @ (each[:, :, None] * here)
            continue
        for matrix, weight in zip(found, each, strict=True):
            add_symmetric(matrix, here, weight[:, None] * here)
    return found


def gram_with_constant(functions: Tensor, weights: Tensor, places: Tensor) -> Tensor:
    """The same (p, 1 + m, 1 + m) of a constant and, after it, of the functions at these places (m,)."""
    mine = None if len(places) == functions.shape[1] else places
    found = functions.new_empty(len(weights), 1 + len(places), 1 + len(places))
    edge = weights @ functions
    found[:, 0, 0] = weights.sum(1)
    found[:, 0, 1:] = found[:, 1:, 0] = edge if mine is None else edge[:, mine]
    found[:, 1:, 1:] = gram(functions, weights, mine)
    return found
