"""Functions go on beyond the rows as a law does, unless the outermost rows say that they should not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.train.evidence.beyond import outermost
from edgewise.train.result import FitResult


def rows(seed: int, count: int = 300, columns: int = 3) -> tuple[Tensor, Tensor]:
    """Normal columns and normal noise."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(count, columns, dtype=torch.float64, generator=draw)
    return x, torch.randn(count, dtype=torch.float64, generator=draw)


def fit(X: Tensor, y: Tensor, **how) -> FitResult:
    return ew.fit(ew.KAN((X.shape[1], (1, 3), 1)), X, y, optimizer="evidence", progress=False, **how)


def same(one: Tensor, other: Tensor) -> bool:
    """Whether predictions are the same, to the round-off of a slope that is none."""
    return bool(((one - other).abs() < 1e-6 * (1 + one.abs())).all())


def ends(found: FitResult) -> bool:
    return found.ending.structures[0].ending


def mistaken(seed: int) -> tuple[Tensor, Tensor]:
    """A few rows of the first column are ten times what they should be."""
    X, noise = rows(seed)
    y = X[:, 0] + X[:, 1].sin() + 0.3 * noise
    X[X[:, 0].argsort()[[20, 40, 60, 240, 260, 280]], 0] *= 10
    return X, y


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("law", ["line", "curve", "product"])
def test_a_law_goes_on_however_noisy_its_rows_are(law: str, noise: float):
    for seed in range(3):
        X, errors = rows(seed)
        y = {"line": X[:, 0] + X[:, 1], "curve": X[:, 0].square() + X[:, 1], "product": X[:, 0] * X[:, 1]}[law]
        assert not ends(fit(X, y + noise * errors))


@pytest.mark.parametrize("seed", range(3))
def test_where_the_outermost_rows_are_mistakes_functions_end(seed: int):
    found = fit(*mistaken(seed))
    assert ends(found)
    beyond = found.model(torch.tensor([[100.0, 0.0, 0.0], [1e4, 0.0, 0.0], [-1e4, 0.0, 0.0]], dtype=torch.float64))
    assert same(beyond[0], beyond[1]) and float(beyond.detach().abs().max()) < 10


def test_a_refit_keeps_what_was_decided():
    X, y = mistaken(0)
    found = fit(X, y)
    assert ends(found)
    again = ew.refit(found, X[:200], y[:200], progress=False)
    assert ends(again)
    low, high = X[:200].min(0).values, X[:200].max(0).values
    assert same(again.model(high[None] + 1), again.model(high[None] + 1e3))
    assert same(again.model(low[None] - 1), again.model(low[None] - 1e3))


def test_a_shape_that_was_asked_for_holds_everywhere():
    X, y = mistaken(0)
    assert not ends(fit(X, y, constraints={"x1": "increasing"}))


def test_classes_end_where_their_rows_say_so():
    X, noise = rows(1, count=600)
    logit = 3 * X[:, 0] + noise
    y = (logit > 0).long()
    X[X[:, 0].argsort()[[40, 100, 150, 450, 500, 560]], 0] *= -10
    model = ew.KAN((3, 2))
    found = ew.fit(model, X, y, loss="cross_entropy", optimizer="evidence", progress=False)
    far = found.model(torch.tensor([[1e3, 0.0, 0.0], [1e6, 0.0, 0.0]], dtype=torch.float64))
    assert ends(found) and same(far[0], far[1])


def test_the_outermost_rows_are_three_at_either_end_of_each_column():
    x = torch.stack([torch.arange(50.0), torch.arange(50.0).flip(0), torch.zeros(50)], 1)
    assert outermost(x[:, :2]).nonzero()[:, 0].tolist() == [0, 1, 2, 47, 48, 49]
    assert int(outermost(x).sum()) <= 12
