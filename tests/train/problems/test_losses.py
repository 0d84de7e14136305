"""Losses: gradient and curvature are the derivatives of the rows, curvature is positive semi-definite, values are the
textbook's."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from edgewise.train.problems.losses import LOSSES, Loss
from helpers import assert_close

from ..zoo import points

ROWS, OUTPUTS = 7, 3


def sample(loss: Loss) -> tuple[Tensor, Tensor]:
    prediction = 3 * points(ROWS, OUTPUTS, seed=1)
    return prediction, torch.arange(ROWS) % OUTPUTS if loss.name == "cross_entropy" else points(ROWS, OUTPUTS, seed=2)


@pytest.fixture(params=LOSSES)
def loss(request) -> Loss:
    return LOSSES[request.param]


def test_the_name_is_the_key():
    assert {name: loss.name for name, loss in LOSSES.items()} == {name: name for name in LOSSES}


def test_the_gradient_is_that_of_the_rows(loss):
    prediction, target = sample(loss)
    prediction.requires_grad_()
    (want,) = torch.autograd.grad(loss.rows(prediction, target).sum(), prediction)
    assert_close(loss.gradient(prediction.detach(), target), want)


def test_the_curvature_is_the_second_derivative_of_the_rows(loss):
    prediction, target = sample(loss)
    bend = loss.curvature(prediction, target)
    for row in range(ROWS):
        want = torch.autograd.functional.hessian(
            lambda p, row=row: loss.rows(p[None], target[row : row + 1]).sum(), prediction[row]
        )
        assert_close(bend[row] if isinstance(bend, Tensor) else bend * torch.eye(OUTPUTS, dtype=torch.float64), want)


def test_the_curvature_is_positive_semi_definite(loss):
    prediction, target = sample(loss)
    bend = loss.curvature(prediction, target)
    least = torch.linalg.eigvalsh(bend).min().item() if isinstance(bend, Tensor) else bend
    assert least > -1e-15


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
