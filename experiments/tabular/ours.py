"""edgewise on a table, by its study. This file alone knows how it is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from edgewise.data import Table, from_arrays
from edgewise.studies.settings import StudySettings
from edgewise.studies.stages import final, learn

from .peers import Predict, spread_over
from .preparing import dense
from .tables import Rows


def study(old: Rows, new: Rows, **settings: Any) -> Predict:
    """The stages of a study on the training rows, all of which are fitted in the end."""
    rows = dense(old, new)
    table = as_table(rows.old, old)
    model = final(learn(table, StudySettings(formula=False, **settings), False), table, False)
    places = [int(name[1:]) - 1 for name in table.inputs]

    def predict() -> np.ndarray:
        with torch.no_grad():
            found = model(torch.from_numpy(rows.new[:, places]))
        if table.classes is None:
            return found[:, 0].numpy()
        return spread_over(found.softmax(1).numpy(), np.array(table.classes, dtype=int), old.classes)

    return predict


def as_table(X: np.ndarray, old: Rows) -> Table:
    """The training rows as edgewise takes them: inputs x1, x2, ..., classes by their codes."""
    names = [f"x{place}" for place in range(1, X.shape[1] + 1)]
    return from_arrays(X, old.y, inputs=names, task="classification" if old.classes else "regression")
