"""Sums over blocks are what all rows at once give."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from edgewise.losses import LOSSES
from edgewise.train.result import measure
from edgewise.train.streaming.tally import tallied


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy", "poisson"])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_give_the_figures_of_all_rows(loss: str, weighted: bool):
    torch.manual_seed(0)
    net, x = nn.Linear(3, 4).double(), torch.randn(50, 3, dtype=torch.float64)
    y = torch.arange(50) % 4 if loss == "cross_entropy" else torch.rand(50, 4, dtype=torch.float64)
    weight = torch.rand(50, dtype=torch.float64)
    parts = [values.split(7) for values in (x, y, weight)[: 2 + weighted]]
    got = tallied(net, zip(*parts, strict=True), LOSSES[loss])
    want = measure(net, x, y, LOSSES[loss], weight if weighted else None)
    assert got[0] == pytest.approx(want[0], rel=1e-9)
    for name, value in got[1].items():
        assert value == pytest.approx(want[1][name], rel=1e-9)
