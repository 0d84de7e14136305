"""What anyone would try first: the mean, a linear model, gradient boosting. scikit-learn computes the last two."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from ..data import Table
from ..errors import DataError, MissingExtra, require
from ..losses import Loss, Numbers
from .loss_baselines import boosted as boosted_under
from .loss_baselines import columns, constant
from .loss_baselines import linear as linear_under
from .scores import Scores, scores
from .tuning import TUNED

# n rows, d inputs, k outputs or classes
Predictor = Callable[[Table, Tensor, int], Tensor]


def baselines(rest: Table, held: Table, seed: int, loss: Loss | None = None) -> dict[str, Scores | str]:
    """Scores of every baseline, fitted to `rest` and judged on `held`.

    A sentence stands in place of the scores where one cannot be computed.
    """
    learn: dict[str, Predictor] = (
        {"mean": _mean, "linear regression": _linear, "gradient boosting": _boosted}
        if rest.classes is None
        else {"most frequent class": _shares, "logistic regression": _logistic, "gradient boosting": _boosted_classes}
    )
    if isinstance(loss, Numbers):
        learn = _under(loss)
    found: dict[str, Scores | str] = {}
    for name, predict in learn.items():
        try:
            found[name] = scores(held, predict(rest, held.X, seed), loss)
        except (MissingExtra, DataError) as error:
            found[name] = f"not computed: {error}"
    return found


def _under(loss: Numbers) -> dict[str, Predictor]:
    """The same under another loss."""

    def linear(rest: Table, X: Tensor, seed: int) -> Tensor:
        old, new = _standard(rest.X, X)
        return columns(linear_under, loss, old, rest.y, new, _seed(seed))

    def boosted(rest: Table, X: Tensor, seed: int) -> Tensor:
        old, which = coded(rest, rest.X)
        with _threads(rest):
            under = partial(boosted_under, categories=which)
            return columns(under, loss, old, rest.y, coded(rest, X)[0], _seed(seed))

    return {
        "best constant": lambda rest, X, seed: constant(loss, rest.y, len(X)),
        "linear model": linear,
        "gradient boosting": boosted,
    }


def _mean(rest: Table, X: Tensor, seed: int) -> Tensor:
    return rest.y.mean(dim=0).expand(len(X), -1)


def _shares(rest: Table, X: Tensor, seed: int) -> Tensor:
    return (torch.bincount(rest.y, minlength=len(rest.classes or ())).double() / len(rest)).expand(len(X), -1)


def _linear(rest: Table, X: Tensor, seed: int) -> Tensor:
    """Least squares with an intercept, on standardised inputs so that their units do not matter."""
    old, new = _standard(rest.X, X)
    (y, _), middle, spread = _standard(rest.y, rest.y), rest.y.mean(dim=0), _spread(rest.y)
    model = require("sklearn.linear_model").LinearRegression().fit(old.numpy(), y.numpy())
    return middle + spread * torch.from_numpy(model.predict(new.numpy()))


def _logistic(rest: Table, X: Tensor, seed: int) -> Tensor:
    """Multinomial logistic regression, on standardised inputs."""
    old, new = _standard(rest.X, X)
    model = require("sklearn.linear_model").LogisticRegression(
        C=1 / (2 * TUNED.logistic_penalty * len(rest)), max_iter=1000
    )
    return _probabilities(model, rest, old, new)


def _boosted(rest: Table, X: Tensor, seed: int) -> Tensor:
    """On standardised targets, since scikit-learn sums gradients in float32."""
    (y, _), middle, spread = _standard(rest.y, rest.y), rest.y.mean(dim=0), _spread(rest.y)
    boosting = require("sklearn.ensemble").HistGradientBoostingRegressor
    old, which = coded(rest, rest.X)
    new, how = coded(rest, X)[0].numpy(), {"random_state": _seed(seed), "categorical_features": which}
    with _threads(rest):
        columns = [boosting(**how).fit(old.numpy(), column.numpy()).predict(new) for column in y.T]
    return middle + spread * torch.from_numpy(np.stack(columns, axis=1))


def _boosted_classes(rest: Table, X: Tensor, seed: int) -> Tensor:
    old, which = coded(rest, rest.X)
    boosting = require("sklearn.ensemble").HistGradientBoostingClassifier
    model = boosting(random_state=_seed(seed), categorical_features=which)
    with _threads(rest):
        return _probabilities(model, rest, old, coded(rest, X)[0])


def coded(table: Table, X: Tensor) -> tuple[Tensor, list[int]]:
    """Rows X (n, d) of a table as trees take them: the number of its level in place of a column's levels. And the
    places of those that are categories, which have at most `TUNED.tree_levels` levels.

    >>> from edgewise.data import from_dataframe
    >>> import pandas as pd
    >>> table = from_dataframe(pd.DataFrame({"c": ["a", "b", "a", "b"], "x": [0, 1, 2, 3], "y": [0, 1, 2, 4]}), "y")
    >>> coded(table, table.X)[0].tolist(), coded(table, table.X)[1]
    ([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]], [1])
    """
    levels = {
        column: [table.inputs.index(f"{column}={level}") for level in names]
        for column, names in table.categories.items()
    }
    taken = {place for places in levels.values() for place in places}
    kept = [place for place in range(X.shape[1]) if place not in taken]
    codes = [X[:, places].argmax(1, keepdim=True).to(X) for places in levels.values()]
    which = [len(kept) + k for k, places in enumerate(levels.values()) if len(places) <= TUNED.tree_levels]
    return torch.cat([X[:, kept], *codes], 1), which


def _probabilities(model: Any, rest: Table, old: Tensor, new: Tensor) -> Tensor:
    """Probabilities (n, k) of all classes at `new`, by a scikit-learn model fitted at `old`."""
    present = rest.y.unique()
    result = torch.zeros(len(new), len(rest.classes or ()), dtype=torch.float64)
    if len(present) == 1:
        result[:, present] = 1.0
    else:
        result[:, present] = torch.from_numpy(model.fit(old.numpy(), rest.y.numpy()).predict_proba(new.numpy()))
    return result


def _threads(rest: Table) -> AbstractContextManager[object]:
    """One thread for small tables: where other programs share the cores, several that wait for one another take many
    times as long."""
    return threadpool_limits(1 if rest.X.numel() < TUNED.boosted_alone else None)


def _spread(values: Tensor) -> Tensor:
    spread = values.std(dim=0)
    return torch.where(spread > 0, spread, torch.ones_like(spread))


def _standard(old: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    middle, spread = old.mean(dim=0), _spread(old)
    return (old - middle) / spread, (new - middle) / spread


def _seed(seed: int) -> int:
    return seed % 2**32  # numpy's generators take 32 bits
