"""edgewise on a table. This file alone knows how it is called."""

from __future__ import annotations

from typing import Any

import edgewise as ew

from .peers import SEED, Predict, predictor
from .preparing import dense
from .tables import Rows


def estimator(old: Rows, new: Rows, **settings: Any) -> Predict:
    """The regressor or the classifier with these settings, fitted to all training rows."""
    rows, kind = dense(old, new), ew.KANClassifier if old.classes else ew.KANRegressor
    return predictor(kind(random_state=SEED, **settings).fit(rows.old, old.y), rows.new, old.classes)
