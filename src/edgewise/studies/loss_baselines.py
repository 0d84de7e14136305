"""What anyone would try first under another loss than squares: the best constant, a linear model, boosting.

scikit-learn computes the last two, for each target by itself. Letters: n rows, d inputs, k outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError, require
from ..losses import Kink, Location, Numbers
from .tuning import TUNED

Column = Callable[[Numbers, np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def constant(loss: Numbers, y: Tensor, rows: int) -> Tensor:
    """The best constant for targets y (n, k), in their units, for so many rows."""
    return loss.mean(loss.constant(y)).expand(rows, -1)


def columns(fit: Column, loss: Numbers, x: Tensor, y: Tensor, new: Tensor, seed: int) -> Tensor:
    """Predictions (m, k) at rows `new` (m, d) by one model for each column of y (n, k)."""
    return torch.from_numpy(
        np.stack([fit(loss, x.numpy(), column.numpy(), new.numpy(), seed) for column in y.T], axis=1)
    ).double()


def linear(loss: Numbers, x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    """A linear model of standardised inputs x (n, d)."""
    models = require("sklearn.linear_model")
    if isinstance(loss, Kink):
        part = np.linspace(0, len(x) - 1, min(len(x), TUNED.quantile_rows)).round().astype(int)
        middle, spread = y.mean(), y.std() or 1.0
        model = models.QuantileRegressor(quantile=loss.part, alpha=0, solver="highs")
        return middle + spread * model.fit(x[part], (y[part] - middle) / spread).predict(new)
    if isinstance(loss, Location):
        middle = np.median(y)
        spread = np.median(np.abs(y - middle)) or 1.0
        model = models.HuberRegressor(max_iter=TUNED.linear_rounds).fit(x, (y - middle) / spread)
        return middle + spread * model.predict(new)
    if loss.name == "binomial":
        if len(np.unique(y)) == 1:
            return np.full(len(new), y[0])
        _refuse_shares(y)
        model = models.LogisticRegression(C=1 / (2 * TUNED.linear_penalty * len(x)), max_iter=TUNED.linear_rounds)
        return model.fit(x, y).predict_proba(new)[:, 1]
    kind = _known(loss, {"poisson": models.PoissonRegressor, "gamma": models.GammaRegressor})
    unit = y.mean() or 1.0
    return unit * kind(alpha=TUNED.linear_penalty, max_iter=TUNED.linear_rounds).fit(x, y / unit).predict(new)


def boosted(
    loss: Numbers, x: np.ndarray, y: np.ndarray, new: np.ndarray, seed: int, categories: Sequence[int] = ()
) -> np.ndarray:
    """Gradient boosting; Huber's and Student's losses, which it does not have, have absolute errors in their place.
    categories: the places of columns that hold the numbers of levels."""
    how: dict[str, Any] = {"random_state": seed, "categorical_features": [*categories]}
    ensemble = require("sklearn.ensemble")
    if isinstance(loss, Location):
        middle, spread = np.median(y), y.std() or 1.0  # scikit-learn sums gradients in float32
        how["loss"] = "absolute_error"
        if loss.name == "quantile" and isinstance(loss, Kink):
            how |= {"loss": "quantile", "quantile": loss.part}
        model = ensemble.HistGradientBoostingRegressor(**how)
        return middle + spread * model.fit(x, (y - middle) / spread).predict(new)
    if loss.name == "binomial":
        if len(np.unique(y)) == 1:
            return np.full(len(new), y[0])
        _refuse_shares(y)
        return ensemble.HistGradientBoostingClassifier(**how).fit(x, y).predict_proba(new)[:, 1]
    if not y.any():
        return np.zeros(len(new))
    unit = _known(loss, {"poisson": 1.0, "gamma": y.mean()})
    model = ensemble.HistGradientBoostingRegressor(loss=loss.name, **how)
    return unit * model.fit(x, y / unit).predict(new)


def _known(loss: Numbers, choices: dict[str, Any]) -> Any:
    """What goes with this loss. Raises `DataError` for one that scikit-learn does not have."""
    if loss.name not in choices:
        raise DataError(f"scikit-learn has no model for the loss {loss.name!r}")
    return choices[loss.name]


def _refuse_shares(y: np.ndarray) -> None:
    if not np.isin(y, (0, 1)).all():
        raise DataError("scikit-learn fits yes and no alone, no shares between them")
