"""The error to expect of new rows, those in the tails included.

Held-out rows tell it as long as it is spread over all rows, as noise is. A network that follows data without noise errs
by far the most in a few places: corners that one row in a hundred meets, where hidden nodes lie beyond the training
rows' activations. A tenth of the rows rarely has one. But there the network changes when the held-out rows are given
back, and that needs no targets: it can be looked at wherever a row could lie. The delete-a-group jackknife (Quenouille
1956; Kott 2001) makes a variance of it, with K groups, of which one was left out here:

    variance = (K - 1) / K * sum over the groups of (change)^2, about (K - 1) (change)^2.

How often this and the held-out error are off by ten times is counted on the pages of `experiments`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..losses import Loss
from ..model import KAN
from .held_out import CHOOSING

ROWS = 10_000  # made rows, fewer where a network has many edges
EVALUATIONS = 10_000_000  # of edges at rows, at most about so many
FROM = 10_000  # rows of the data, at most, that they are made from
NEAREST_OF = 30  # rows, taken at random, the nearest is the neighbour


def expected_rmse(held_out: float, before: KAN, after: KAN, x: Tensor, loss: Loss, seed: int) -> float:
    """The root mean square error to expect on rows like x (n, d): the held-out one and, as variances add, that of the
    networks `before` and `after` the held-out rows were given back."""
    edges = sum(layer.kind.numel() for layer in after.edge_layers)
    rows = mixed(x, max(100, min(ROWS, EVALUATIONS // edges)), seed)
    with torch.no_grad():
        change = float(loss.rows(before(rows), after(rows)).mean())
    return float((held_out**2 + (1 / CHOOSING - 1) * change) ** 0.5)


def mixed(x: Tensor, count: int, seed: int) -> Tensor:
    """Rows (count, d) that could be among x (n, d): each column from one of two neighbours by ranks. So every value is
    one of its column's, columns that depend on each other go on doing so, and a corner is met where rows are near it on
    either side.

    >>> x = torch.arange(100.0)[:, None] * torch.tensor([1.0, -2.0])
    >>> rows = mixed(x, 1000, seed=0)
    >>> rows.shape, bool((rows[:, 1] + 2 * rows[:, 0]).abs().mean() < 5)
    (torch.Size([1000, 2]), True)
    """
    generator = torch.Generator().manual_seed(seed)
    if x.shape[0] > FROM:
        x = x[torch.randperm(x.shape[0], generator=generator)[:FROM].to(x.device)]
    n, d = x.shape
    one = torch.randint(n, (count, 1), generator=generator).to(x.device)
    others = torch.randint(n, (count, NEAREST_OF), generator=generator).to(x.device)
    distance = torch.zeros(count, NEAREST_OF, dtype=torch.float64, device=x.device)
    for column in x.T.contiguous():
        rank = torch.searchsorted(column.sort().values, column).double()  # equal values have the same
        distance += (rank[one] - rank[others]).square()
    other = others.gather(1, distance.argmin(1, keepdim=True))
    own = (torch.rand(count, d, generator=generator, dtype=torch.float32) < 0.5).to(x.device)
    return torch.where(own, x[one[:, 0]], x[other[:, 0]])
