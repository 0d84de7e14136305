"""straight_on: outputs stay as they are, and each has one edge."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError
from edgewise.transforms.straight_on import straight_on
from helpers import assert_close


@pytest.mark.parametrize("widths", [(2, 1), (2, 3), (2, 3, 2)])
def test_outputs_are_the_same_beyond_the_grid_as_well(widths: tuple[int, ...]):
    model = ew.KAN(widths, dtype=torch.float64, seed=1)
    X = 30 * torch.randn(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    deep, last = straight_on(model), len(widths) - 1
    assert_close(deep(X).detach(), model(X).detach())
    assert [edge for edge in deep.active_edges() if edge[0] == last] == [(last, n, n) for n in range(widths[-1])]


def test_degree_0_holds_no_line():
    with pytest.raises(StructureError):
        straight_on(ew.KAN((2, 1), degree=0))
