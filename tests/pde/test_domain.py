"""Domains: points in them and on their boundary, the same for a seed; what is no domain is refused."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.errors import ConfigError, ShapeError
from edgewise.pde.domain import Domain
from edgewise.pde.regions import Disc, Polygon
from helpers import assert_equal

BOX = Domain.create(((-1, 1), (0, 3)))
CYLINDER = Domain.create((Disc((0, 0), 1.0), (0, 2)))


@pytest.mark.parametrize("domain", [BOX, CYLINDER], ids=["box", "cylinder"])
def test_points_lie_inside_evenly_and_are_the_same_for_a_seed(domain):
    x = domain.interior(500, 3)
    assert x.shape == (500, domain.dims) and bool(domain.inside(x).all())
    assert_equal(x, domain.interior(500, 3))
    assert not torch.equal(x, domain.interior(500, 4))
    middle = torch.tensor(domain.box, dtype=torch.float64).mean(1)
    assert bool(((x > middle).double().mean(0) - 0.5).abs().max() < 0.03)


@pytest.mark.parametrize("domain", [BOX, CYLINDER], ids=["box", "cylinder"])
def test_points_move_outward_but_not_onto_the_ends(domain):
    x = domain.interior(500, 3)
    moved = domain.outward(x)
    low, high = torch.tensor(domain.box, dtype=torch.float64).unbind(1)
    gaps, before = [torch.minimum(y - low, high - y) / (high - low) for y in (moved, x)]
    assert bool(domain.inside(moved).all()) and float(gaps[:, -1].min()) > 0
    assert float(gaps[:, -1].median()) < 0.95 * float(before[:, -1].median())
    assert domain.outward(x[:0]).shape == (0, domain.dims)


def test_no_point_moves_nearer_to_an_end_than_even_ones():
    """The outermost of n even points is half of an n-th of the length away."""
    moved = BOX.outward(BOX.interior(500, 3))
    low, high = torch.tensor(BOX.box, dtype=torch.float64).unbind(1)
    gaps = torch.minimum(moved - low, high - moved) / (high - low)
    assert float(gaps.min()) > 0.999 * 0.5 / 500, "but for round-off"


def test_each_face_of_a_box_gets_as_many_points():
    x, normals = BOX.boundary(400, 0)
    for axis, end, side in ((0, -1, -1), (0, 1, 1), (1, 0, -1), (1, 3, 1)):
        on = x[:, axis] == end
        assert abs(int(on.sum()) - 100) <= 1
        assert bool((normals[on, axis] == side).all())


@pytest.mark.parametrize("interval", [(0, 0.1), (0, math.pi), (-0.7, 0), (1e5, 1e5 + 0.3), (1 / 3, 0.7)])
def test_both_ends_of_an_interval_of_any_numbers_get_points(interval):
    """No end is rounded: one that float32 cannot hold would lie outside, and its condition would be lost."""
    low, high = interval
    ends, normals = Domain.create((interval,)).boundary(10, 0)
    assert dict(zip(ends[:, 0].tolist(), normals[:, 0].tolist(), strict=True)) == {low: -1.0, high: 1.0}
    x, _ = Domain.create((interval, (0, 1))).boundary(60, 0)
    assert (x[:, 0] == low).sum() > 10 and (x[:, 0] == high).sum() > 10


def test_beside_time_only_space_has_a_boundary():
    x, normals = CYLINDER.boundary(300, 0, timed=True)
    assert bool(((x[:, :2].norm(dim=1) - 1).abs() < 1e-12).all()) and bool((normals[:, 2] == 0).all())
    assert 0 < float(x[:, 2].min()) and float(x[:, 2].max()) < 2


def test_time_alone_has_no_boundary():
    with pytest.raises(ConfigError, match="both ends by Dirichlet"):
        Domain.create(((0, 1),)).boundary(10, 0, timed=True)


def test_the_caps_of_a_cylinder_lie_over_the_disc():
    x, normals = CYLINDER.boundary(300, 0)
    caps = x[normals[:, 2] != 0]
    assert len(caps) == 100 and bool((caps[:, :2].norm(dim=1) <= 1 + 1e-9).all())


def test_an_interval_has_two_ends_and_no_more():
    assert Domain.create(((0, 2),)).boundary(50, 1)[0].flatten().sort().values.tolist() == [0.0, 2.0]


def test_where_keeps_a_part():
    x, _ = BOX.boundary(100, 0, lambda x: (x[:, 0] == 1) & (x[:, 1] > 2.9))
    assert len(x) == 50 and bool((x[:, 1] > 2.9).all()), "as many as the sides of x0 get, all from that part"


def test_where_that_keeps_nothing_is_refused():
    with pytest.raises(ConfigError, match="holds nowhere"):
        BOX.boundary(100, 0, lambda x: x[:, 0] > 5)


@pytest.mark.parametrize("answer", [lambda x: x[:, 0], lambda x: x > 0, lambda x: True])
def test_where_of_another_kind_is_refused(answer):
    with pytest.raises(ShapeError, match="booleans"):
        BOX.boundary(100, 0, answer)


@pytest.mark.parametrize("given", [(), 3, "ab", ((1, 0),), ((0, 1, 2),), ((0, float("inf")),), ((0, "b"),)])
def test_what_is_no_domain_is_refused(given):
    with pytest.raises(ConfigError, match=r"interval"):
        Domain.create(given)


def test_a_shape_alone_is_a_domain():
    triangle = Polygon([(0, 0), (1, 0), (0, 1)])
    assert Domain.create(triangle).dims == 2 and bool((Domain.create(triangle).interior(50, 0).sum(1) <= 1).all())


def test_global_random_state_is_left_alone(leaves_no_trace):
    CYLINDER.interior(10, 0)
    CYLINDER.boundary(10, 0)
