"""A broad hidden layer under a ridge penalty, for what sums of functions of one and two inputs do not say.

Where many columns act together, such as the pixels of an image, no pair stands out. One hidden layer of some nodes says
it, held back by a penalty. A first look is one fit, whose penalty is a guess. Only where that is clearly better on the
rows that choose, rows left out in turn say how strong the penalty is to be.
"""

from __future__ import annotations

from typing import Any

from ..data import Table
from ..losses import Loss
from ..model import KAN
from ..train.by_ridge import tried
from ..train.choose import RIDGE
from ..train.fit import fit
from ..train.job import Job
from ..train.result import FitResult
from .choosing import clearly_better

NODES = 20  # of the hidden layer: with 50, errors were within 4 % of these on four tables
GRIDS = (1, 5)  # intervals: edges of inputs are cubics. On digits, log losses with three intervals were a fifth higher
FEWEST = 30  # rows that choose: of ten, one decides
CELLS = 100_000  # rows times inputs, at most: a look then takes two seconds, and all fits a minute


def broad(training: Table, choosing: Table, plain: KAN, seed: int, how: dict[str, Any], loss: Loss) -> FitResult | None:
    """The fit of the network with a broad hidden layer; None where a first look says that it is no better.

    There is no look where few rows choose, or where cells are many.

    Args:
        training, choosing: the rows of fits, and those that choose between them.
        plain: the network to do better than.
        seed: of the start.
        how: what fits are told.
        loss: that compares, in units that are known.
    """
    if choosing.count < FEWEST or len(training) * len(training.inputs) > CELLS:
        return None
    start = begun(training, seed)
    look = tried(start, Job(training.X, training.y, loss, training.weight, seed=seed))
    if not clearly_better(look, plain, choosing, loss):
        return None
    return fit(start, training.X, training.y, optimizer=RIDGE, **{**how, "loss": loss})


def begun(training: Table, seed: int) -> KAN:
    """The network that the fit starts from, of splines alone: silu beside them, which pixels have no use for, took the
    log loss on handwritten digits a quarter higher."""
    outputs = training.y.shape[1] if training.classes is None else len(training.classes)
    return KAN((len(training.inputs), NODES, outputs), grid_size=GRIDS, base="none", seed=seed)
