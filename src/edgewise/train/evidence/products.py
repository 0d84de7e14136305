"""Products of the functions, summed over the rows. These sums are most of the work where rows are many.

Letters: n rows, m functions, p bends of a row, one for each pair of predictions whose curvature is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .tuning import TUNED

Blocks = Callable[[], Iterator[tuple[Tensor, Tensor, Tensor]]]  # design (n, m), targets (n, ...), counts of rows (n,)


def products(functions: Tensor, weights: Tensor, places: Tensor | None = None) -> Tensor:
    """The products of functions (n, v) with each other, summed over the rows with each of several weights (p, n):
    (p, m, m). places (m,): which of the functions count, all of them without it.

    Each product is computed once, though a matrix has two places for it. Few rows at a time stay in the cache.

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


@dataclass
class Curved:
    """Sums of products that are used again where the rows bend nearly as before: steps near a mode change little.

    What changes for all rows alike, such as their dispersion, is made up for by a factor. Slopes are not kept, so steps
    lead to the same mode. Nor are sums, where the bends of many classes would take too much memory.

    places (m,): of the functions; bends (p, n): of the rows; matrices (p, 1 + m, 1 + m): the sums, with the constant
    first.
    """

    places: Tensor | None = None
    bends: Tensor | None = None
    matrices: Tensor | None = None

    def under(self, blocks: Blocks, bends: Tensor, places: Tensor) -> Tensor:
        """The sums under these bends (p, n), of the functions at these places, in ascending order."""
        known = self._known(bends, places)
        if known is None:
            known = _summed(blocks, bends, places)
            if bends.numel() <= TUNED.kept:
                self.places, self.bends, self.matrices = places, bends, known
        return known

    def _known(self, bends: Tensor, places: Tensor) -> Tensor | None:
        """From the last sums; None where bends are too different, or a function is new."""
        if self.places is None or self.bends is None or self.matrices is None:
            return None
        same = torch.equal(places, self.places)
        if not (same or bool(torch.isin(places, self.places).all())):
            return None
        size = bends.abs().sum()
        factor = size / self.bends.abs().sum()
        if not (bends - factor * self.bends).abs().sum() < TUNED.bent * size:
            return None
        if same:
            return factor * self.matrices
        mine = torch.cat([places.new_zeros(1), 1 + torch.searchsorted(self.places, places)])
        return factor * self.matrices[:, mine][:, :, mine]


def _summed(blocks: Blocks, bends: Tensor, places: Tensor) -> Tensor:
    """By one pass over the rows."""
    found, first = bends.new_zeros(len(bends), 1 + len(places), 1 + len(places)), 0
    for functions, _, _ in blocks():
        mine = None if len(places) == functions.shape[1] else places
        here = bends[:, first : first + len(functions)]
        edge = here @ functions
        found[:, 0, 1:] += edge if mine is None else edge[:, mine]
        found[:, 1:, 1:] += products(functions, here, mine)
        first += len(functions)
    found[:, 0, 0] = bends.sum(1)
    found[:, 1:, 0] = found[:, 0, 1:]
    return found
