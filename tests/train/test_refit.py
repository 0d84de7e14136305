"""refit: what ends it."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.train.monitor import Monitor


def test_ctrl_c_ends_it_and_leaves_the_result_as_it_was(monkeypatch: pytest.MonkeyPatch):
    X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    first = ew.fit(ew.KAN((1, 1)), X, torch.sin(5 * X[:, 0]), grids=(4,), restarts=0, progress=False)
    before = first.model(X)

    def pressed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Monitor, "row", pressed)
    with pytest.raises(KeyboardInterrupt):
        ew.refit(first, X, torch.sin(5 * X[:, 0]), progress=False)
    assert torch.equal(first.model(X), before)


def test_rows_beyond_those_of_the_fit_are_reached():
    generator = torch.Generator().manual_seed(0)
    X = 2 * torch.rand(200, 2, dtype=torch.float64, generator=generator) - 1
    y = torch.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * torch.randn(200, dtype=torch.float64, generator=generator)
    inside = X.abs().amax(1) < 0.7
    first = ew.fit(ew.KAN((2, 2, 1)), X[inside], y[inside], grids=(4,), restarts=0, progress=False)
    last = ew.refit(first, X, y, progress=False)
    low, high = last.model.edge_layers[0].interval
    reached = last.model.scale_inputs(X)
    assert bool((low <= reached.amin(0)).all()) and bool((high >= reached.amax(0)).all())
    assert last.metrics["rmse"] < 0.2


def test_its_words_are_those_of_the_rows_that_judged_before():
    X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    y = torch.sin(3 * X[:, 0]) + 0.1 * torch.cos(40 * X[:, 0])
    first = ew.fit(ew.KAN((1, 1)), X, y, optimizer="evidence", progress=False)
    last = ew.refit(first, X, y, progress=False)
    judged = first.metrics["validation_rmse"]
    assert f"(before this, held-out {judged:.3g})" in last.message and "Nothing was held out" not in last.message
    assert last.metrics["validation_rmse"] == judged and last.validation_loss == first.validation_loss

    few = ew.fit(ew.KAN((1, 1)), X[:20], y[:20], optimizer="evidence", progress=False)
    assert "Nothing was held out of 20 rows" in ew.refit(few, X[:20], y[:20], progress=False).message
