"""edgewise on a table, which it reads as it is. This file alone knows how it is called."""

from __future__ import annotations

from typing import Any

import edgewise as ew

from .peers import SEED, Predict, predictor
from .tables import Rows


def estimator(old: Rows, new: Rows, **settings: Any) -> Predict:
    """The regressor or the classifier with these settings, fitted to all training rows."""
    kind = ew.KANClassifier if old.classes else ew.KANRegressor
    return predictor(kind(random_state=SEED, **settings).fit(old.X, old.y), new.X, old.classes)
