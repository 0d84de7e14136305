"""How many rows relative weights stand for.

Weights such as 0.3 and 2.7 only weigh rows against each other. As the inverse of variances they say what each row is
worth. As shares of a population they do not: a row of weight 3 is one witness, whose error counts threefold. The spread
of scores tells: the variance of their sum is by as much larger than the curvature that a likelihood expects (White
1982, doi:10.2307/1912526; of equal noise, that is the effective number of rows of Kish 1965).

Exposures of rates of counts, and trials of shares, look like such weights once they are scaled. But rates times them
are whole numbers, but for one factor. The likelihood of counts is known then, and says what each row is worth.

Letters: n rows, l predictions of a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ...losses import Binomial, Poisson
from .chosen_terms import Model
from .fit_task import Task
from .likelihoods import shares_of, targets
from .searched import Searched

SLIGHT = 1.1  # rows that one counts for, up to which weights stay as they are. Not measured
LOOKED_AT = 2000  # rows that say whether weights are exposures
ROUND_OFF = 1e-9  # part of the largest count that is none
COUNTS = 1e6  # the largest count, at most: real numbers would have larger ones. Neither is measured


def only_weigh(weight: Tensor) -> bool:
    """Whether weights (n,) weigh rows against each other, and count none: they are no whole numbers.

    >>> only_weigh(torch.tensor([0.5, 1.5])), only_weigh(torch.tensor([1.0, 3.0]))
    (True, False)
    """
    return not torch.equal(weight, weight.round())


def rows_each(weight: Tensor, scores: Tensor) -> float:
    """For how many rows a row is taken too many: the spread of the sum of scores (n, l) in what the weights (n,) say it
    is. 1 where a weight is the inverse of a variance.

    >>> weight, one = torch.tensor([0.5, 1.5]).double(), torch.ones(2, 1).double()
    >>> rows_each(weight, one), round(rows_each(weight, one / weight[:, None].sqrt()), 9)
    (1.25, 1.0)
    """
    square = scores.square().sum(1)
    expected = float(weight @ square)
    return max(1.0, float(weight.square() @ square) / expected) if expected > 0 else 1.0


def scores_of(task: Task, end: Model | None = None) -> Tensor:
    """The slopes of the losses of rows by what is predicted for them (n, l), up to a factor; None: by a constant."""
    mean = task.weight @ task.y.double() / task.weight.sum()
    if task.classes > 1:
        if end is None:
            shares = task.weight @ targets(task.y, task.classes) / task.weight.sum()
            return shares - targets(task.y, task.classes)
        return shares_of(task.predict(end.terms, end.posterior, task.x)) - targets(task.y, task.classes)
    if task.loss_of is None or end is None:
        return (mean if end is None else task.predict(end.terms, end.posterior, task.x)[:, 0]).sub(task.y)[:, None]
    return end.posterior.likelihood.slopes(task.predict(end.terms, end.posterior, task.x), task.y)


def found(find: Callable[[list[Task]], Searched], tasks: list[Task]) -> Searched:
    """What is found for the tasks, where rows count as many as their scores say. First they count as few as beside a
    constant: a fit that is too sure leaves scores that look as it wants them."""
    if not only_weigh(tasks[0].weight) or all(map(_are_exposures, tasks)):
        return find(tasks)
    each = [rows_each(task.weight, scores_of(task)) for task in tasks]
    if max(each) < SLIGHT:
        return find(tasks)
    first = find([_lessened(*pair) for pair in zip(tasks, each, strict=True)])
    ends = zip(tasks, first.tasks, first.ends, each, strict=True)
    each = [min(most, rows_each(task.weight, scores_of(own, end))) for task, own, end, most in ends]
    return find([_lessened(*pair) for pair in zip(tasks, each, strict=True)])


def _are_exposures(task: Task) -> bool:
    """Whether targets are rates or shares of counts, and weights what they are per."""
    if not isinstance(task.loss_of, (Poisson, Binomial)):
        return False
    y, weight = task.y[:LOOKED_AT], task.weight[:LOOKED_AT]
    counts = largest_count(weight * y)
    return math.isfinite(counts) and counts <= largest_count(y)  # decimals, whose products have more digits, are none


def largest_count(values: Tensor) -> float:
    """The largest of values (n,), none of them negative, where all are whole numbers but for one factor; infinite
    where they are none.

    >>> [largest_count(torch.tensor([0.6, 1.0, other], dtype=torch.float64)) for other in (1.5, 2**0.5)]
    [15.0, inf]
    """
    largest, step = float(values.max()), 0.0
    for value in values.unique().tolist():  # the greatest common divisor, as Euclid has it
        while value > ROUND_OFF * largest:
            step, value = value, abs(math.remainder(step, value))
    found = largest / step if step > 0 else math.inf
    return float(round(found)) if found < COUNTS else math.inf


def _lessened(task: Task, each: float) -> Task:
    """The task whose rows count by so much less."""
    return replace(task, weight=task.weight / each)
