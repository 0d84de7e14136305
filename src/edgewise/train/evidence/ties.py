"""How far the offsets of groups reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .fit_task import Task
from .marginal import squared_error
from .terms import Term, prior_of
from .tuning import TUNED

TIES = tuple(10 ** (half / 2) for half in range(-4, 5))  # that are tried first: from 0.01 to 100
NEARLY = 1.92  # nats: what is within them is in the 95 % interval of one parameter (Wilks 1938)
MOST = 1e8  # offsets of ten thousand times the noise: a law without noise has them
ROWS = 4  # of a group, in the mean, that say how far its offset reaches where there are more. Not measured
FEWEST = 3  # groups: of fewer, next to nothing is known of how far their offsets reach


def tie_of(task: Task, terms: Sequence[Term]) -> float:
    """How far the offsets of groups reach, their variance over that of the noise: the largest that is nearly as likely
    as the likeliest, by the marginal likelihood of these terms. It is 0 where no group has two rows, and for other
    losses.

    Of few groups, curves of a column that tells them apart are about as likely as offsets. Then offsets are taken.
    """
    if task.groups is None or not task.by_sums:
        return 0.0
    task = fewer_rows(task, task.groups)
    assert task.groups is not None
    groups = task.groups.unique(return_inverse=True)[1]
    often = torch.bincount(groups, task.weight).double()
    if len(often) < FEWEST or len(often) == len(groups):
        return 0.0
    task, prior = replace(task, groups=groups), prior_of(terms)

    def likely(tied: float) -> float:
        sums = replace(task, tied=tied).sums(terms, prior)
        gain = squared_error(sums, prior, task.note).gain
        flat = sums.rows * math.log(max(sums.square / sums.rows, 1e-300)) + float((often * tied).log1p().sum())
        return gain - flat / 2

    gains = {tied: likely(tied) for tied in TIES}
    best = max(gains, key=gains.__getitem__)
    while best == max(gains) < MOST:
        gains[10 * best] = likely(10 * best)
        best = max(gains, key=gains.__getitem__)
    return max(tied for tied, gain in gains.items() if gain >= gains[best] - NEARLY)


def fewer_rows(task: Task, groups: Tensor) -> Task:
    """The task with so many rows as say how far offsets of groups (n,) reach: some rows of each, or of many groups all
    rows of some, in a drawn order; itself where rows are few."""
    often = torch.bincount(groups)
    if len(task.x) <= TUNED.rows_searched or ROWS * len(often) <= TUNED.rows_searched:
        return task.sampled(TUNED.rows_searched)
    order = torch.randperm(len(often), generator=torch.Generator().manual_seed(0)).to(often.device)
    kept = torch.zeros_like(often, dtype=torch.bool)
    kept[order] = often[order].cumsum(0) <= TUNED.rows_searched
    return task.take(kept[groups].nonzero()[:, 0])
