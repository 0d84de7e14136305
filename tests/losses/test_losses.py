"""Losses: gradient and curvature are the derivatives of the rows, curvature is positive semi-definite, values are the
textbook's, and the constant with the least loss is the statistic that it should be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.losses import LOSSES, Location, Loss, Numbers, Within, dispersion
from edgewise.losses.quantile import Kink
from helpers import assert_close
from train.zoo import points

ROWS, OUTPUTS = 7, 3
SMOOTH = {
    **LOSSES,
    "quantile": ew.losses.Quantile(0.9, width=0.3, scale=(0.5, 1.0, 2.0)),
    "absolute_error": ew.losses.AbsoluteError(width=0.3),
    "huber": ew.losses.Huber(0.7, scale=1.5),
    "custom": ew.losses.Custom(lambda f, y: (f - y).pow(4).sum(1) + (f[:, 0] * f[:, 1] - y[:, 0]).square()),
}


def sample(loss: Loss) -> tuple[Tensor, Tensor]:
    prediction, target = 3 * points(ROWS, OUTPUTS, seed=1), points(ROWS, OUTPUTS, seed=2)
    if loss.name == "cross_entropy":
        return prediction, torch.arange(ROWS) % OUTPUTS
    return prediction, (0.5 + 0.4 * target if isinstance(loss, ew.losses.Linked) else target)


@pytest.fixture(params=SMOOTH)
def loss(request) -> Loss:
    return SMOOTH[request.param]


@pytest.fixture(params=[name for name, loss in LOSSES.items() if isinstance(loss, Numbers)])
def of_numbers(request) -> Numbers:
    found = LOSSES[request.param]
    assert isinstance(found, Numbers)
    return found


def second_derivative(loss: Loss, prediction: Tensor, target: Tensor) -> Tensor:
    """Of every row, (b, k, k), by autograd."""

    def of(row: int) -> Any:
        return torch.autograd.functional.hessian(
            lambda p: loss.rows(p[None], target[row : row + 1]).sum(), prediction[row]
        )

    return torch.stack([of(row) for row in range(len(prediction))])


def full(bend: Tensor | float) -> Tensor:
    return bend if isinstance(bend, Tensor) else (bend * torch.eye(OUTPUTS, dtype=torch.float64)).expand(ROWS, -1, -1)


def test_the_name_is_the_key():
    assert {name: loss.name for name, loss in LOSSES.items()} == {name: name for name in LOSSES}


def test_the_gradient_is_that_of_the_rows(loss):
    prediction, target = sample(loss)
    prediction.requires_grad_()
    (want,) = torch.autograd.grad(loss.rows(prediction, target).sum(), prediction)
    assert_close(loss.gradient(prediction.detach(), target), want)


def test_the_curvature_is_the_second_derivative_of_the_rows_where_that_is_positive(loss):
    prediction, target = sample(loss)
    want, got = second_derivative(loss, prediction, target), full(loss.curvature(prediction, target))
    if loss.name == "student_t":  # a parabola that bounds the loss
        assert bool((torch.linalg.eigvalsh(got - want) > -1e-12).all())
        return
    values, vectors = torch.linalg.eigh(want)
    assert_close(got, (vectors * values.clamp(min=0)[:, None]) @ vectors.mT)


def test_the_curvature_is_positive_semi_definite(loss):
    prediction, target = sample(loss)
    assert torch.linalg.eigvalsh(full(loss.curvature(prediction, target))).min().item() > -1e-13


@pytest.mark.parametrize("loss", [ew.losses.Quantile(0.8), ew.losses.AbsoluteError(), ew.losses.StudentT(3.0)])
def test_a_parabola_with_the_curvature_bounds_a_loss_that_has_none_of_its_own(loss):
    here, there, target = points(1, 1, seed=3) + 0.5, 4 * points(200, 1, seed=4), torch.zeros(1, 1, dtype=torch.float64)
    step = there - here
    bound = loss.values(here, target) + loss.slopes(here, target) * step
    bound = bound + 0.5 * loss.bends(here, target) * step.square()
    assert bool((bound >= loss.values(there, target.expand_as(there)) - 1e-12).all())


@pytest.mark.parametrize("inner", [ew.losses.Poisson(), ew.losses.SquaredError(), ew.losses.CrossEntropy()])
def test_a_loss_in_other_units_has_the_derivatives_of_what_it_is(inner: Loss):
    loss = Within(inner, torch.tensor([0.3, 0.1, -0.2]), torch.tensor([2.0, 1.0, 0.5]))
    prediction, target = sample(inner)
    inside = prediction.clone().requires_grad_()
    (want,) = torch.autograd.grad(loss.rows(inside, target).sum(), inside)
    assert_close(loss.gradient(prediction, target), want)
    assert_close(loss.curvature(prediction, target), second_derivative(loss, prediction, target))


@pytest.mark.parametrize("weighted", [False, True])
def test_no_constant_has_a_lower_loss_than_the_best_one(of_numbers, weighted):
    target = 0.1 + 0.8 * torch.rand(41, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight = torch.arange(41) % 4 if weighted else torch.ones(41)
    weight = weight.double()
    loss = of_numbers.begun(target, weight) if isinstance(of_numbers, Location) else of_numbers

    def mean(constant: Tensor) -> float:
        return float(weight @ loss.rows(constant.expand_as(target), target))

    best = loss.constant(target, weight)
    for step in (-1e-3, 1e-3):
        for output in range(2):
            other = best.clone()
            other[output] += step
            assert mean(other) >= mean(best) - 1e-12


def test_the_best_constant_is_the_statistic_of_the_textbook():
    target = torch.tensor([[1.0], [2.0], [3.0], [10.0]], dtype=torch.float64)
    losses = ew.losses
    assert_close(losses.AbsoluteError().constant(target), torch.tensor([2.5], dtype=torch.float64))
    assert_close(losses.Quantile(0.7).constant(target), torch.tensor([3.0], dtype=torch.float64))
    for loss in (losses.Poisson(), losses.Gamma()):
        assert_close(loss.mean(loss.constant(target)), torch.tensor([4.0], dtype=torch.float64))
    assert_close(
        losses.Binomial().mean(losses.Binomial().constant(target / 10)), torch.tensor([0.4], dtype=torch.float64)
    )
    assert 2.0 < float(losses.Huber().begun(target).constant(target)) < 4.0


def test_weights_count_rows(of_numbers):
    target = 0.1 + 0.8 * torch.rand(15, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    counts = torch.arange(15) % 3 + 1
    repeated = target.repeat_interleave(counts, 0)
    assert_close(of_numbers.constant(target, counts.double()), of_numbers.constant(repeated))
    if isinstance(of_numbers, Location):
        assert_close(
            torch.tensor(of_numbers.begun(target, counts.double()).scale),
            torch.tensor(of_numbers.begun(repeated).scale),
        )


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if isinstance(loss, Location)])
def test_a_scale_follows_the_units_and_hardly_an_outlier(name: str):
    target = points(200, 1, seed=5)
    loss: Any = LOSSES[name]
    begun = loss.begun
    (plain,), (other,) = (begun(1000 * c * target + c).scale for c in (1e-3, 1.0))
    assert abs(other / plain - 1000) < 1e-6 * 1000
    spoiled = target.clone()
    spoiled[:10] = 1e6
    assert begun(spoiled).scale[0] < 1.5 * begun(target).scale[0]


@pytest.mark.parametrize("loss", [ew.losses.Huber(), ew.losses.StudentT(4.0)])
def test_a_scale_is_that_of_the_noise_it_is_for(loss):
    normal = torch.randn(20000, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    noise = normal
    if loss.name == "student_t":
        squares = torch.randn(20000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).square()
        noise = normal / squares.mean(1).sqrt()
    (scale,) = loss.tuned(3.0 * noise[:, None]).scale
    assert abs(scale / 3 - 1) < 0.03


def test_a_dispersion_is_the_variance_of_the_noise_over_that_of_the_likelihood():
    mean = torch.full((20000, 1), 5.0, dtype=torch.float64)
    generator = torch.Generator().manual_seed(4)
    counts = torch.poisson(mean, generator=generator)
    assert abs(dispersion(ew.losses.Poisson(), mean.log(), counts) - 1) < 0.05
    clustered = 3 * torch.poisson(mean / 3, generator=generator)
    assert abs(dispersion(ew.losses.Poisson(), mean.log(), clustered) - 3) < 0.15
    squares = torch.randn(20000, 1, dtype=torch.float64, generator=generator)
    assert abs(dispersion(ew.losses.Huber(100.0), 0 * squares, 2 * squares) - 4) < 0.2


def test_squared_error_is_a_mean_over_rows_and_outputs():
    loss, prediction, target = LOSSES["squared_error"], points(ROWS, OUTPUTS), points(ROWS, OUTPUTS, seed=1)
    assert_close(loss.rows(prediction, target).mean(), (prediction - target).square().mean())


def test_cross_entropy_is_in_nats_and_ignores_a_shift_of_all_logits():
    loss, target = LOSSES["cross_entropy"], torch.tensor([0, 1, 2])
    assert_close(
        loss.rows(torch.zeros(3, 3, dtype=torch.float64), target), torch.full((3,), math.log(3), dtype=torch.float64)
    )
    logits = points(3, 3)
    assert_close(loss.rows(logits + 5.0, target), loss.rows(logits, target))


def test_cross_entropy_stays_finite_for_huge_logits():
    loss, target = LOSSES["cross_entropy"], torch.tensor([0, 1])
    logits = torch.tensor([[1e4, -1e4], [1e4, -1e4]], dtype=torch.float64)
    assert_close(loss.rows(logits, target), torch.tensor([0.0, 2e4], dtype=torch.float64))
    assert bool(torch.isfinite(loss.gradient(logits, target)).all())


def test_deviances_are_those_of_scikit_learn():
    from sklearn import metrics

    prediction, target = points(50, 1, seed=6), 0.1 + torch.rand(50, 1, dtype=torch.float64)
    share = torch.full((50,), 1 / 50, dtype=torch.float64)
    for loss, want in (
        (ew.losses.Poisson(), metrics.mean_poisson_deviance),
        (ew.losses.Gamma(), metrics.mean_gamma_deviance),
    ):
        mean = loss.mean(prediction)[:, 0].numpy()
        assert_close(loss.metrics(prediction, target, share)["deviance"], want(target[:, 0].numpy(), mean))
    quantile = ew.losses.Quantile(0.8).metrics(prediction, target, share)["quantile_loss"]
    assert_close(quantile, metrics.mean_pinball_loss(target.numpy(), prediction.numpy(), alpha=0.8))


def test_a_kink_is_smoothed_less_and_less_and_loses_nothing_far_away():
    far = torch.tensor([[-50.0], [50.0]])
    for loss in LOSSES.values():
        if isinstance(loss, Kink):
            zero = torch.zeros(2, 1)
            assert_close(loss.at_width(0.1).rows(zero, far), loss.rows(zero, far), like="float32")


def refused(message: str, **how):
    X = np.linspace(-1, 1, 40)[:, None]
    y = how.pop("y", X[:, 0])
    return pytest.raises((ew.errors.ConfigError, ew.errors.DataError), match=message), X, y, how


@pytest.mark.parametrize(
    ("message", "how"),
    [
        ("holds -1 in row 0, and in 19 more places; the loss 'poisson' takes counts", {"loss": "poisson"}),
        ("the loss 'gamma' takes numbers above 0", {"loss": "gamma"}),
        ("the loss 'binomial' takes shares between 0 and 1", {"loss": "binomial"}),
        ("unknown loss 'hubber'; did you mean 'huber'", {"loss": "hubber"}),
        (r"give an object of it, Huber\(...\)", {"loss": ew.losses.Huber}),
        ("a number for each row", {"loss": lambda f, y: (f - y).square().mean()}),
        ("depends on the other rows", {"loss": lambda f, y: ((f - f.mean()) - y).square().sum(1)}),
        ("does not depend on the prediction", {"loss": lambda f, y: y[:, 0]}),
        ("fails on prediction", {"loss": lambda f, y: f.nonsense()}),
        ("scale has 3 entries for 1 outputs", {"loss": ew.losses.Huber(scale=(1.0, 2.0, 3.0))}),
        ("loss must be a name", {"loss": 3}),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(message, how):
    context, X, y, how = refused(message, **how)
    with context:
        ew.fit(ew.KAN((1, 1)), X, y, progress=False, **how)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ew.losses.Quantile(1.0),
        lambda: ew.losses.Huber(0),
        lambda: ew.losses.StudentT(-1.0),
        lambda: ew.losses.Huber(scale=0.0),
        lambda: ew.losses.AbsoluteError(width=-1.0),
    ],
)
def test_parameters_are_checked(make):
    with pytest.raises(ew.errors.ConfigError, match="must be"):
        make()


@pytest.mark.parametrize(("weights", "part"), [((), 1.0), ((1.0, 20.0), 0.05)])
def test_a_bounded_loss_makes_no_class_less_likely_than_half_a_row(weights, part):
    plain = ew.losses.CrossEntropy(weights=weights)
    bounded = plain.bounded(200, 2)
    assert bounded.smoothing == pytest.approx(0.005 * part) and bounded.bounded(5, 2) is bounded
    logit = torch.linspace(0, 30, 30001, dtype=torch.float64)
    logits = torch.stack([logit, torch.zeros_like(logit)], 1)
    row = bounded.rows(logits, torch.zeros(len(logit), dtype=torch.long))
    least = torch.sigmoid(-logit[row.argmin()])  # of the other class
    assert 0.4 * part / 200 < float(least) < 0.6 / 200


def test_parameters_may_be_numbers_of_numpy():
    loss: Any = ew.losses
    found = [loss.Quantile(np.float32(0.5)), loss.Huber(np.int64(2)), loss.StudentT(np.float16(4), scale=np.float32(2))]
    assert found == [loss.Quantile(0.5), loss.Huber(2), loss.StudentT(4.0, scale=2.0)]
    assert [type(part.scale) for part in found] == [type(None), type(None), float]
    assert type(found[0].quantile) is float
