"""States of KANLayer: knots that are written count, formats keep them equidistant, other grids are told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise import KAN, KANLayer
from edgewise.errors import CheckpointError
from edgewise.grid import is_uniform
from helpers import assert_close, assert_equal
from layer_doors import F64, MARKS, bent, rows

pytestmark = MARKS


def test_a_state_fills_a_layer_without_values():
    layer, full = KANLayer(3, 2, device="meta"), bent(KANLayer(3, 2, seed=1))
    layer.load_state_dict(full.state_dict(), assign=True)
    assert not layer.uniform
    assert_equal(layer(rows(5, 3)), full(rows(5, 3)))


@pytest.mark.parametrize("write", [lambda k, v: k.copy_(v), lambda k, v: k.add_(v - k)])
def test_knots_written_in_place_count(write: Any):
    layer = KANLayer(3, 2, seed=1, **F64)
    other, x = bent(layer), rows(9, 3, **F64)
    assert layer.uniform
    write(layer.knots, other.knots)
    assert not layer.uniform
    assert_close(layer(x), other(x), like="exact")


@pytest.mark.parametrize("domain", [(0.0, 0.7), (-1.0, 1.0), (100.0, 101.0)])
def test_a_finer_format_keeps_equidistant_knots_equidistant(domain: tuple[float, float]):
    layer = KANLayer(3, 2, domain=domain, dtype=torch.float32, seed=1)
    low, high = layer.interval
    wide = copy.deepcopy(layer).double()
    assert wide.uniform and is_uniform(wide.knots), "in float64, not only to float32 digits"
    assert_close(torch.stack(wide.interval), torch.stack([low, high]).double())
    net = nn.Sequential(copy.deepcopy(layer)).half().double()
    assert net[0].uniform  # type: ignore[union-attr]
    unequal = bent(layer)
    assert_equal(unequal.knots.double(), copy.deepcopy(unequal).double().knots)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_tells_equal_from_unequal_knots(dtype: torch.dtype):
    layer, x = KANLayer(3, 2, seed=1), rows(50, 3).to(dtype)
    unequal = bent(layer)
    assert copy.deepcopy(layer).to(dtype).uniform
    half = copy.deepcopy(unequal).to(dtype)
    assert not half.uniform
    assert_equal(copy.deepcopy(half).float().knots, half.knots.float())
    error = (half(x) - unequal(x.float())).detach().abs().max()
    assert float(error) < 8 * torch.finfo(dtype).eps * float(unequal(x.float()).detach().abs().max())


@pytest.mark.parametrize(("mine", "theirs", "words"), [(5, 10, r"refine\(module, grid_size=10\)"), (10, 5, "5, load")])
def test_a_state_of_another_grid_says_refine(mine: int, theirs: int, words: str):
    net = nn.Sequential(KANLayer(3, 4), KANLayer(4, 2, grid_size=mine))
    state = nn.Sequential(KANLayer(3, 4), KANLayer(4, 2, grid_size=theirs)).state_dict()
    with pytest.raises(CheckpointError, match=rf"1\.coef has .* grid_size {theirs} .*{words}"):
        net.load_state_dict(state)
    with pytest.raises(RuntimeError, match="size mismatch"):  # another width is no matter of the grid
        net.load_state_dict(nn.Sequential(KANLayer(3, 5), KANLayer(5, 2, grid_size=mine)).state_dict())


def test_refine_is_what_the_message_says():
    """The remedy that a state of another grid names, for a KAN."""
    coarse, fine = KAN((3, 2), grid_size=5), KAN((3, 2), grid_size=10)
    ew.refine(coarse, grid_size=10).load_state_dict(fine.state_dict())
