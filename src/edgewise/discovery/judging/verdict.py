"""Whether a formula is a law: exact, or as good as noise allows. What judges is never what was fitted."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import torch
from torch import Tensor

from ..formulas.tree import Node, columns_of, jacobian, numbers_of, values
from ..polishing.exactness import exact_to, is_exact
from ..polishing.least_squares import error
from ..tables.law_task import LawTask
from ..tables.tuning import TABLES
from .lack_of_fit import chances
from .tuning import JUDGING


class Verdict(Enum):
    """What can be said of the best formula, the most first."""

    CONSTANT = "y is constant: all rows have one value, to nine digits, whatever the columns are"
    EXACT = "an exact law: it gives the rows that judge to nine digits"
    WITHIN_NOISE = "a law within noise: what it leaves of the rows looks like noise"
    APPROXIMATE = "no law found: the best formula is an approximation, and leaves what is no noise"
    UNDECIDED = (
        "no law found: a constant is the shortest description of the rows, though longer formulas predict better"
    )
    NOTHING = "nothing found: the rows that judge do not show that any formula is better than a constant"

    @property
    def is_law(self) -> bool:
        """Whether the formula is claimed to be the law behind the rows."""
        return self in (Verdict.CONSTANT, Verdict.EXACT, Verdict.WITHIN_NOISE)


def verdict(node: Node, task: LawTask) -> Verdict:
    """What the rows that judge, and the shape of what is left, say of a formula."""
    found = _told(node, task)
    return found if not found.is_law or is_determined(node, task) else Verdict.APPROXIMATE


def _told(node: Node, task: LawTask) -> Verdict:
    """The verdict on a formula whose constants are all determined."""
    if task.spread <= TABLES.exact * task.size:
        if not is_exact(node, task):
            return Verdict.NOTHING
        return Verdict.EXACT if columns_of(node) else Verdict.CONSTANT
    off, near = error(node, task.judging), exact_to(node)
    # a few rows of a pole hold most of the variance: what is exact on all rows needs no test of the mean
    if columns_of(node) and off <= near * min(task.size, float(task.judging.y.std(unbiased=False))):
        return Verdict.EXACT
    if not explains(node, task):
        return Verdict.NOTHING
    if off <= near * task.size:
        return Verdict.EXACT
    return Verdict.WITHIN_NOISE if is_noise(node, task) else Verdict.APPROXIMATE


def is_determined(node: Node, task: LawTask) -> bool:
    """Whether the rows determine every free constant: a relative change of it shows in at least a few of them. It does
    not where a step is written as `atan(1e13*x)`: any other constant of that size would do."""
    rows = task.fitting.first(TABLES.fitted)
    free = rows.X.new_tensor([number.value for number in numbers_of(node) if number.name is None])
    change = (jacobian(node, rows.X)[1] * free).abs()[:, free != 0]
    hidden = (change <= JUDGING.shown * task.size).double().mean(0)
    return not bool((hidden > 1 - JUDGING.showing).any())


def explains(node: Node, task: LawTask) -> bool:
    """Whether the rows that judge show that the formula predicts better than any constant.

    Student's test of the paired differences of squared errors says so. Where rows are few, it hardly ever can: a few
    of them hold most of the variance. There the order of the rows by the formula may be that by y, nearly (Kendall
    1938, doi:10.2307/2332226). The constant is the mean of these same rows. Where noise is skewed, few rows hold none
    of its large values, so that any lower constant would be better than the mean of the rows that fit.
    """
    if not columns_of(node):
        return False
    rows = task.judging
    predicted = values(node, rows.X)
    left = (predicted - rows.y).square()
    if not bool(torch.isfinite(left).all()):
        return False
    gain = (rows.y - rows.y.mean()).square() - left
    mean, spread = float(gain.mean()), float(gain.std()) / math.sqrt(len(gain))
    return mean > _student(JUDGING.chance, len(gain) - 1) * spread or (mean > 0 and _in_order(predicted, rows.y))


def _in_order(one: Tensor, other: Tensor) -> bool:
    """Whether numbers grow together, more than those of independent columns do by chance."""
    from scipy.stats import kendalltau

    found: Any = kendalltau(one.numpy(), other.numpy(), alternative="greater")
    return bool(found.pvalue < JUDGING.chance)  # which is no number for a constant


def is_noise(node: Node, task: LawTask) -> bool:
    """Whether nothing that is left can be predicted, by all tests of `lack_of_fit.py`."""
    return all(chance > JUDGING.chance for chance in chances(node, task))


def _student(chance: float, degrees: int) -> float:
    """The deviation that a number of Student's distribution exceeds with this chance."""
    from scipy.special import stdtrit

    return -float(stdtrit(degrees, chance))
