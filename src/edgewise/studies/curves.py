"""The curves of the columns of a study, with the bands of its last fit."""

from __future__ import annotations

from torch import Tensor

from ..data import Table
from ..insight.effects import Effect, effects
from ..model import KAN
from ..train.evidence.by_evidence import Again
from ..train.refit import refit
from .gross_errors import believed
from .trained import Trained


def curves(trained: Trained, model: KAN, table: Table, level: float, rows: Tensor | None = None) -> tuple[Effect, ...]:
    """The effect of each column on all rows of a table. rows (n, d): those over whose mean each curve is zero, the same
    ones where none are given.

    A network in closed form is fitted to them once more, which gives the bands; it takes no search. Where the
    logarithm of the mean was fitted, the curves are of that. A network with hidden layers has no bands.
    """
    rows, table = table.X if rows is None else rows, believed(trained, table)
    if not isinstance(trained.chosen.ending, Again) or trained.interrupted:
        return effects(model, rows, level=level)
    return effects(refit(trained.chosen, table.X, table.y, **table.row_settings, progress=False), rows, level=level)
