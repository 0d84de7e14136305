"""Networks of logarithms and logits: formulas and every language give the mean, as `predict` does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import edgewise as ew
from helpers import assert_close

X = torch.linspace(-1, 1, 7, dtype=torch.float64)[:, None]


@pytest.fixture(params=["poisson", "gamma", "binomial"])
def model(request) -> ew.KAN:
    plain = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("sin", 2.0, 0.0, 0.5, 0.3)})
    return plain.build(metadata=replace(plain.metadata, loss=request.param))


def test_formulas_and_languages_give_the_mean(model):
    want = model.predict(X)
    assert bool((want > 0).all())
    (expression,) = ew.formula(model)
    assert_close(np.array([float(expression.subs("x1", float(x))) for x in X[:, 0]]), want, like="formula")
    for language in ("python", "numpy"):
        space: dict = {}
        exec(ew.export(model, to=language), space)
        rows = X.tolist() if language == "python" else [X.numpy()]
        got = np.array([space["predict"](row) for row in rows]).reshape(-1)
        assert_close(got, want, like="formula")
    assert "exp(" in ew.export(model, to="c")


def test_splines_that_stay_are_within_the_link(model):
    spline = ew.KAN((1, 1), seed=1).build(metadata=model.metadata)
    space: dict = {}
    exec(ew.export(spline, to="python"), space)
    assert_close(np.array([space["predict"](row)[0] for row in X.tolist()]), spline.predict(X), like="formula")


def test_closed_forms_are_found_under_the_loss_of_the_counts():
    generator = torch.Generator().manual_seed(0)
    x = 2 * torch.rand(300, 1, dtype=torch.float64, generator=generator) - 1
    y = torch.poisson((2 + x[:, 0] ** 2).exp(), generator=generator)
    result = ew.fit(ew.KAN((1, 1)), x, y, loss="poisson", optimizer="evidence", progress=False)
    found = ew.symbolify(result.model, x, y, progress=False)
    assert found.metadata.link == "log" and not any(bool(e.spline_edges().any()) for e in found.edge_layers)
    with torch.no_grad():
        assert (found(x)[:, 0] - 2 - x[:, 0] ** 2).abs().max() < 0.15
    with pytest.raises(ew.errors.DataError, match="takes counts"):
        ew.symbolify(result.model, x, y - 100, progress=False)
