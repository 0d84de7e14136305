"""Fits by any loss: they end at its minimum, whatever the optimizer, and do not depend on the units of the targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import edgewise as ew

GENERATOR = torch.Generator().manual_seed(0)
X = 2 * torch.rand(120, 2, dtype=torch.float64, generator=GENERATOR) - 1
NOISE = torch.randn(120, dtype=torch.float64, generator=GENERATOR)
Y = 3.0 + 2.0 * X[:, 0] - X[:, 1] + 0.5 * NOISE
SPOILED = Y + 30.0 * (torch.arange(120) % 17 == 0)
COUNTS = torch.poisson((1.0 + 0.8 * X[:, 0]).exp(), generator=GENERATOR)


def linear(y: Tensor, loss: Any, optimizer: str = "lm", **how: Any) -> Any:
    module = nn.Linear(2, 1).double()
    with torch.no_grad():
        for p in module.parameters():
            p.zero_()
    return ew.fit(module, X, y, loss=loss, optimizer=optimizer, validation=(X, y), progress=False, **how)


def coefficients(result) -> Tensor:
    return torch.cat([p.detach().reshape(-1) for p in result.model.parameters()])


def least_loss(y: Tensor, quantile: float) -> float:
    """The least mean loss of a linear quantile regression, as a linear program."""
    from scipy.optimize import linprog

    n = len(y)
    design = np.column_stack([X.numpy(), np.ones(n)])
    cost = np.concatenate([np.zeros(3), np.full(n, quantile), np.full(n, 1 - quantile)])
    found = linprog(
        cost / n,
        A_eq=np.column_stack([design, np.eye(n), -np.eye(n)]),
        b_eq=y.numpy(),
        bounds=[(None, None)] * 3 + [(0, None)] * (2 * n),
    )
    return float(found.fun)


@pytest.mark.parametrize("optimizer", ["lm", "lbfgs"])
@pytest.mark.parametrize("quantile", [0.5, 0.9])
def test_a_quantile_regression_ends_at_the_minimum_of_the_linear_program(quantile, optimizer):
    result = linear(SPOILED, ew.losses.Quantile(quantile), optimizer)
    residual = SPOILED - result.model(X)[:, 0].detach()
    got = float((residual * (quantile - (residual < 0).double())).mean())
    least = least_loss(SPOILED, quantile)
    assert least - 1e-12 <= got < 1.0005 * least


@pytest.mark.parametrize("optimizer", ["lm", "lm-cg", "lbfgs", "ssbroyden"])
def test_every_optimizer_ends_at_the_same_minimum(optimizer):
    for y, loss in ((SPOILED, "huber"), (SPOILED, "student_t"), (COUNTS, "poisson"), (COUNTS + 0.5, "gamma")):
        got, want = linear(y, loss, optimizer), linear(y, loss, "lm")
        assert (coefficients(got) - coefficients(want)).abs().max() < 3e-3


def test_adam_comes_near_it():
    got, want = linear(COUNTS, "poisson", "adam", steps=400), linear(COUNTS, "poisson")
    assert (coefficients(got) - coefficients(want)).abs().max() < 0.1


def test_poisson_and_gamma_regressions_are_those_of_scikit_learn():
    from sklearn.linear_model import GammaRegressor, PoissonRegressor

    for y, loss, peer in ((COUNTS, "poisson", PoissonRegressor), (COUNTS + 0.5, "gamma", GammaRegressor)):
        want = peer(alpha=0, tol=1e-8, max_iter=1000).fit(X.numpy(), y.numpy())
        got = coefficients(linear(y, loss))
        assert np.allclose(got.numpy(), [*want.coef_, want.intercept_], atol=1e-4)


def test_outliers_move_a_robust_fit_by_less_than_the_noise_and_a_fit_by_squares_by_more():
    clean = linear(Y, "squared_error")
    for loss, most in (("huber", 0.15), ("student_t", 0.1), ("absolute_error", 0.15)):
        assert (coefficients(linear(SPOILED, loss)) - coefficients(clean)).abs().max() < most
    assert (coefficients(linear(SPOILED, "squared_error")) - coefficients(clean)).abs().max() > 1.0


def test_the_scale_is_that_of_the_noise_not_of_the_targets():
    scale = linear(SPOILED, "huber").metrics["scale"]
    assert 0.4 < scale < 0.65  # the noise has 0.5, the targets have 7


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [
        ("huber", "lm"),
        ("quantile", "lm"),
        *((loss, "evidence") for loss in ("huber", "student_t", "absolute_error", "quantile")),
    ],
)
@pytest.mark.slow
def test_a_network_does_not_depend_on_the_units_of_the_targets(loss, optimizer):
    how: dict[str, Any] = {"loss": loss, "optimizer": optimizer, "progress": False}
    how |= {"grids": (3,), "steps": 30, "restarts": 0} if optimizer == "lm" else {}
    one = ew.fit(ew.KAN((2, 1)), X, SPOILED, **how)
    other = ew.fit(ew.KAN((2, 1)), X, 1000 * SPOILED + 5000, **how)
    with torch.no_grad():
        gap = (other.model(X) - 5000) / 1000 - one.model(X)
    assert gap.abs().max() < 1e-3 * one.model(X).std()


def test_a_gamma_fit_does_not_depend_on_the_units_of_the_targets():
    how: dict[str, Any] = {"loss": "gamma", "grids": (3,), "steps": 30, "restarts": 0, "progress": False}
    one, other = (ew.fit(ew.KAN((2, 1)), X, unit * (COUNTS + 0.5), **how) for unit in (1.0, 1000.0))
    assert np.allclose(other.model.predict(X) / 1000, one.model.predict(X), rtol=1e-6)


def test_a_fixed_scale_stays():
    result = linear(SPOILED, ew.losses.Huber(1.345, scale=2.5))
    assert result.metrics["scale"] == 2.5


def test_a_callable_is_fitted_as_the_loss_that_it_is():
    def fourth(prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction - target).pow(2).sum(1)

    got, want = linear(Y, fourth), linear(Y, "squared_error")
    assert (coefficients(got) - coefficients(want)).abs().max() < 1e-6


def test_predictions_are_means_and_a_checkpoint_remembers_it(tmp_path):
    result = ew.fit(ew.KAN((2, 1)), X, COUNTS, loss="poisson", grids=(3,), steps=20, restarts=0, progress=False)
    ew.save(result, tmp_path / "counts.safetensors")
    for model in (result.model, ew.load(tmp_path / "counts.safetensors")):
        with torch.no_grad():
            assert torch.equal(model.predict(X), model(X)[:, 0].exp())
    again = ew.fit(result.model, X, COUNTS, grids=(3,), steps=2, progress=False)
    assert again.model.metadata.link == ""  # a fit by squares is one of numbers again


def test_weights_of_counts_are_rows_given_twice():
    weight = (torch.arange(120) % 3).double()
    how: dict[str, Any] = {"loss": "huber", "optimizer": "lm", "progress": False}
    places = torch.arange(120).repeat_interleave(weight.long())
    module = nn.Linear(2, 1).double()
    one = ew.fit(module, X, SPOILED, sample_weight=weight, validation=(X, SPOILED), **how)
    other = ew.fit(module, X[places], SPOILED[places], validation=(X, SPOILED), **how)
    assert (coefficients(one) - coefficients(other)).abs().max() < 1e-6
