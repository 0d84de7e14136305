"""Whether a network of the logarithm of the mean predicts numbers better.

Prices, amounts, times and concentrations are above zero, causes multiply in them, and errors grow with them. Squares
then follow the few largest rows, and what is a sum of logarithms takes many products. The gamma loss weighs errors by
the mean. It is tried only where the spread clearly grows with the mean, and kept where it lowers the squared error of
rows left out in turn. That error alone is a blunt judge, since the few largest rows make most of it.

The variables and pairs of the mean's network come first. Where the logarithm is not better with these, others are not
searched for: on the seven tables where that was measured, the search did not change the answer. Of many rows the
logarithm has the variables and pairs of the mean, and the rows that choose have the last word.

Counts, and amounts of which some are zero, have Poisson's loss in place of gamma's. Of forty made tables it was taken
on half. Errors to the means fell there, to 0.7 times in the middle, but on one whose causes add up: 1.6 times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..data import Table, together
from ..errors import TrainingError
from ..losses import Gamma, Linked, Loss, Numbers, Poisson
from ..model import KAN
from ..train.choose import EVIDENCE
from ..train.evidence.by_evidence import Again, structures_of
from ..train.fit import fit
from ..train.mixed import Mixed
from ..train.refit import refit
from ..train.result import FitResult
from ..train.solvers.status import Status
from ..transforms.means import as_means, bounded
from .choosing import mean_over
from .scores import predict, row_losses
from .tuning import TUNED


@dataclass(frozen=True)
class ByLog:
    """The fit of the logarithm of the mean, and its squared error on unseen rows in parts of that of the mean's."""

    fit: FitResult
    ratio: float


def by_log(
    found: FitResult, room: KAN, sums: KAN, training: Table, choosing: Table | None, how: dict[str, Any]
) -> ByLog | None:
    """The network of the logarithm of the mean, where spread grows and it predicts better than the one found.

    Args:
        found: the fit of the mean itself, with hidden layers where these help: what a network misses looks like spread.
        room: the network that a fit by evidence begins with.
        sums: the same without room for products. Where inputs are many, sums alone decide.
        training: the rows of the fit.
        choosing: rows that it has not seen.
        how: what the fit was told.
    """
    if isinstance(found.ending, Mixed) and choosing is not None:
        log = by_log(found.ending.one, room, sums, training, choosing, how)
        if log is None:
            return None
        new, old = (squares(model, choosing) for model in (means_of(log.fit.model, training), found.model))
        return replace(log, ratio=new / old) if new < old else None
    loss = asked(found, training, choosing)
    if loss is None:
        return None
    if len(training) > TUNED.log_searched:
        return _of_many(found, loss, training, choosing)
    few = _few(training)
    if isinstance(loss, Poisson):
        return _with_zeros(found, room, training, few, choosing, how | few.row_settings | {"loss": loss})
    how = {**how, "optimizer": EVIDENCE}
    quiet: dict[str, Any] = {**how, **few.row_settings, "progress": False}
    linked: dict[str, Any] = {"loss": loss}
    many = len(training.inputs) > TUNED.log_inputs
    by_steps = not isinstance(found.ending, Again)
    mean = fit(sums, few.X, few.y, **quiet) if many and not by_steps else found
    if mean.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    try:
        tried = [] if by_steps else [under_exponential(mean, loss)]
        bar = mean_over(unseen(mean, few), few)
        errors = [mean_over(unseen(one, few), few) for one in tried]
        if errors and not errors[0] < bar:  # nor where a prediction is not finite
            return None
        log = fit(sums if many else room, few.X, few.y, **(quiet | linked))
        if log.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if by_steps or structures_of(log) != structures_of(mean):
            tried, errors = [*tried, log], [*errors, mean_over(unseen(log, few), few)]
        best = min(range(len(tried)), key=lambda place: errors[place])
        if not errors[best] < bar:
            return None
        if many or few is not training:
            log = fit(room, training.X, training.y, **(how | linked))
        elif tried[best] is not log:
            log = refit(tried[best], training.X, training.y, **training.row_settings, progress=False)
    except TrainingError:  # the loss has no curvature that floats hold
        return None
    return ByLog(log, errors[best] / bar)


def _few(rows: Table) -> Table:
    """The rows that decide."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[: TUNED.log_rows]
    return rows if len(rows) <= TUNED.log_rows else rows.take(order)


def _with_zeros(
    found: FitResult, room: KAN, training: Table, few: Table, choosing: Table | None, how: dict[str, Any]
) -> ByLog | None:
    """The logarithm where targets may be zero: with the variables and pairs of the mean, where that has some. What a
    search finds for counts that vary more than Poisson's are pairs that follow the largest of them. Where the mean is
    no fit by evidence, fits of it to other rows take long, and the rows that choose come first. Of many rows they have
    the last word, too."""
    try:
        if isinstance(found.ending, Again):
            log = under_exponential(found, how["loss"])
        else:
            log = fit(room, few.X, few.y, **(how | {"optimizer": EVIDENCE, "progress": False}))
            if log.status is Status.INTERRUPTED:
                raise KeyboardInterrupt
            bar = math.inf if choosing is None else TUNED.simpler_worth * squares(found.model, choosing)
            if choosing is not None and not squares(means_of(log.model, few), choosing) < bar:
                return None
            if choosing is not None and few is not training:
                return _on_choosing(log, found, training, choosing)
        new, old = (mean_over(unseen(one, few), few) for one in (log, found))
        if not new < old:  # nor where a prediction is not finite
            return None
        log = refit(log, training.X, training.y, **training.row_settings, progress=False)
    except TrainingError:  # the loss has no curvature that floats hold
        return None
    return ByLog(log, new / old)


def _on_choosing(log: FitResult, mean: FitResult, training: Table, choosing: Table) -> ByLog | None:
    """The logarithm, fitted to the rows of the fit, where it predicts those that choose better."""
    log = refit(log, training.X, training.y, **training.row_settings, progress=False)
    new, old = (squares(model, choosing) for model in (means_of(log.model, training), mean.model))
    return ByLog(log, new / old) if new < old else None


def _of_many(mean: FitResult, loss: Linked, training: Table, choosing: Table | None) -> ByLog | None:
    """The logarithm with the variables and pairs of the mean, where it predicts the rows that choose better."""
    if choosing is None:
        return None
    try:
        return _on_choosing(under_exponential(mean, loss), mean, training, choosing)
    except TrainingError:
        return None


def squares(model: KAN, rows: Table) -> float:
    """The mean squared error of a single output."""
    return mean_over((predict(model, rows) - rows.y).square()[:, 0], rows)


def under_exponential(mean: FitResult, loss: Linked) -> FitResult:
    """What a refit by such a loss goes on from: the variables and pairs of the mean, under an exponential."""
    ending = mean.ending
    assert isinstance(ending, Again)
    none = {"output_shift": torch.zeros_like, "output_scale": torch.ones_like}
    start = ending.start.build(scaling={name: like(getattr(ending.start, name)) for name, like in none.items()})
    ending = replace(ending, start=start, loss=loss, shapes=ending.shapes.above())
    return replace(mean, ending=ending, history=[], validation_loss=None, metrics={})


def asked(found: FitResult, training: Table, choosing: Table | None) -> Linked | None:
    """The loss of the logarithm, where it may help: for one target, from rows that are not too few. Errors grow with
    it, or rough functions catch them, which follow large ones. Pairs that are not known are not searched for among many
    rows."""
    numbers = training.classes is None and training.y.shape[1] == 1
    if not numbers or training.count < TUNED.log_fewest:
        return None
    loss = loss_of(training.y if choosing is None else torch.cat([training.y, choosing.y]))
    by_evidence = isinstance(found.ending, Again)
    if loss is None or found.ending is None or not by_evidence and len(training) > TUNED.log_searched:
        return None
    rough = by_evidence and any(structure.rough for structure in structures_of(found))
    return loss if rough or spread_grows(found.model, training) else None


def loss_of(y: Tensor) -> Linked | None:
    """Gamma for targets (n, 1) above zero, Poisson where zeros are among them: as a quasi-likelihood, it asks for no
    whole numbers (Wedderburn 1974, doi:10.1093/biomet/61.3.439). None where some are below zero, nor with zeros where
    there is an upper end: for yes and no, shares and percentages.

    >>> [loss_of(torch.tensor(y)) for y in ([[2.5], [0.1]], [[2.5], [0.0], [7.0]], [[1.0], [0.0]], [[-1.0], [5.0]])]
    [Gamma(), Poisson(), None, None]
    """
    least, largest = (float(end) for end in y.aminmax())
    if least != 0:
        return Gamma() if least > 0 else None
    ended = largest <= 1 or largest == 100 or len(y.unique()) == 2
    return None if ended else Poisson()


def spread_grows(model: KAN, rows: Table) -> bool:
    """Whether squared errors grow with the predictions: a score test that does not ask for normal errors (Koenker 1981,
    doi:10.1016/0304-4076(81)90062-2)."""
    predicted = predict(model, rows)[:, 0]
    square = (rows.y[:, 0] - predicted).square()
    both = torch.cov(torch.stack([predicted, square, rows.y[:, 0]]), correction=0, aweights=rows.weight)
    spread = both.diagonal()
    if not mean_over(square, rows) > TUNED.no_spread * spread[2] or not (spread[:2] > 0).all():
        return False
    return bool(both[0, 1] / (spread[0] * spread[1]).sqrt() * math.sqrt(rows.count) > TUNED.spread_grows)


def unseen(result: FitResult, rows: Table, loss: Loss | None = None) -> Tensor:
    """The loss of each row (n,), of the mean where it is a squared error, by a fit of the same structure to other
    rows, and to other groups where there are enough of them."""
    unit = torch.arange(len(rows)) if rows.groups is None else together(rows.groups)
    unit = unit if int(unit.max()) + 1 >= TUNED.log_folds else torch.arange(len(rows))
    place = (torch.randperm(int(unit.max()) + 1, generator=torch.Generator().manual_seed(1)) % TUNED.log_folds)[unit]
    found = torch.zeros(len(rows), dtype=torch.float64)
    for fold in range(TUNED.log_folds):
        old, new = rows.take((place != fold).nonzero()[:, 0]), rows.take((place == fold).nonzero()[:, 0])
        again = refit(result, old.X, old.y, **old.row_settings, progress=False)
        made = again.model if isinstance(loss, Numbers) else means_of(again.model, old)
        found[place == fold] = row_losses(made, new, loss)
    return found


def means_of(model: KAN, rows: Table) -> KAN:
    """The network of the means whose logarithm `model` gives; those of new rows go not far beyond those of these."""
    if not model.metadata.link:
        return model
    with torch.no_grad():
        return as_means(bounded(model, model(rows.X).amax(0)))
