"""Losses of torch, row by row."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from edgewise.errors import ConfigError
from edgewise.losses import CrossEntropy, SquaredError, as_loss
from helpers import assert_close

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(7, 3, generator=GENERATOR, dtype=torch.float64)
TARGETS = torch.rand(7, 3, generator=GENERATOR, dtype=torch.float64)
CODES = torch.tensor([0, 1, 2, 2, 1, 0, 2])
WEIGHT = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("make", [nn.HuberLoss, nn.SmoothL1Loss, nn.L1Loss, nn.BCEWithLogitsLoss, nn.PoissonNLLLoss])
def test_the_mean_over_rows_is_torchs_mean(make: type[nn.Module], reduction: str):
    loss = as_loss(make(reduction=reduction))
    assert_close(loss.rows(LOGITS, TARGETS).mean(), make()(LOGITS, TARGETS))
    leaf = LOGITS.clone().requires_grad_()
    (want,) = torch.autograd.grad(make(reduction="sum")(leaf, TARGETS) / 3, leaf)
    assert_close(loss.gradient(LOGITS, TARGETS), want)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_cross_entropy_has_torchs_value_and_exact_derivatives(smoothing: float, weight: torch.Tensor | None):
    loss = as_loss(nn.CrossEntropyLoss(weight, label_smoothing=smoothing))
    assert isinstance(loss, CrossEntropy)

    def value(logits: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(logits, CODES, weight, reduction="sum", label_smoothing=smoothing)

    assert_close(loss.rows(LOGITS, CODES).sum(), value(LOGITS))
    assert_close(loss.gradient(LOGITS, CODES), torch.autograd.functional.jacobian(value, LOGITS))
    second = torch.autograd.functional.hessian(value, LOGITS)
    got = loss.curvature(LOGITS, CODES)
    for row in range(7):
        assert_close(got[row], second[row, :, row])  # type: ignore[index]


def test_a_row_of_positions_counts_with_their_mean():
    logits, codes = LOGITS[:6].reshape(2, 3, 3), CODES[:6].reshape(2, 3)
    flat = CrossEntropy().rows(LOGITS[:6], CODES[:6])
    assert_close(CrossEntropy().rows(logits, codes), flat.reshape(2, 3).mean(1))


def test_what_says_no_rows_is_refused():
    assert isinstance(as_loss(nn.MSELoss()), SquaredError)
    for module, words in [
        (nn.CrossEntropyLoss(ignore_index=0), "ignores the class 0"),
        (nn.Linear(2, 1), "has no reduction"),
        (nn.NLLLoss(), "use loss='cross_entropy'"),
    ]:
        with pytest.raises(ConfigError, match=words):
            as_loss(module)
