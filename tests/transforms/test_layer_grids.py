"""Layers on other grids."""

from __future__ import annotations

import pytest
import torch

from edgewise.layers import KANLayer
from edgewise.transforms.layer_grids import levelled
from helpers import assert_close


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
def test_levelled_splines_turn_flat_beyond_the_old_grid_alone(degree: int):
    layer = KANLayer(2, 3, base="none", degree=degree, grid_size=4, dtype=torch.float64, seed=0)
    level = levelled(layer, torch.tensor([True, False]))
    x = torch.linspace(-1, 1, 101, dtype=torch.float64)[:, None].expand(-1, 2)
    assert_close(level(x), layer(x))
    far = torch.tensor([[-9.0], [-90.0], [9.0], [90.0]], dtype=torch.float64)
    first = torch.cat([far, 0 * far], 1)
    assert_close(level(first)[::2], level(first)[1::2])
    if degree:
        second = torch.cat([0 * far, far], 1)
        assert_close(level(second), layer(second))
        assert not torch.equal(layer(first)[::2], layer(first)[1::2])
