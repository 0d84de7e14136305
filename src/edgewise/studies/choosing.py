"""Whether one network is as good as another, on rows that neither was fitted to."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data import Table
from ..losses import Loss
from ..model import KAN
from .scores import predict, row_losses, unit
from .tuning import TUNED


def clearly_worse(new: KAN, old: KAN, rows: Table, loss: Loss | None = None) -> bool:
    """Whether `new` is worse than `old` on these rows, by more than a simpler network is worth and than chance does."""
    return not as_good(new, old, rows, most=math.inf, loss=loss)


def as_good(new: KAN, old: KAN, rows: Table, most: float = TUNED.clearly_worse, loss: Loss | None = None) -> bool:
    """Whether `new` is about as good as `old` on these rows.

    Its loss is within `TUNED.simpler_worth` times that of the other. Or the mean difference is within
    `TUNED.same_errors` standard errors, and the loss within `most` times the other's. In either case, at most
    one class in a hundred more is named wrong.
    """
    near = _near(row_losses(new, rows, loss), row_losses(old, rows, loss), rows, most)
    return near and (rows.classes is None or _lost(new, old, rows) <= 0.01)


def clearly_better(new: KAN, old: KAN, rows: Table, loss: Loss | None = None) -> bool:
    """Whether `new` is better than `old` on these rows by more than a simpler network is worth, and than chance does:
    one in twenty, by Student's test of the mean difference, which is strict where rows, or their groups, are few."""
    return clearly_lower(row_losses(new, rows, loss), row_losses(old, rows, loss), rows)


def clearly_lower(ours: Tensor, theirs: Tensor, rows: Table) -> bool:
    """The same of the losses of the rows (n,), by whatever networks."""
    witnesses = rows.count if rows.groups is None else len(rows.groups.unique())
    if witnesses < TUNED.compared:
        return False
    our, their = mean_over(ours, rows), mean_over(theirs, rows)
    chance = student(witnesses - 1) * standard_error(theirs - ours, rows)
    return their - our > chance and TUNED.simpler_worth * our < their


def behind(new: KAN, old: KAN, rows: Table, loss: Loss | None = None) -> bool:
    """Whether `new` loses clearly more than `old` on these rows, or no number, however many classes each of them names
    right."""
    return not _near(row_losses(new, rows, loss), row_losses(old, rows, loss), rows, math.inf)


def within_error(new: KAN, old: KAN, rows: Table, loss: Loss | None = None) -> bool:
    """Whether `new` loses no more than `old` on these rows but for one standard error, and within
    `TUNED.simpler_worth` of it."""
    ours, theirs = row_losses(new, rows, loss), row_losses(old, rows, loss)
    our, their = mean_over(ours, rows), mean_over(theirs, rows)
    return our <= their or (
        our - their <= TUNED.same_errors * standard_error(ours - theirs, rows) and our <= TUNED.simpler_worth * their
    )


def student(freedom: float) -> float:
    """What Student's t exceeds one time in twenty, to a percent from four degrees of freedom on: the first terms of
    the expansion of Fisher & Cornish 1960 (doi:10.1080/00401706.1960.10489895).

    >>> [round(student(freedom), 2) for freedom in (4, 10, 100)]
    [2.11, 1.81, 1.66]
    """
    z = 1.6449  # of the normal distribution
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def stays_near(new: KAN, old: KAN, rows: Table, beyond: float = 0.0) -> bool:
    """Whether `new` stays near `old` between these rows, too: a closed form may have a pole that no row meets.

    Looked at are made rows: each column runs evenly over its range, in an order of its own. `beyond`: by how many
    ranges they go on at both ends.
    """
    generator = torch.Generator().manual_seed(0)
    low, high = rows.X.amin(0), rows.X.amax(0)
    places = torch.stack([torch.randperm(TUNED.made_rows, generator=generator) for _ in range(rows.X.shape[1])], 1)
    made = low + (high - low) * ((1 + 2 * beyond) * places / (TUNED.made_rows - 1) - beyond)
    with torch.no_grad():
        reach = old(rows.X).amax(0) - old(rows.X).amin(0)
        there = new(made)
        gap = (there - old(made)).abs()
    still = (reach == 0) & (there.amax(0) == there.amin(0))  # constants have no pole
    return bool(((gap <= TUNED.forms_far * reach) | still).all())  # False where it is not a number


def explained(model: KAN, rows: Table) -> float:
    """The part of the squares of the targets around their mean that a network explains on these rows; of classes, of
    their probabilities. Not a number where targets do not vary."""
    found = predict(model, rows)
    target = rows.y if rows.classes is None else torch.nn.functional.one_hot(rows.y, found.shape[1]).double()
    count = unit(target) if rows.classes is None else torch.ones_like(target[0])
    middle = torch.stack([target.new_tensor(mean_over(column, rows)) for column in target.T])
    left, around = (mean_over((target - made).square() @ count, rows) for made in (found, middle))
    return 1 - left / around if around > 0 else math.nan


def _near(ours: Tensor, theirs: Tensor, rows: Table, most: float) -> bool:
    """Whether losses (n,) are within `TUNED.simpler_worth` times others in the mean, but for what says nothing, or
    within `TUNED.same_errors` standard errors of these and within `most` times these."""
    our, their = mean_over(ours, rows), mean_over(theirs, rows)
    alike = TUNED.exact_loss * _spread(rows) if rows.classes is None else TUNED.idle_nats / rows.count
    if our <= TUNED.simpler_worth * their + alike:
        return True
    return our - their <= TUNED.same_errors * standard_error(ours - theirs, rows) and our <= most * their


def _lost(new: KAN, old: KAN, rows: Table) -> float:
    """The part of the rows that `old` names right beyond those that `new` does."""
    right = [_right(model, rows) for model in (old, new)]
    return mean_over(right[0] - right[1], rows)


def _right(model: KAN, rows: Table) -> Tensor:
    return (model(rows.X).detach().argmax(1) == rows.y).double()


def _spread(rows: Table) -> float:
    """The variance of the targets."""
    return float((rows.y - rows.y.mean(dim=0)).square().mean())


def mean_over(values: Tensor, rows: Table) -> float:
    """The mean of values (n,), each as often as its row counts."""
    return float(values.mean() if rows.weight is None else rows.weight @ values / rows.weight.sum())


def group_error(values: Tensor, rows: Table) -> float:
    """The standard error of the mean of values (n,) where rows of a group go together: a group is one witness (Liang &
    Zeger 1986, doi:10.1093/biomet/73.1.13); not a number for one group."""
    assert rows.groups is not None
    far = (values - mean_over(values, rows)) * (1.0 if rows.weight is None else rows.weight)
    code = rows.groups.unique(return_inverse=True)[1]
    of_groups = far.new_zeros(int(code.max()) + 1).index_add_(0, code, far)
    more = len(of_groups) / (len(of_groups) - 1) if len(of_groups) > 1 else math.nan
    return math.sqrt(more * float(of_groups.square().sum())) / rows.count


def standard_error(values: Tensor, rows: Table) -> float:
    """The standard error of that mean; not a number for one row."""
    if rows.groups is not None:
        return group_error(values, rows)
    square = (values - mean_over(values, rows)).square()
    return math.sqrt(mean_over(square, rows) / (rows.count - 1)) if rows.count > 1 else math.nan
