"""edgewise on a table. This file alone knows how it is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import edgewise as ew
from edgewise.data import from_arrays
from edgewise.studies.learning import learn_all
from edgewise.studies.settings import StudySettings

from .peers import SEED, Predict, predictor, spread_over
from .preparing import dense
from .tables import Rows


def estimator(old: Rows, new: Rows, **settings: Any) -> Predict:
    """The regressor or the classifier with these settings: the stages of a study, then a fit to all training rows."""
    rows, kind = dense(old, new), ew.KANClassifier if old.classes else ew.KANRegressor
    return predictor(kind(random_state=SEED, **settings).fit(rows.old, old.y), rows.new, old.classes)


def additive(old: Rows, new: Rows) -> Predict:
    """The same stages without hidden layers and without pairs, which no setting of the estimators leaves out."""
    rows = dense(old, new)
    names = [f"x{place}" for place in range(1, rows.old.shape[1] + 1)]
    table = from_arrays(rows.old, old.y, inputs=names, task="classification" if old.classes else "regression")
    model = learn_all(table, StudySettings(hidden=(), interactions=0, formula=False, seed=SEED)).model
    places = [names.index(name) for name in table.inputs]

    def predict() -> np.ndarray:
        with torch.no_grad():
            found = model(torch.from_numpy(rows.new[:, places]))
        if table.classes is None:
            return found[:, 0].numpy()
        return spread_over(found.softmax(1).numpy(), np.array(table.classes, dtype=int), old.classes)

    return predict
