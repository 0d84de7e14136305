"""Blocks of edges hold every parameter that moves once, and of the others none where most edges are off."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.model import KAN
from edgewise.train.problems.edge_blocks import EdgeBlocks
from edgewise.train.problems.flat import Flat
from edgewise.transforms import remove


def thinned(kept: float) -> KAN:
    """A network with about that part of the edges of its first layer."""
    model = ew.KAN((8, 8, 1), grid_size=4, seed=0)
    draw = torch.rand(8, 8, generator=torch.Generator().manual_seed(1))
    draw.diagonal().zero_()  # each node keeps an edge
    return remove(model, edges=[(0, i, o) for i in range(8) for o in range(8) if draw[i, o] > kept])


def test_every_parameter_that_moves_has_a_column_of_its_own() -> None:
    for kept in (0.1, 0.4, 0.9):
        model = thinned(kept)
        found = EdgeBlocks(model.edge_layers, Flat(model.build()).places)
        assert found.order is not None
        assert len(found.order.unique()) == len(found.order) == Flat(model.build()).read().numel()
        assert int(found.order.min()) >= 0 and int(found.order.max()) < found.size


def test_edges_that_are_off_are_laid_out_only_where_they_are_few() -> None:
    for kept, few in ((0.1, False), (0.9, True)):
        model = thinned(kept)
        one = Flat(model.build())
        found = EdgeBlocks(model.edge_layers, one.places)
        assert (found.size == one.theta.numel()) is few


def test_all_edges_are_one_block_in_their_order() -> None:
    model = ew.KAN((3, 2, 1), grid_size=4, seed=0)
    found = EdgeBlocks(model.edge_layers, None)
    assert found.order is None and found.size == Flat(model.build()).theta.numel()
