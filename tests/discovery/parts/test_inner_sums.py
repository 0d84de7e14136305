"""Sums inside a function that goes up and down."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.parts.inner_sums import inner_sum
from edgewise.discovery.parts.splits import SplitRows


def parts(Z: torch.Tensor, g: torch.Tensor) -> tuple[SplitRows, SplitRows]:
    first, last = (SplitRows(Z[at], g[at], torch.ones_like(g[at])) for at in (slice(0, 600), slice(600, 900)))
    return first, last


@pytest.mark.parametrize("rough", [0.0, 0.02])
def test_the_sum_is_found_from_gradients_that_are_rough(rough):
    generator = torch.Generator().manual_seed(2)
    Z = -1 + 2 * torch.rand(900, 2, dtype=torch.float64, generator=generator)
    s = Z[:, 0] ** 2 + torch.exp(Z[:, 1])
    slope = 3 * torch.cos(3 * s)[:, None] * torch.stack([2 * Z[:, 0], torch.exp(Z[:, 1])], 1)
    slope = slope + rough * torch.randn(900, 2, dtype=torch.float64, generator=generator)
    fitting, held = parts(Z, torch.sin(3 * s))
    found = inner_sum(fitting, held, slope[:600])
    assert found is not None and found.error < 1e-4
    one, other = found.values(Z).T
    for values, truth in ((one, Z[:, 0] ** 2), (other, torch.exp(Z[:, 1]))):
        apart = torch.corrcoef(torch.stack([values, truth]))[0, 1].abs()
        assert float(1 - apart) < 1e-6


def test_a_product_beside_a_sum_is_none():
    Z = -1 + 2 * torch.rand(900, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    x, y = Z.T
    fitting, held = parts(Z, torch.sin(2 * x * y) + x)
    slope = torch.stack([2 * y * torch.cos(2 * x * y) + 1, 2 * x * torch.cos(2 * x * y)], 1)
    found = inner_sum(fitting, held, slope[:600])
    assert found is None or found.error > 0.05
