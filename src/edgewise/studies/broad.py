"""A broad hidden layer under a ridge penalty, for what sums of functions of one and two inputs do not say.

Where many columns act together, such as the pixels of an image, no pair stands out. One hidden layer of some nodes says
it, held back by a penalty. A first look is one fit, whose penalty is a guess. Only where that is clearly better on the
rows that choose, rows left out in turn say how strong the penalty is to be.

Of numbers, a mixture with the sums of functions is often better than either. With the best share less a standard error,
36 fits of twelve tables had 0.79 to 1.00 of the error of the sums. It must be sure, or laws in noise lose formulas.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from ..data import Table
from ..losses import Loss, SquaredError
from ..model import KAN
from ..train.choose import RIDGE
from ..train.evidence.by_evidence import Again
from ..train.fit import fit
from ..train.job import Job
from ..train.mixed import mixed
from ..train.result import FitResult
from ..train.solvers.status import Status
from ..train.ways.by_ridge import GLANCES, Shrunk, tried
from .choosing import behind, clearly_better, explained, group_error, mean_over
from .scores import predict, row_losses
from .tuning import TUNED


def broad(
    training: Table, choosing: Table, plain: FitResult, seed: int, how: dict[str, Any], loss: Loss
) -> FitResult | None:
    """The fit of a network with a broad hidden layer, or a mixture of it and the fit before; None where a first look
    says that neither is better.

    There is no look where few rows choose, or where cells are many.

    Args:
        training, choosing: the rows of fits, and those that choose between them.
        plain: the fit to do better than.
        seed: of the start.
        how: what fits are told.
        loss: that compares, in units that are known.
    """
    if choosing.count < TUNED.fewest_choosing or len(training) * len(training.inputs) > TUNED.broad_cells:
        return None
    start, mixing = begun(training, seed), mixes(plain, training, loss)

    def hopeful(look: KAN, steps: int) -> bool:
        if mixing:
            return share_of(plain.model, look, choosing, TUNED.broad_hope) > 0
        if steps > GLANCES[0]:  # of nine looks that lost more by the second glance, none caught up later
            return lost(look, choosing, loss) < lost(plain.model, choosing, loss)
        return not behind(look, plain.model, choosing, loss)

    look, ending = tried(start, Job(training.X, training.y, loss, training.weight, seed=seed), hopeful)
    wide = None
    if clearly_better(look, plain.model, choosing, loss):
        wide = fit(start, training.X, training.y, optimizer=RIDGE, **{**how, "loss": loss})
        if not isinstance(wide.ending, Shrunk) or wide.status is Status.NOTHING:
            return wide
        look, ending = wide.model, wide.ending
    share = share_of(plain.model, look, choosing) if mixing else 0.0
    if not share:
        return wide
    found = mixed(plain, look, ending, share)
    new, old = (lost(model, choosing, loss) for model in (found.model, plain.model))
    alone = wide is not None and share == TUNED.broad_most and clearly_better(wide.model, plain.model, choosing, loss)
    return wide if alone or new * TUNED.broad_worth >= old else found


def lost(model: KAN, rows: Table, loss: Loss) -> float:
    """What these rows lose by a network, in the mean."""
    return mean_over(row_losses(model, rows, loss), rows)


def mixes(plain: FitResult, training: Table, loss: Loss) -> bool:
    """Whether a fit may be a part of a mixture: of squares, by evidence, which found something, but no law."""
    by_squares = isinstance(loss, SquaredError) and isinstance(plain.ending, Again)
    return by_squares and bool(plain.model.active_edges()) and explained(plain.model, training) < 1 - TUNED.nearly_exact


def share_of(one: KAN, other: KAN, rows: Table, sure: float = TUNED.broad_sure) -> float:
    """What another network counts in the mixture that rows, seen by neither, lose least by, less its standard error;
    0 where that is not sure: not so many errors from nothing.

    The error asks for no normal ones, and holds where rows are few (HC3; MacKinnon & White 1985,
    doi:10.1016/0304-4076(85)90158-7).
    """
    mine, theirs = (predict(model, rows) for model in (one, other))
    apart, left = theirs - mine, rows.y - mine
    unit = torch.stack([rows.y.new_tensor(mean_over(column.square(), rows)) for column in left.T]).clamp(min=1e-300)
    each = (apart.square() / unit).sum(1)
    size = mean_over(each, rows)
    if not 0 < size < math.inf:
        return 0.0
    best = mean_over((apart * left / unit).sum(1), rows) / size
    unseen = 1 - each / (size * rows.count)  # what a row does not say of itself
    pulls = (apart * (left - best * apart) / unit).sum(1) / unseen.clamp(min=1e-3)
    if rows.groups is not None:
        error = group_error(pulls, rows) / size
    else:
        error = math.sqrt(mean_over(pulls.square(), rows) / rows.count) / size
    return min(best - error, TUNED.broad_most) if best > sure * error else 0.0


def begun(training: Table, seed: int) -> KAN:
    """The network that the fit starts from, of splines alone: silu beside them, which pixels have no use for, took the
    log loss on handwritten digits a quarter higher."""
    outputs = training.y.shape[1] if training.classes is None else len(training.classes)
    return KAN((len(training.inputs), TUNED.broad_nodes, outputs), grid_size=TUNED.broad_grids, base="none", seed=seed)
