"""Evidence for losses that are no squares: slopes are derivatives, noise and outliers are left alone, and scale and
dispersion are those of the noise."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.losses import LOSSES, Numbers
from edgewise.train.evidence.likelihoods import Scored
from helpers import assert_close

NAMES = [name for name, loss in LOSSES.items() if isinstance(loss, Numbers)]
GENERATOR = torch.Generator().manual_seed(0)
X = 2 * torch.rand(200, 2, dtype=torch.float64, generator=GENERATOR) - 1
NOISE = torch.randn(200, dtype=torch.float64, generator=GENERATOR)
NEW = 2 * torch.rand(500, 2, dtype=torch.float64, generator=GENERATOR) - 1


def curve(x: Tensor) -> Tensor:
    return torch.sin(3 * x[:, 0]) + x[:, 1]


def targets(name: str) -> Tensor:
    """Such as the loss takes, with the curve in them."""
    mean = curve(X).exp()
    if name == "binomial":
        return (
            torch.rand(200, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) < mean / (1 + mean)
        ).double()
    if name == "poisson":
        return torch.poisson(3 * mean, generator=torch.Generator().manual_seed(1))
    if name == "gamma":
        return mean * (0.3 * NOISE).exp()
    return curve(X) + 0.3 * NOISE


def fitted(y: Tensor, loss: Any, x: Tensor = X, products: int = 0, **how: Any) -> Any:
    model = ew.KAN((2, (y[0].numel(), products), y[0].numel()) if products else (2, y[0].numel()))
    return ew.fit(model, x, y, loss=loss, optimizer="evidence", progress=False, **how)


def error(result, want: Tensor) -> float:
    with torch.no_grad():
        return float((result.model(NEW)[:, 0] - want).square().mean().sqrt())


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_derivatives_of_the_losses_and_information_is_positive(name):
    y, weight = targets(name), torch.ones(200, dtype=torch.float64)
    loss = LOSSES[name]
    assert isinstance(loss, Numbers)
    likelihood = Scored.of(loss, y, weight)
    predicted = (0.1 * NOISE[:, None]).requires_grad_()
    (want,) = torch.autograd.grad(likelihood.losses(predicted, y).sum(), predicted)
    assert_close(likelihood.slopes(predicted, y).detach(), want)
    assert bool((likelihood.bends(weight, predicted.detach(), y, [(0, 0)]) >= 0).all())


@pytest.mark.parametrize("name", NAMES)
def test_steady_losses_are_those_whose_information_is_one(name):
    loss = LOSSES[name]
    assert isinstance(loss, Numbers)
    known = Scored.of(loss, targets(name), torch.ones(200, dtype=torch.float64)).loss.information(
        NOISE[:, None], targets(name)[:, None]
    )
    assert loss.steady == bool((known == 1).all())


def test_the_information_of_amounts_is_their_curvature_in_the_mean():
    mean = (0.5 * NOISE).exp()
    amounts = torch.distributions.Gamma(4.0, 4.0 / mean)
    torch.manual_seed(0)
    drawn, predicted = amounts.sample((20_000,)), mean.log().expand(20_000, -1)
    loss = LOSSES["gamma"]
    assert isinstance(loss, Numbers)
    assert float((loss.bends(predicted, drawn).mean(0) - loss.information(predicted[0], drawn[0])).abs().max()) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_a_curve_is_found_by_every_loss(name):
    shift = {"poisson": torch.tensor(3.0).log()}.get(name, 0.0)
    result = fitted(targets(name), name)
    assert error(result, curve(NEW) + shift) < {"binomial": 0.6, "quantile": 0.15}.get(name, 0.13)


@pytest.mark.parametrize("name", ["huber", "student_t", "poisson", "gamma"])
def test_noise_alone_gives_the_best_constant(name):
    noise = {"poisson": torch.poisson(3 + 0 * NOISE, generator=GENERATOR), "gamma": (0.5 * NOISE).exp()}
    result = fitted(noise.get(name, NOISE), name, products=2)
    assert result.status.name == "NOTHING" and ew.summary(result.model).edges == 0


@pytest.mark.parametrize("name", ["huber", "student_t", "absolute_error"])
def test_gross_errors_cost_a_robust_loss_little(name):
    spoiled = torch.where(torch.arange(200) % 20 == 0, 20.0, targets(name))
    assert error(fitted(spoiled, name), curve(NEW)) < 0.13 < 0.5 * error(fitted(spoiled, "squared_error"), curve(NEW))


def test_counts_that_vary_more_than_poisson_s_are_not_followed():
    clusters = 5 * torch.poisson(torch.full((200,), 2.0, dtype=torch.float64), generator=GENERATOR)
    assert fitted(clusters, "poisson").status.name == "NOTHING"


def test_a_quantile_leaves_its_part_of_the_rows_below():
    result = fitted(targets("quantile"), ew.losses.Quantile(0.8))
    new = curve(NEW) + 0.3 * torch.randn(500, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        assert abs(float((new <= result.model(NEW)[:, 0]).double().mean()) - 0.8) < 0.07


def test_weights_count_rows():
    weight = (torch.arange(200) % 3).double()
    places = torch.arange(200).repeat_interleave(weight.long())
    y = targets("poisson")
    one = fitted(y, "poisson", sample_weight=weight, validation=(X[:50], y[:50]))
    other = fitted(y[places], "poisson", x=X[places], validation=(X[:50], y[:50]))
    with torch.no_grad():
        assert (one.model(NEW) - other.model(NEW)).abs().max() < 0.01  # knots follow rows, not their weights


def test_pairs_are_found_and_several_outputs_have_a_scale_each():
    y = torch.stack([X[:, 0] * X[:, 1] + 0.1 * NOISE, 100 * (curve(X) + 0.3 * NOISE)], 1)
    result = fitted(y, "huber", products=1)
    assert result.model.topology.depth == 2
    first, second = result.seen.loss.scale
    assert abs(first / 0.1 - 1) < 0.25 and abs(second / 30 - 1) < 0.25


@pytest.mark.parametrize("name", ["huber", "poisson"])
def test_a_refit_takes_all_rows_under_the_same_loss(name):
    result = fitted(targets(name), name)
    again = ew.refit(result, X, targets(name), progress=False)
    with torch.no_grad():
        gap = (again.model(NEW) - result.model(NEW)).abs().max()
    assert 0 < gap < 0.3 and again.model.metadata.loss == result.model.metadata.loss


def test_a_loss_of_the_users_own_is_refused():
    with pytest.raises(ew.errors.ConfigError, match="knows the losses"):
        fitted(NOISE, lambda prediction, target: (prediction - target).square().sum(1))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_amounts_without_noise_over_many_decades_are_fitted(seed: int):
    generator = torch.Generator().manual_seed(seed)
    a, b = 2 * torch.rand(2, 150, dtype=torch.float64, generator=generator)
    level = torch.randint(3, (150,), generator=generator)
    X = torch.cat([a[:, None], b[:, None], torch.nn.functional.one_hot(level, 3).double()], 1)
    y = torch.exp(22 * a)
    model = ew.fit(ew.KAN((5, (1, 4), 1)), X, y, loss="gamma", optimizer="evidence", progress=False).model
    assert float((model(X)[:, 0] - 22 * a).abs().max().detach()) < 1e-3
