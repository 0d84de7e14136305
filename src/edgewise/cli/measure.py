"""Held-out errors of the network and of three baselines: the mean, a linear model and gradient boosting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor

from ..data import Table
from ..errors import MissingExtra, require

Scores = dict[str, float]
SMALL = 500_000  # cells of a table that one thread boosts quickly
FLOOR = 1e-15  # smallest probability in a cross-entropy: one confident error does not make it infinite

# n rows, d inputs, k outputs or classes


def scores(table: Table, predicted: Tensor) -> Scores:
    """Errors of predictions (n, k): rmse, mae and r2 of numbers; accuracy and cross_entropy of class probabilities.

    r2 is 1 - (squared errors) / (squares around the mean), summed over all outputs; nan when the held-out targets do
    not vary.
    """
    if table.classes is not None:
        chosen = predicted.gather(1, table.y[:, None])[:, 0]
        return {
            "accuracy": (predicted.argmax(dim=1) == table.y).double().mean().item(),
            "cross_entropy": abs(chosen.clamp(min=FLOOR).log().mean().item()),  # not minus zero
        }
    difference = predicted - table.y
    around = (table.y - table.y.mean(dim=0)).square().sum()
    return {
        "rmse": difference.square().mean().sqrt().item(),
        "mae": difference.abs().mean().item(),
        "r2": (1.0 - difference.square().sum() / around).item() if around > 0 else float("nan"),
    }


def headline(task: str) -> str:
    """The score that is compared."""
    return "rmse" if task == "regression" else "accuracy"


def baselines(rest: Table, held: Table, seed: int) -> dict[str, Scores | str]:
    """Scores of every baseline, learnt on `rest` and judged on `held`; a sentence in place of the scores where one
    cannot be computed."""
    learn: dict[str, Callable[[Table, Tensor, int], Tensor]] = (
        {"mean": _mean, "linear regression": _linear, "gradient boosting": _boosted}
        if rest.classes is None
        else {"most frequent class": _shares, "logistic regression": _logistic, "gradient boosting": _boosted_classes}
    )
    found: dict[str, Scores | str] = {}
    for name, predict in learn.items():
        try:
            found[name] = scores(held, predict(rest, held.X, seed))
        except MissingExtra as error:
            found[name] = f"not computed: {error}"
    return found


def _mean(rest: Table, X: Tensor, seed: int) -> Tensor:
    return rest.y.mean(dim=0).expand(len(X), -1)


def _linear(rest: Table, X: Tensor, seed: int) -> Tensor:
    """Least squares with an intercept, on standardised inputs so that their units do not matter."""
    old, new = _standard(rest.X, X)
    middle = rest.y.mean(dim=0)
    return middle + new @ torch.linalg.lstsq(old, rest.y - middle, driver="gelsd").solution


def _boosted(rest: Table, X: Tensor, seed: int) -> Tensor:
    """On standardised targets, since scikit-learn sums gradients in float32."""
    ensemble = require("sklearn.ensemble")
    (y, _), middle, spread = _standard(rest.y, rest.y), rest.y.mean(dim=0), rest.y.std(dim=0)
    with _threads(rest):
        columns = [
            ensemble.HistGradientBoostingRegressor(random_state=_seed(seed))
            .fit(rest.X.numpy(), y[:, k].numpy())
            .predict(X.numpy())
            for k in range(y.shape[1])
        ]
    return middle + spread * torch.from_numpy(np.stack(columns, axis=1))


def _shares(rest: Table, X: Tensor, seed: int) -> Tensor:
    return (torch.bincount(rest.y, minlength=len(rest.classes or ())).double() / len(rest)).expand(len(X), -1)


def _logistic(rest: Table, X: Tensor, seed: int) -> Tensor:
    """Multinomial logistic regression with a ridge of 1e-4 per row, so that separable classes have finite weights."""
    old, new = _standard(rest.X, X)
    weight = torch.zeros(old.shape[1] + 1, len(rest.classes or ()), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = (
            torch.nn.functional.cross_entropy(old @ weight[1:] + weight[0], rest.y) + 1e-4 * weight[1:].square().sum()
        )
        value.backward()
        return value

    optimizer.step(loss)  # type: ignore[arg-type]
    return (new @ weight[1:] + weight[0]).detach().softmax(dim=1)


def _boosted_classes(rest: Table, X: Tensor, seed: int) -> Tensor:
    ensemble = require("sklearn.ensemble")
    present = rest.y.unique()
    result = torch.zeros(len(X), len(rest.classes or ()), dtype=torch.float64)
    with _threads(rest):
        model = ensemble.HistGradientBoostingClassifier(random_state=_seed(seed)).fit(rest.X.numpy(), rest.y.numpy())
        result[:, present] = torch.from_numpy(model.predict_proba(X.numpy()))
    return result


def _threads(rest: Table) -> AbstractContextManager[object]:
    """One thread for small tables: where other programs share the cores, several that wait for one another take many
    times as long."""
    return require("threadpoolctl").threadpool_limits(1 if rest.X.numel() < SMALL else None)


def _standard(old: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    middle, spread = old.mean(dim=0), old.std(dim=0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    return (old - middle) / spread, (new - middle) / spread


def _seed(seed: int) -> int:
    return seed % 2**32  # numpy's generators take 32 bits
