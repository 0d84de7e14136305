"""How much two kinds of fits weigh together, and how large their logits are to be: what rows say that the fits did not
see (stacking; Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1; Breiman 1996, doi:10.1007/BF00117832).

Letters: n rows, k classes, s predictions of the same rows by different fits.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .tuning import TUNED


def share_of(one: Tensor, other: Tensor, y: Tensor, weight: Tensor) -> float:
    """The share of the first of two kinds of logits, from 0 to 1. It is 1 unless both together are better by more than
    one standard error.

    Args:
        one, other (s, n, k): logits of rows by fits that did not see them.
        y (n,): class numbers. weight (n,): of the rows.
    """
    alone = losses(one, y)
    share, best = 1.0, alone
    for part in torch.linspace(1, 0, TUNED.shares + 1, dtype=torch.float64).tolist():
        both = losses(part * one + (1 - part) * other, y)
        if weight @ both < weight @ best:
            share, best = part, both
    mean, error = mean_and_error(alone - best, weight)
    return share if mean > error else 1.0


def size_of(logits: Tensor, y: Tensor, weight: Tensor) -> float:
    """What to multiply logits (s, n, k) by, as rows y, weight (n,) say that the fits did not see. A prior would leave
    them as they are."""
    widest = 3 * TUNED.size_spread
    powers = torch.linspace(-widest, widest, TUNED.sizes, dtype=torch.float64)
    charged = 0.5 * (powers / TUNED.size_spread).square()
    total = torch.stack([weight @ losses(power.exp() * logits, y) for power in powers]) + charged
    return float(powers[total.argmin()].exp())


def sureness_of(logits: Tensor, y: Tensor, weight: Tensor) -> float:
    """What to multiply logits (s, n, k) by where rows y, weight (n,) that the fits did not see leave no doubt of any
    class; 1 elsewhere.

    Classes that follow from the columns are told apart without an error, and any size fits the rows. Be it as likely as
    not that they do follow, and else the rate of errors anything from 0 to 1. After n rows without an error, that there
    are any has a chance of 1 / (n + 1), and the next row is one with 1 / (n + 2) of that (Laplace's rule of
    succession). Logits get the size at which rows lose this product in the mean; they never become smaller.
    """
    count = float(weight.sum())
    if float((losses(logits, y) * (weight > 0)).max()) > TUNED.doubt:
        return 1.0
    wanted, low, high = 1 / ((count + 1) * (count + 2)), 1.0, TUNED.surest
    for _ in range(TUNED.halvings):
        middle = (low * high) ** 0.5
        if float(weight @ losses(middle * logits, y)) > wanted * count:
            low = middle
        else:
            high = middle
    return low


def balanced(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """What to add to the logits (n, k) of all rows, so that each class is as likely as often as it is there (k,): the
    constants that fit best (iterative scaling; Darroch & Ratcliff 1972, doi:10.1214/aoms/1177692379). A class without
    rows counts as half a row. y (n,): class numbers; weight (n,): of the rows.

    Steps are short where nearly all rows are sure of their class. They end before a few of them that are wrong move the
    constants without a bound.
    """
    there = weight.new_zeros(logits.shape[1]).index_add_(0, y, weight)
    there = torch.where(there > 0, there, 0.5)
    there *= weight.sum() / there.sum()
    more = torch.zeros_like(there)
    for _ in range(TUNED.scalings):
        step = (there / (weight @ (logits + more).softmax(1)).clamp(min=1e-300)).log()
        more = more + step
        if float(step.abs().max()) < TUNED.settled:
            break
    return more - more.mean()


def losses(logits: Tensor, y: Tensor) -> Tensor:
    """The cross-entropy of each row, the mean over its predictions: logits (s, n, k), y (n,) -> (n,)."""
    each = [torch.nn.functional.cross_entropy(one, y, reduction="none") for one in logits]
    return torch.stack(each).mean(0)


def mean_and_error(gain: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of what rows gain (n,), and its standard error."""
    mean = weight @ gain / weight.sum()
    return mean, (weight @ (gain - mean).square() / weight.sum() / (len(gain) - 1)).sqrt()
