"""How far values are out."""

from __future__ import annotations

import torch
from scipy.stats import kurtosis

from edgewise.train.evidence.tails import excess_kurtosis


def test_it_is_that_of_scipy_and_a_weight_is_as_many_rows():
    x = torch.randn(200, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).exp()
    even = torch.full_like(x, 1 / 200)
    assert abs(excess_kurtosis(x, even) - kurtosis(x.numpy())) < 1e-10
    twice = torch.cat([x, x[:50]])
    share = torch.ones(200, dtype=torch.float64)
    share[:50] = 2
    assert abs(excess_kurtosis(x, share / 250) - kurtosis(twice.numpy())) < 1e-10


def test_a_constant_has_none():
    assert excess_kurtosis(torch.full((5,), 3.0), torch.full((5,), 0.2)) == 0
