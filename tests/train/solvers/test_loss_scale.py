"""The factor on losses in float16."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edgewise.errors import CheckpointError
from edgewise.train.solvers.loss_scale import LossScale
from edgewise.train.solvers.tuning import TUNED


def gradients(value: float) -> list[Tensor]:
    return [torch.ones(3), torch.tensor([value, 1.0])]


def test_it_falls_by_half_until_nothing_overflows_and_no_further_than_one():
    scale = LossScale()
    falls = 0
    while not scale.divided(gradients(torch.nan)):
        falls += 1
    assert (falls, scale.factor) == (16, 1.0)


def test_it_rises_where_it_has_served_long_enough():
    scale = LossScale()
    for _ in range(TUNED.loss_scale_steps):
        assert scale.factor == TUNED.loss_scale
        assert scale.divided(gradients(1.0))
    assert scale.factor == 2 * TUNED.loss_scale and scale.served == 0


def test_it_goes_on_from_a_snapshot_and_from_nothing_else():
    scale, other = LossScale(), LossScale()
    scale.divided(gradients(torch.inf))
    scale.divided(gradients(1.0))
    other.restore(scale.state())
    assert other.state() == [TUNED.loss_scale / 2, 1]
    for left in (None, [1.0], ["2", 1], [0.5, 1], [torch.inf, 1]):
        with pytest.raises(CheckpointError):
            other.restore(left)
