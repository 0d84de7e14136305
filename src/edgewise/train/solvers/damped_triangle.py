"""A triangular factor with damping added, at a quarter of the work of a new one.

Below a triangle R stand the rows of a diagonal. Column by column, these fill up from above only. So a panel of columns
is reduced together with as many rows of the diagonal as there are columns up to it.

Source: Bjorck, "Numerical Methods for Least Squares Problems" (1996), sections 2.7 and 3.2.

Letters: P column.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .tuning import TUNED


def damped_triangle(triangle: Tensor, diagonal: Tensor) -> Tensor:
    """R' (P, P), upper triangular, with R'^T R' = R^T R + D^2 for a triangle R (P, P) and the diagonal (P,) of D.

    >>> damped_triangle(torch.tensor([[3.0]]), torch.tensor([4.0])).abs()
    tensor([[5.]])
    """
    found, below, size = torch.zeros_like(triangle), torch.diag(diagonal), len(diagonal)
    for start in range(0, size, TUNED.panel):
        stop = min(start + TUNED.panel, size)
        many = stop - start
        rows = torch.cat([triangle[start:stop, start:], below[:stop, start:]])
        reflections, lengths = torch.geqrf(rows[:, :many])
        found[start:stop, start:stop] = reflections[:many].triu()
        if stop < size:
            rest = torch.ormqr(reflections, lengths, rows[:, many:].contiguous(), left=True, transpose=True)
            found[start:stop, stop:], below[:stop, stop:] = rest[:many], rest[many:]
    return found
