"""Layers on other grids."""

from __future__ import annotations

import pytest
import torch

from edgewise.fitting import dense_basis
from edgewise.layers import KANLayer
from edgewise.transforms.layer_grids import bounded, departure, falling, levelled, steepness, stopped
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
def test_splines_can_be_stopped_near_the_rows(degree: int):
    layer = KANLayer(2, 3, base="none", degree=degree, grid_size=8, dtype=torch.float64, seed=0)
    ends = torch.tensor([True, False])[None, :, None].expand(2, -1, 3)
    limits = torch.tensor([-0.5, 0.75], dtype=torch.float64)[:, None].expand(-1, 2)
    flat = stopped(layer, ends, limits, torch.full((2, 2), 1e-3, dtype=torch.float64))
    x = torch.linspace(-3, 3, 601, dtype=torch.float64)
    other = torch.zeros_like(x)
    inside = (x >= -0.5) & (x <= 0.75)
    first, second = torch.stack([x, other], 1), torch.stack([other, x], 1)
    assert_close(flat(first[inside]), layer(first[inside]))
    assert_close(flat(second), levelled(layer, torch.zeros_like(ends))(second))
    for end, outwards in ((-0.5, x < -0.5), (0.75, x > 0.75)):
        beyond = flat(first[outwards])
        assert_close(beyond, beyond[:1].expand_as(beyond))
        last = flat(torch.tensor([[end, 0.0]], dtype=torch.float64))
        assert float((beyond[:1] - last).detach().abs().max()) < 1e-2


def test_steepness_is_told_in_ranges_of_each_curve():
    layer = KANLayer(2, 1, base="none", degree=3, grid_size=8, dtype=torch.float64)
    with torch.no_grad():
        layer.coef[0, :, 0] = 5 * layer.knots[0, 2:-2]  # a line
        layer.coef[1] = 0
    found = steepness(layer, torch.linspace(-1, 1, 41, dtype=torch.float64)[:, None].expand(-1, 2))
    assert_close(found[:, 0, 0], torch.full((2,), 0.5, dtype=torch.float64))
    assert not bool(found[:, 1].any())


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_splines_can_go_on_along_tangents_as_far_as_limits(degree: int):
    layer = KANLayer(2, 3, base="none", degree=degree, grid_size=4, dtype=torch.float64, seed=0)
    ends = torch.tensor([True, False])[None, :, None].expand(2, -1, 3)
    limits = torch.tensor([-9.0, 12.0], dtype=torch.float64)[:, None].expand(-1, 2)
    flat = bounded(layer, ends, limits)
    far = torch.tensor([-90.0, -13.0, -5.0, -1.0, 0.3, 1.0, 5.0, 16.0, 90.0], dtype=torch.float64)
    first, second = torch.stack([far, 0 * far], 1), torch.stack([0 * far, far], 1)
    assert_close(flat(second), layer(second))
    assert_close(flat(first[2:7]), layer(first[2:7]))
    level = flat(first[[0, 1, -2, -1]]).detach()
    assert_close(level[::3], level[1:3])
    at = torch.tensor([[-9.0, 0.0], [12.0, 0.0]], dtype=torch.float64)
    past = layer(2 * at).detach() - layer(at).detach()
    assert bool(((level[::3] - layer(at).detach()) / past < 0.2).all())


def test_tangents_of_lines_depart_from_them_by_nothing_and_those_of_a_parabola_by_its_range():
    layer = KANLayer(1, 2, base="none", degree=2, grid_size=1, domain=(0.0, 1.0), dtype=torch.float64, seed=0)
    x = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    basis = dense_basis(x, layer.knots, degree=2)[:, 0]
    coef = torch.linalg.lstsq(basis, torch.cat([3 * x - 1, x**2], 1)).solution[None]
    found = departure(layer.build(**{**layer.parts(), "coef": coef}), x)
    assert_close(found, torch.tensor([[[0.0, 1.0]], [[0.0, 1.0]]], dtype=torch.float64))
