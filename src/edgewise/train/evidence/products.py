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


def add_products(matrix: Tensor, functions: Tensor, weight: Tensor, places: Tensor | None = None) -> None:
    """Add to `matrix` (m, m) the products of functions (n, v) with each other, weighted by row (n,). places (m,): which
    of the functions count, all of them without it.

    Each product is computed once, though the matrix has two places for it. Few rows at a time stay in the cache.

    >>> found = torch.zeros(2, 2)
    >>> add_products(found, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 0.5]))
    >>> found
    tensor([[ 5.5000,  8.0000],
            [ 8.0000, 12.0000]])
    """
    size, wide = len(matrix), TUNED.columns_at_once
    lower = torch.zeros_like(matrix)
    for first in range(0, len(functions), TUNED.rows_at_once):
        rows = slice(first, first + TUNED.rows_at_once)
        here = functions[rows] if places is None else functions[rows].index_select(1, places)
        weighted = weight[rows, None] * here
        for column in range(0, size, wide):
            lower[column:, column : column + wide].addmm_(here[:, column:].T, weighted[:, column : column + wide])
    matrix += lower.tril() + lower.tril(-1).T


@dataclass
class Curved:
    """Sums of products that are used again where the rows bend nearly as before: steps near a mode change little.

    What changes for all rows alike, such as their dispersion, is made up for by a factor. Slopes are not kept, so steps
    lead to the same mode.

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
            self.places, self.bends, self.matrices = places, bends, known
        return known

    def _known(self, bends: Tensor, places: Tensor) -> Tensor | None:
        """From the last sums; None where bends are too different, or a function is new."""
        if self.places is None or self.bends is None or self.matrices is None:
            return None
        if not bool(torch.isin(places, self.places).all()):
            return None
        size = bends.abs().sum()
        factor = size / self.bends.abs().sum()
        if not (bends - factor * self.bends).abs().sum() < TUNED.bent * size:
            return None
        if len(places) == len(self.places):
            return factor * self.matrices
        mine = torch.cat([places.new_zeros(1), 1 + torch.searchsorted(self.places, places)])
        return factor * self.matrices[:, mine][:, :, mine]


def _summed(blocks: Blocks, bends: Tensor, places: Tensor) -> Tensor:
    """By one pass over the rows."""
    found, first = bends.new_zeros(len(bends), 1 + len(places), 1 + len(places)), 0
    for functions, _, _ in blocks():
        mine = None if len(places) == functions.shape[1] else places
        here = bends[:, first : first + len(functions)]
        found[:, 0, 0] += here.sum(1)
        edge = here @ functions
        found[:, 0, 1:] += edge if mine is None else edge[:, mine]
        for matrix, bend in zip(found, here, strict=True):
            add_products(matrix[1:, 1:], functions, bend, mine)
        first += len(functions)
    found[:, 1:, 0] = found[:, 0, 1:]
    return found
