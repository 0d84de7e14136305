"""Whether a network of the logarithm of the mean predicts numbers better.

Prices, amounts, times and concentrations are above zero, causes multiply in them, and errors grow with them. Squares
then follow the few largest rows, and what is a sum of logarithms takes many products. The gamma loss weighs errors by
the mean. It is tried only where the spread clearly grows with the mean, and kept where it lowers the squared error of
rows left out in turn. That error alone is a blunt judge, since the few largest rows make most of it.

The variables and pairs of the mean's network come first. Where the logarithm is not better with these, others are not
searched for: on the seven tables where that was measured, the search did not change the answer. Of many rows the
logarithm has the variables and pairs of the mean, and the rows that choose have the last word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..data import Table, together
from ..errors import TrainingError
from ..losses import Gamma, Loss, Numbers
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
    if not asked(found, training, choosing):
        return None
    if len(training) > TUNED.log_searched:
        return _of_many(found, training, choosing)
    few = training
    if len(training) > TUNED.log_rows:
        few = training.take(torch.randperm(len(training), generator=torch.Generator().manual_seed(0))[: TUNED.log_rows])
    how = {**how, "optimizer": EVIDENCE}
    quiet: dict[str, Any] = {**how, **few.row_settings, "progress": False}
    gamma: dict[str, Any] = {"loss": Gamma()}
    many = len(training.inputs) > TUNED.log_inputs
    by_steps = not isinstance(found.ending, Again)
    mean = fit(sums, few.X, few.y, **quiet) if many and not by_steps else found
    if mean.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    try:
        tried = [] if by_steps else [under_exponential(mean)]
        bar = mean_over(unseen(mean, few), few)
        errors = [mean_over(unseen(one, few), few) for one in tried]
        if errors and not errors[0] < bar:  # nor where a prediction is not finite
            return None
        log = fit(sums if many else room, few.X, few.y, **(quiet | gamma))
        if log.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if by_steps or structures_of(log) != structures_of(mean):
            tried, errors = [*tried, log], [*errors, mean_over(unseen(log, few), few)]
        best = min(range(len(tried)), key=lambda place: errors[place])
        if not errors[best] < bar:
            return None
        if many or few is not training:
            log = fit(room, training.X, training.y, **(how | gamma))
        elif tried[best] is not log:
            log = refit(tried[best], training.X, training.y, **training.row_settings, progress=False)
    except TrainingError:  # the gamma loss has no curvature that floats hold
        return None
    return ByLog(log, errors[best] / bar)


def _of_many(mean: FitResult, training: Table, choosing: Table | None) -> ByLog | None:
    """The logarithm with the variables and pairs of the mean, where it predicts the rows that choose better."""
    if choosing is None:
        return None
    try:
        log = refit(under_exponential(mean), training.X, training.y, **training.row_settings, progress=False)
    except TrainingError:
        return None
    new, old = (squares(model, choosing) for model in (means_of(log.model, training), mean.model))
    return ByLog(log, new / old) if new < old else None


def squares(model: KAN, rows: Table) -> float:
    """The mean squared error of a single output."""
    return mean_over((predict(model, rows) - rows.y).square()[:, 0], rows)


def under_exponential(mean: FitResult) -> FitResult:
    """What a refit by the gamma loss goes on from: the variables and pairs of the mean, under an exponential."""
    ending = mean.ending
    assert isinstance(ending, Again)
    none = {"output_shift": torch.zeros_like, "output_scale": torch.ones_like}
    start = ending.start.build(scaling={name: like(getattr(ending.start, name)) for name, like in none.items()})
    ending = replace(ending, start=start, loss=Gamma(), shapes=ending.shapes.above())
    return replace(mean, ending=ending, history=[], validation_loss=None, metrics={})


def asked(found: FitResult, training: Table, choosing: Table | None) -> bool:
    """Whether it may help: for one target above zero, from rows that are not too few. Errors grow with it, or rough
    functions catch them, which follow large ones. Pairs that are not known are not searched for among many rows."""
    tables = [training] if choosing is None else [training, choosing]
    numbers = training.classes is None and training.y.shape[1] == 1
    if not numbers or training.count < TUNED.log_fewest or any(bool((table.y <= 0).any()) for table in tables):
        return False
    by_evidence = isinstance(found.ending, Again)
    if found.ending is None or not by_evidence and len(training) > TUNED.log_searched:
        return False
    rough = by_evidence and any(structure.rough for structure in structures_of(found))
    return rough or spread_grows(found.model, training)


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
