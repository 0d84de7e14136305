"""What rows say of a fit that have not seen it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from .chosen_terms import Model
from .fit_task import Task
from .tails import excess_kurtosis
from .tuning import TUNED

Try = Callable[[Task], Model]


def unseen_losses(task: Task, tries: Sequence[Try], judge: Model) -> tuple[list[Tensor], Tensor, Tensor]:
    """The loss of each row (n,) for each try, by a fit to other rows; that of the best constant of these (n,); and the
    weights (n,).

    Args:
        task: all rows. The first few of many judge.
        tries: ways to fit.
        judge: the model by whose likelihood rows are judged where the loss has one.
    """
    task = task.singly()
    count = min(len(task.x), TUNED.rows_validated)
    number = task.units
    place = torch.randperm(int(number.max()) + 1, generator=torch.Generator().manual_seed(0)).argsort()[number]
    rows = place.argsort(stable=True)[:count]
    constant, *losses = (task.weight.new_zeros(count) for _ in range(1 + len(tries)))
    judged = task.judged(judge.posterior.likelihood)
    for fold in range(TUNED.folds):
        out = place[rows] % TUNED.folds == fold
        training, unseen = task.take(rows[~out]), judged.take(rows[out])
        for mine, fit in zip(losses, tries, strict=True):
            found = fit(training)
            mine[out] = unseen.losses(found.terms, found.posterior)
        constant[out] = unseen.losses(found.terms, found.posterior.nothing())  # the same by every fit
    return losses, constant, task.weight[rows]


def is_clear(task: Task, found: Model) -> bool:
    """Whether the likelihood of a model alone tells that it is more than noise.

    A square supposes normal noise. Where targets have heavy tails, noise may have them as well, and to follow its few
    large values gains a lot. And a model with few rows left over followed the others, which it can do with noise.
    Copies of a row count as one.
    """
    if len(task.x) > TUNED.rows_searched:
        return True
    count = int(task.units.max()) + 1
    left = count - 1 - float(found.posterior.effective.sum())
    return count > TUNED.rows_validated or (
        left > TUNED.left_over * count and (_is_likely(task, found, count) or not _has_heavy_tails(task))
    )


def is_confirmed(task: Task, found: Model, losses: Tensor, constant: Tensor, weight: Tensor) -> bool:
    """Whether unseen rows (n,) lose less by a model than by a constant, in the mean. Where the model is likely, ranks
    may say so too (Wilcoxon 1945, doi:10.2307/3001968), since that of a law without noise may miss one row by far."""
    from scipy.stats import wilcoxon

    gain = constant - losses
    if float(weight @ gain) > 0:
        return True
    told = np.unique(gain[gain != 0].numpy())  # copies of a row, and they alone, gain the same
    if not len(told) or not _is_likely(task, found, len(told)):
        return False
    return float(wilcoxon(told, alternative="greater").pvalue) < TUNED.by_rank  # type: ignore[attr-defined]


def _is_likely(task: Task, found: Model, count: int) -> bool:
    """Whether a model gains more than skewed noise did where few parameters followed it, and than it would by following
    the few targets that are farthest out, and nothing else. count: of observations."""
    return found.score > max(TUNED.likely, count * max(TUNED.likely_by_row, _by_the_farthest(task)))


def _by_the_farthest(task: Task) -> float:
    """Nats for each row that a model gains which is right about the few targets farthest from the mean, and else says
    that: under squares, half of the logarithm of what it divides the variance by."""
    if task.classes > 1 or task.loss_of is not None:
        return 0.0
    share = task.weight / task.weight.sum()
    square = share * (task.y - share @ task.y).square()
    few = square.topk(max(1, round(TUNED.farthest * len(square)))).values
    return -0.5 * math.log(max(1 - float(few.sum() / square.sum().clamp(min=1e-300)), 1e-300))


def _has_heavy_tails(task: Task) -> bool:
    """Whether targets of a square are much further out than normal ones."""
    squared = task.classes == 1 and task.loss_of is None
    return squared and excess_kurtosis(task.y, task.weight / task.weight.sum()) > TUNED.tails
