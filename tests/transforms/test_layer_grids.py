"""Layers on other grids."""

from __future__ import annotations

import pytest
import torch

from edgewise.layers import KANLayer
from edgewise.transforms.layer_grids import falling, levelled, steepness
from helpers import assert_close


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
def test_levelled_splines_turn_flat_beyond_the_old_grid_alone(degree: int):
    layer = KANLayer(2, 3, base="none", degree=degree, grid_size=4, dtype=torch.float64, seed=0)
    level = levelled(layer, torch.tensor([True, False])[None, :, None].expand(2, -1, 3))
    x = torch.linspace(-1, 1, 101, dtype=torch.float64)[:, None].expand(-1, 2)
    assert_close(level(x), layer(x))
    far = torch.tensor([[-9.0], [-90.0], [9.0], [90.0]], dtype=torch.float64)
    first = torch.cat([far, 0 * far], 1)
    assert_close(level(first)[::2], level(first)[1::2])
    if degree:
        second = torch.cat([0 * far, far], 1)
        assert_close(level(second), layer(second))
        assert not torch.equal(layer(first)[::2], layer(first)[1::2])


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_splines_that_fall_outwards_can_turn_flat_there_alone(degree: int):
    layer = KANLayer(2, 3, base="none", degree=degree, grid_size=4, dtype=torch.float64, seed=0)
    ends, far = torch.tensor([-1.0, 1.0], dtype=torch.float64), torch.tensor([-9.0, 9.0], dtype=torch.float64)
    flat = levelled(layer, falling(layer))
    for place in range(2):
        at = torch.zeros(2, 2, 2, dtype=torch.float64)
        at[..., place] = torch.stack([ends, far])
        rest = 0 * at[0, :1]

        def edge(net: KANLayer, x: torch.Tensor, rest: torch.Tensor = rest) -> torch.Tensor:
            return net(x) - net(rest)

        rise = edge(layer, at[1]) - edge(layer, at[0])  # from an end outwards (2, o)
        assert torch.equal(falling(layer)[:, place], rise < -1e-12)
        kept = torch.where(rise < 0, edge(flat, 2 * at[1]), edge(layer, at[1]))
        assert_close(edge(flat, at[1]), kept)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_splines_turn_flat_from_limits_on_within_their_grids(degree: int):
    layer = KANLayer(2, 3, base="none", degree=degree, grid_size=8, dtype=torch.float64, seed=0)
    limits = torch.tensor([-0.5, 0.5], dtype=torch.float64)[:, None, None].expand(-1, 2, 3)
    flat = levelled(layer, torch.ones(2, 2, 3, dtype=torch.bool), limits)
    inside = torch.linspace(-0.5, 0.5, 51, dtype=torch.float64)[:, None].expand(-1, 2)
    assert_close(flat(inside), layer(inside))
    for end in (-1.0, 1.0):  # over as many intervals as the degree
        ends = end * torch.tensor([[0.5 + 0.25 * degree + 1e-9], [90.0]], dtype=torch.float64).expand(-1, 2)
        assert_close(flat(ends)[0], flat(ends)[1])


def test_steepness_is_told_in_ranges_of_each_curve():
    layer = KANLayer(2, 1, base="none", degree=3, grid_size=8, dtype=torch.float64)
    with torch.no_grad():
        layer.coef[0, :, 0] = 5 * layer.knots[0, 2:-2]  # a line
        layer.coef[1] = 0
    x = torch.linspace(-1, 1, 41, dtype=torch.float64)[:, None].expand(-1, 2)
    found = steepness(layer, x, torch.full((2, 2), 0.5, dtype=torch.float64))
    assert_close(found[:, 0, 0], torch.full((2,), 0.25, dtype=torch.float64))
    assert not bool(found[:, 1].any())
