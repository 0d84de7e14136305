"""Scores by hand, and baselines against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

from edgewise.data import from_arrays, from_dataframe, split
from edgewise.losses import Quantile
from edgewise.studies.baselines import baselines, coded
from edgewise.studies.scores import scores


def test_scores_by_hand() -> None:
    table = from_arrays([[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0])
    got = scores(table, torch.tensor([[1.0], [2.0], [4.0], [3.0]], dtype=torch.float64))
    assert got == pytest.approx({"rmse": math.sqrt(10 / 4), "mae": 1.0, "r2": 1 - 10 / 20})
    labels = from_arrays([[0.0], [1.0], [2.0], [3.0]], ["a", "b", "b", "a"])
    got = scores(labels, torch.tensor([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0], [0.9, 0.1]], dtype=torch.float64))
    assert got == pytest.approx(
        {"accuracy": 0.75, "cross_entropy": -(math.log(0.5) + math.log(0.75) + math.log(1e-15) + math.log(0.9)) / 4}
    )


def test_regression_baselines_agree_with_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is an optional package")
    draw = np.random.default_rng(0)
    X = draw.normal(size=(200, 3)) * [1, 1e2, 1e-2] + [0, 1e2, 5]
    rest, held = split(from_arrays(X, np.stack([X[:, 0] + 1e-2 * X[:, 1], X[:, 0] ** 2], axis=1)), seed=0)
    got = baselines(rest, held, 0)
    want = linear_model.LinearRegression().fit(rest.X.numpy(), rest.y.numpy()).predict(held.X.numpy())
    assert isinstance(got["linear regression"], dict) and got["linear regression"]["rmse"] == pytest.approx(
        float(np.sqrt(np.mean((want - held.y.numpy()) ** 2))), rel=1e-6
    )
    assert isinstance(got["mean"], dict) and got["mean"]["r2"] <= 0
    assert isinstance(got["gradient boosting"], dict) and got["gradient boosting"]["rmse"] < got["mean"]["rmse"]


def test_classification_baselines() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is an optional package")
    draw = np.random.default_rng(0)
    X = draw.normal(size=(300, 2))
    rest, held = split(from_arrays(X, np.where(X.sum(1) > 0.8, "up", np.where(X[:, 0] < -1, "left", "mid"))), seed=0)
    got = baselines(rest, held, 2**63 - 1)
    assert list(got) == ["most frequent class", "logistic regression", "gradient boosting"]
    common, logistic, boosted = (row["accuracy"] for row in got.values() if isinstance(row, dict))
    assert common < logistic and common < boosted and logistic > 0.85


def test_baselines_bear_hostile_tables() -> None:
    """More columns than rows, copies, columns constant in the part fitted to, a class that is missing there, and
    extreme scales."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(20, 40))
    X[:, 1], X[:, 2] = X[:, 0], 1e-100 * X[:, 0]
    X[1:, 3] = 0.0
    for y in (1e149 * X[:, 5], 1e-149 * X[:, 5], np.where(np.arange(20) < 19, "a", "b")):
        rest, held = split(from_arrays(X, y), 0.3, seed=0)
        for row in baselines(rest, held, 0).values():
            assert isinstance(row, dict) and all(math.isfinite(value) for value in row.values())


@pytest.mark.parametrize("loss", [None, Quantile(0.5)])
def test_boosting_takes_levels_as_categories(loss: Quantile | None) -> None:
    draw = np.random.default_rng(0)
    firm = draw.integers(0, 60, 900)
    own = 5 * draw.normal(size=60)[draw.permutation(60)]
    frame = pd.DataFrame({"firm": [f"f{number}" for number in firm], "x": draw.normal(size=900)})
    rest, held = split(from_dataframe(frame.assign(y=own[firm] + draw.normal(size=900)), "y"))
    got = baselines(rest, held, 0, loss)["gradient boosting"]
    assert isinstance(got, dict) and next(iter(got.values())) < 1.6  # no leaf is as small as a level: by inputs, 2 to 5


def test_more_levels_than_categories_are_numbers() -> None:
    names = [f"n{place % 300:03}" for place in range(1200)]
    table = from_dataframe(pd.DataFrame({"x": range(1200), "n": names, "y": range(1200)}), "y", categorical="n")
    codes, which = coded(table, table.X)
    assert which == [] and codes[:301, 1].tolist() == [*map(float, range(300)), 0.0]
