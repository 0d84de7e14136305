"""Prediction intervals from the errors on rows that a network has not seen: CV+ (Barber et al. 2021,
doi:10.1214/20-AOS1965).

The rows fall into folds. For each fold a network is fitted to the other rows, by all stages. Row i, of the fold f(i),
then has the error R_i of the network that has not seen it. At a new row x, the upper bound is a quantile of the numbers
prediction of network f(i) at x + R_i, and the lower one of the same with - R_i.

Letters: n rows, m new rows, k outputs, f folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..data import Table, folds
from ..model import KAN
from ..prediction import as_mean
from ..studies.learning import learn_as_read
from ..studies.study_settings import StudySettings
from .arrays import predicted

FOLDS = 5  # networks; more cost more, and fewer err more than the network that is fitted to all rows
CELLS = 1 << 22  # numbers that are sorted at once: 32 MB


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """models (f): the networks. fold (n,): which of them has not seen a row; errors (n, k): how far it is off there;
    weight (n,): how often the row counts."""

    models: tuple[KAN, ...]
    fold: np.ndarray
    errors: np.ndarray
    weight: np.ndarray

    def bounds(self, X: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds (m, k) of the targets of new rows X (m, d), none beyond what a mean can be under a
        link: no count is below zero."""
        rank = coverage * (float(self.weight.sum()) + 1)  # of the bound among the numbers, which the new row joins
        made = [np.empty((len(X), self.errors.shape[1])) for _ in range(2)]
        step = max(1, CELLS // len(self.fold))
        for first in range(0, len(X), step):
            part = slice(first, first + step)
            at = np.stack([predicted(model, X[part]) for model in self.models])  # (f, m, k)
            for output, errors in enumerate(self.errors.T):
                middle = at[self.fold, :, output]  # (n, m)
                for values, sign in zip(made, (-1.0, 1.0), strict=True):
                    values[part, output] = sign * _lowest(sign * middle + errors[:, None], self.weight, rank)
        ends = as_mean(torch.tensor([-torch.inf, torch.inf]), self.models[0].metadata.link).tolist()
        return made[0].clip(*ends), made[1].clip(*ends)


def _lowest(values: np.ndarray, weight: np.ndarray, rank: float) -> np.ndarray:
    """For each column of values (n, m), the lowest that so much weight is at or below; infinite where there is none."""
    order = values.argsort(0)
    enough = weight[order].cumsum(0) >= rank - 1e-9  # a rank that is whole but for round-off
    found = np.take_along_axis(values, order, 0)
    place = enough.argmax(0)
    chosen = found[place, np.arange(values.shape[1])]
    return np.where(enough[-1], chosen, np.inf)


def out_of_fold(table: Table, settings: StudySettings, progress: bool = False, count: int = FOLDS) -> OutOfFold:
    """Fit the networks, each by all stages, with the inputs of this table.

    Raises:
        DataError: too few rows.
    """
    models, fold, errors, weight = [], [], [], []
    for number, (rest, held) in enumerate(folds(table, count, settings.seed)):
        models.append(learn_as_read(rest, settings, progress).model)
        errors.append(np.abs(held.y.numpy() - predicted(models[-1], held.X.numpy())))
        fold.append(np.full(len(held), number))
        weight.append(np.ones(len(held)) if held.weight is None else held.weight.numpy())
    return OutOfFold(tuple(models), np.concatenate(fold), np.concatenate(errors), np.concatenate(weight))
