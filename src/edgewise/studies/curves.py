"""The curves of the columns of a study, with the bands of its last fit."""

from __future__ import annotations

from ..data import Table
from ..insight.effects import Effect, effects
from ..model import KAN
from ..train.evidence.by_evidence import Again
from ..train.refit import refit
from .trained import Trained


def curves(trained: Trained, model: KAN, table: Table, level: float) -> tuple[Effect, ...]:
    """The effect of each column on all rows of a table.

    A network in closed form is fitted to them once more, which gives the bands; it takes no search. Where the
    logarithm of the mean was fitted, the curves are of that. A network with hidden layers has no bands.
    """
    if not isinstance(trained.chosen.ending, Again) or trained.interrupted:
        return effects(model, table.X, level=level)
    return effects(refit(trained.chosen, table.X, table.y, **table.row_settings, progress=False), level=level)
