"""A table as observations: copies of a row are one, and weights are relative.

Copies have equal errors, so a fit that takes them for observations sees no noise and believes every wiggle. A bootstrap
sample is the case in point. Where rows meet by chance, as in a table of few levels, all of them are observations.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ..data import Table, distinct, few_possible, firsts, originals
from ..losses import Binomial, Loss, Poisson
from . import words

COUNTED = (Poisson, Binomial)  # targets are counts, or rates and shares, whose weights are exposures or trials


def observed(table: Table, loss: Loss) -> Table:
    """The table with each observation once; together their weights are as many as they are, and equal ones are none.

    It stays as it is where rows count: where `data/copies.py` says so. Counts are often zero, and so equal: they count
    wherever rows can meet by chance. The weights of rates and shares are exposures or trials, and relative: twenty
    trials of one row are not twenty rows.

    >>> from edgewise.data import from_arrays
    >>> from edgewise.losses import SquaredError
    >>> twice = [*range(12), *range(12)]
    >>> found = observed(from_arrays([[float(x)] for x in twice], [x**0.5 for x in twice]), SquaredError())
    >>> len(found), found.weight, found.notes
    (12, None, ('12 of 24 rows are copies of others: all copies of a row are one observation.',))
    """
    number = originals(table.X, table.y, table.weight)
    counted = isinstance(loss, COUNTED)
    rates = counted and loss.least_dispersion(table.y) == 0
    if number is None:
        stays = not rates
    else:
        stays = counted and not rates and few_possible(table.X[firsts(number)], table.y[firsts(number)])
    if stays:
        return table
    once = table if number is None or len(number.unique()) == len(table) else distinct(table)
    weight = once.weight
    if weight is None:
        return once
    mean = float(weight.sum()) / len(once)
    if len(once) < len(table):
        once = replace(once, notes=(*once.notes, words.copies(len(table) - len(once), len(table))))
    if bool((weight == weight[0]).all()):
        return replace(once, weight=None)
    near_one = abs(mean - 1) < len(once) * torch.finfo(weight.dtype).eps  # they are relative already
    return once if near_one else replace(once, weight=weight / mean)
