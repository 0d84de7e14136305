"""The vector of all parameters, and matrices over those of them that move."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.train.problems.flat import Flat, index_of, size_of
from edgewise.transforms import remove
from helpers import assert_equal


def flat() -> Flat:
    """The parameters of a network without one edge."""
    return Flat(remove(ew.KAN((2, 2, 1), grid_size=2, seed=0), edges=[(0, 0, 1)]).build())


def test_what_is_read_is_what_was_loaded() -> None:
    one = flat()
    theta = torch.arange(float(one.read().numel()), dtype=torch.float64)
    stays = one.theta[~one.free].clone()
    one.load(theta)
    assert_equal(one.read(), theta)
    assert_equal(one.moving(one.theta), theta)
    assert_equal(one.theta[~one.free], stays)


def test_parts_that_are_added_over_all_are_those_over_the_moving_ones() -> None:
    one, layer = flat(), flat().model.edge_layers[0]
    everything, moving = one.theta.numel(), one.read().numel()
    i, j, o = layer.coef.shape
    places = index_of(0, i, j, o, layer.base_scale is not None, one.theta.device).permute(0, 2, 1)
    count = places.shape[2]
    parts = torch.rand(*places.shape[:2], count, count, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    whole = torch.zeros(everything, everything, dtype=torch.float64)
    whole[places[..., :, None], places[..., None, :]] += parts
    found = one.over_moving(torch.zeros(moving, moving, dtype=torch.float64))
    found.add(places, parts)
    assert_equal(found.matrix, whole[one.free][:, one.free])
    on = layer.spline_edges()
    assert_equal(found.blocks(places)[on], parts[on])
    assert bool((found.blocks(places)[~on] == 0).all()) and not bool(on.all())


def test_a_layer_has_all_its_parameters_in_the_vector() -> None:
    one = flat()
    assert sum(size_of(layer) for layer in one.model.edge_layers) == one.theta.numel()
