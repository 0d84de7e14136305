"""How far the offsets of groups reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from .fit_task import Task
from .marginal import squared_error
from .terms import Term, prior_of
from .tuning import TUNED

TIES = (0.0, *(10 ** (half / 2) for half in range(-4, 5)))  # from 0.01 to 100, where the evidence is flat
FEWEST = 3  # groups: of fewer, next to nothing is known of how far their offsets reach


def tie_of(task: Task, terms: Sequence[Term]) -> float:
    """How far the offsets of groups reach, by the highest marginal likelihood of these terms: their variance over that
    of the noise. It is 0 where that is hardly less likely, where no group has two rows, and for other losses."""
    groups = task.groups
    if groups is None or not task.by_sums:
        return 0.0
    often = torch.bincount(groups, task.weight).double()
    if len(often) < FEWEST or len(often) == len(groups):
        return 0.0
    prior = prior_of(terms)

    def likely(tied: float) -> float:
        sums = replace(task, tied=tied).sums(terms, prior)
        gain = squared_error(sums, prior, task.note).gain
        flat = sums.rows * math.log(max(sums.square / sums.rows, 1e-300)) + float((often * tied).log1p().sum())
        return gain - flat / 2

    gains = {tied: likely(tied) - TUNED.strength_cost * (tied > 0) for tied in TIES}
    return max(gains, key=gains.__getitem__)
