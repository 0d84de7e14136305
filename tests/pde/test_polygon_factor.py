"""The factor of a polygon is smooth, zero on the sides that are asked for, and above zero elsewhere."""

from __future__ import annotations

import pytest
import torch

from edgewise.errors import ConfigError
from edgewise.pde.polygon_factor import polygon_factor
from edgewise.pde.regions import Polygon
from helpers import assert_close

TOOTH = Polygon([(0, 0), (4, 0), (4, 2), (3, 2), (2, 1), (1, 2), (0, 2)])  # a notch between two ends of one line


def along(side: int, count: int = 50) -> torch.Tensor:
    return TOOTH.side(side, torch.linspace(0.02, 0.98, count, dtype=torch.float64))


def test_each_group_of_sides_has_its_own_zeros():
    groups = [{0}, {1}, {2, 5}, {3, 4}, {6}]
    for group in groups:
        for side in range(TOOTH.sides):
            values = TOOTH.vanishing(along(side), group)
            assert (float(values.abs().max()) < 1e-15) is (side in group), (group, side)
            assert float(values.min()) > -1e-15


def test_it_does_not_depend_on_where_corners_begin_nor_on_the_sense():
    x = torch.rand(100, 2, dtype=torch.float64) * torch.tensor([4.0, 2.0]).double()
    x = x[TOOTH.inside(x)]
    whole = TOOTH.vanishing(x, range(7))
    corners = list(TOOTH.corners)
    assert float(whole.min()) > 0
    for other in (Polygon(corners[3:] + corners[:3]), Polygon(corners[::-1])):
        assert_close(other.vanishing(x, range(7)), whole)


def test_it_grows_from_a_side_in_proportion_to_the_distance():
    foot = along(0)
    near, far = (foot + torch.tensor([0.0, step]).double() for step in (1e-6, 2e-6))
    ratio = TOOTH.vanishing(far, range(7)) / TOOTH.vanishing(near, range(7))
    assert_close(ratio, torch.full_like(ratio, 2.0), like="difference", scale=10.0)


def test_some_sides_of_a_line_or_a_notch_are_refused():
    for side in (2, 3):
        with pytest.raises(ConfigError, match="all sides of a notch, of a hole or of a straight line"):
            TOOTH.vanishing(along(0), {side})


def test_no_sides_leave_one():
    assert_close(polygon_factor([torch.tensor(TOOTH.corners).double()], along(0), ()), torch.ones(50).double())
