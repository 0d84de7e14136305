"""Errors of predictions on rows, in the few figures that are shown."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data import Table
from ..losses import LOSSES, Linked, Loss, Numbers, Quantile
from ..model import KAN
from ..prediction import as_mean
from .tuning import TUNED

Scores = dict[str, float]

# n rows, k outputs or classes


def scores(table: Table, predicted: Tensor, loss: Loss | None = None) -> Scores:
    """Errors of predictions (n, k): rmse, mae and r2 of numbers; accuracy and cross_entropy of class probabilities. The
    first of them is compared. For other losses these are other figures (`under`).

    r2 is 1 - (squared errors) / (squares around the mean), summed over all outputs. It is nan where the targets do not
    vary.
    """
    if table.classes is not None:
        chosen = predicted.gather(1, table.y[:, None])[:, 0]
        return {
            "accuracy": (predicted.argmax(dim=1) == table.y).double().mean().item(),
            "cross_entropy": abs(chosen.clamp(min=TUNED.least_probability).log().mean().item()),  # not minus zero
        }
    if isinstance(loss, Numbers):
        return under(loss, table.y, predicted)
    difference = predicted - table.y
    around = (table.y - table.y.mean(dim=0)).square().sum()
    return {
        "rmse": difference.square().mean().sqrt().item(),
        "mae": difference.abs().mean().item(),
        "r2": (1.0 - difference.square().sum() / around).item() if around > 0 else float("nan"),
    }


def under(loss: Numbers, target: Tensor, predicted: Tensor) -> Scores:
    """Figures for means or quantiles (n, k) under a loss. d2 is what part of the first one the predictions explain,
    beside the best constant for the same rows."""
    constant = loss.mean(loss.constant(target)).expand_as(target)
    if isinstance(loss, Linked):
        now, alone = (2 * loss.values(loss.linked(mean), target).mean().item() for mean in (predicted, constant))
        first = {"deviance": now}
    elif isinstance(loss, Quantile):
        now, alone = (loss.kink(target - made).mean().item() for made in (predicted, constant))
        first = {"quantile_loss": now, "coverage": (target <= predicted).double().mean().item()}
    else:
        now, alone = ((target - made).abs().mean().item() for made in (predicted, constant))
        first = {"mae": now}
    explained = 1 - now / alone if alone > 0 else float("nan")
    both = {"rmse": (predicted - target).square().mean().sqrt().item(), "mae": (predicted - target).abs().mean().item()}
    return first | {"d2": explained} | ({} if isinstance(loss, Quantile) else both)


def tells_nothing(model: KAN, rest: Table, held: Table, loss: Loss | None = None) -> bool:
    """Whether a network is no better than a constant of `rest` on rows that it has not seen: of no output, neither in
    the mean nor by ranks (Wilcoxon 1945, doi:10.2307/3001968), which one mistyped target does not move."""
    with torch.no_grad():
        y = model(held.X)
    if held.classes is not None:
        shares = torch.bincount(rest.y, minlength=len(held.classes)).to(y) / len(rest)
        alone = -shares.clamp(min=TUNED.least_probability).log()[held.y][:, None]
        now = torch.nn.functional.cross_entropy(y, held.y, reduction="none")[:, None]
    elif isinstance(loss, Numbers):
        alone, now = (loss.rows(one, held.y)[:, None] for one in (loss.constant(rest.y).expand_as(y), y))
    else:
        alone, now = (held.y - rest.y.mean(0)).square(), (held.y - y).square()
    gains = alone - now
    ranks = 1.0 + gains.abs().argsort(0).argsort(0)
    better = (gains.mean(0) > TUNED.nothing_found * alone.mean(0)) | ((ranks * gains.sign()).sum(0) > 0)
    return not bool(better.any())


def unit(y: Tensor) -> Tensor:
    """What squared errors of each output count (k,): by its variance, in units of the mean of these; 1 of a single one.
    An output that is constant has the usual unit.

    >>> unit(torch.tensor([[0.0, 0.0], [2.0, 6.0]])).tolist()
    [5.0, 0.5555555820465088]
    """
    variance = y.var(0, correction=0)
    usual = variance.mean()
    return torch.where(variance > 0, usual / variance, 1.0) if y.shape[1] > 1 else torch.ones_like(variance)


def headline(found: Scores) -> str:
    """The score that is compared: the first."""
    return next(iter(found))


def predict(model: KAN, table: Table) -> Tensor:
    """Predictions for the rows of a table (n, k): numbers, means where outputs are of these, or class probabilities."""
    with torch.no_grad():
        y = model(table.X)
    return as_mean(y, model.metadata.link) if table.classes is None else y.softmax(dim=1)


def row_losses(model: KAN, table: Table, loss: Loss | None = None) -> Tensor:
    """The loss of every row (n,); without one squared error, cross-entropy, or the loss that the model's outputs are
    for. nan where the model is undefined. Squared errors of several outputs count alike, whatever their units."""
    with torch.no_grad():
        y = model(table.X)
    if loss is None and model.metadata.loss:
        loss = LOSSES[model.metadata.loss]
    if isinstance(loss, Numbers):
        return loss.rows(y, table.y)
    if table.classes is None:
        return ((y - table.y).square() * unit(table.y)).mean(dim=1)
    return torch.nn.functional.cross_entropy(y, table.y, reduction="none")
