"""Wrong settings of the estimators; rows are checked by scikit-learn, in its own words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import edgewise as ew
from wrong_calls import add, rows, targets

ARRAYS: dict[str, Any] = {"an array": np.zeros(3), "a matrix": np.zeros((2, 2))}
SETTINGS: dict[str, dict[str, Any]] = {
    "hidden": {"zero": 0, "None": None, "text": "5", "floats": np.zeros(3), "a matrix": np.ones((2, 2))},
    "grids": {"falling": (5, 3), "text": "5", "bytes": b"ab", "None": None, **ARRAYS},
    "sparsity": {"-1": -1, "nan": math.nan, "None": None, "10^400": 10**400, **ARRAYS},
    "effort": {"unknown": "hard", "None": None, **ARRAYS},
    "interactions": {"-1": -1, "1.5": 1.5, "text": "many", "None": None, **ARRAYS},
    "formula": {"None": None, "1": 1, **ARRAYS},
    "random_state": {"-1": -1, "2**64": 2**64, "10^5000": 10**5000},
    "progress": {"None": None, "1": 1, **ARRAYS},
}
LABELS = np.where(targets().numpy() > 0, "high", "low")
for kind, y in {"KANRegressor": targets().numpy(), "KANClassifier": LABELS}.items():
    for setting, wrong in SETTINGS.items():
        add(
            kind,
            setting,
            lambda v, kind=kind, y=y, s=setting: getattr(ew, kind)(
                **{"hidden": (), "effort": "quick", "random_state": 0, s: v}
            ).fit(rows().numpy(), y),
            wrong,
        )
fitted = ew.KANRegressor(hidden=(), effort="quick", random_state=0)
add(
    "KANRegressor",
    "coverage",
    lambda v: fitted.fit(rows().numpy(), targets().numpy()).predict_interval(rows().numpy(), v),
    {"zero": 0, "1.5": 1.5, "text": "0.9", "nan": math.nan, **ARRAYS},
)
