"""Columns of text that name what was met more than once, such as patients, though most of it was met often.

Levels of one row or two are one level, `other`. Where they are names, each of them says something of its own: the means
of these levels differ by more than noise from the mean of `other` (an analysis of variance of ranks of the targets).
Where rows come in groups, whole groups are what tells of a level, as for numbers.

Letters: n rows, t targets, w witnesses.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..data import Table
from .number_names import deviations, ranks, witnesses
from .tuning import TUNED


def texts_as_names(table: Table) -> tuple[str, ...]:
    """The columns of `table.texts` whose rare levels differ.

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from ..data import from_dataframe
    >>> import pandas as pd
    >>> twin = np.array([*"aaabbbcccdddeeefff", "g", "g", "h", "h", "i", "i"])
    >>> table = from_dataframe(pd.DataFrame({"twin": twin, "x": range(24), "y": [ord(t) % 7 for t in twin]}), "y")
    >>> table.categories["twin"], texts_as_names(table)
    (('a', 'b', 'c', 'd', 'e', 'f', 'other'), ('twin',))
    """
    target = table.y if table.classes is None else torch.nn.functional.one_hot(table.y).to(table.X.dtype)
    ranked = torch.stack([ranks(column, table.weight) for column in target.T], 1)
    return tuple(name for name, texts in table.texts.items() if _differ(texts, table, name, ranked))


def _differ(texts: np.ndarray, table: Table, name: str, ranked: Tensor) -> bool:
    """Whether the means of some target (n, t) at the texts (n,) differ from those at the levels by more than noise."""
    places = [table.inputs.index(f"{name}={level}") for level in table.categories[name]]
    fine = torch.from_numpy(np.unique(texts, return_inverse=True)[1])
    level = torch.zeros_like(fine).scatter_(0, fine, table.X[:, places].argmax(1))  # of each text
    fine, targets, weight = witnesses(fine, ranked, table)
    each = torch.ones_like(targets[:, 0]) if weight is None else weight
    return any(_more_than_noise(fine, level[fine], target, each) for target in targets.T)


def _more_than_noise(fine: Tensor, coarse: Tensor, target: Tensor, each: Tensor) -> bool:
    """Whether the means of a target (w,) at fine codes (w,) differ from those at coarse ones. each (w,): weights."""
    within, levels = _left(fine, target, each)
    beside, fewer = _left(coarse.unique(return_inverse=True)[1], target, each)
    free, more = float(each.sum()) - levels, levels - fewer
    if not (free > 0 and more > 0 and beside > within):
        return False
    return within <= 0 or deviations((beside - within) / more / (within / free), more, free) > TUNED.text_clear


def _left(code: Tensor, target: Tensor, each: Tensor) -> tuple[float, int]:
    """What the mean of each level leaves of the squares of a target (n,), and how many levels there are."""
    rows = torch.bincount(code, each)
    mean = torch.bincount(code, each * target) / rows
    return float(each @ (target - mean[code]).square()), len(rows)
