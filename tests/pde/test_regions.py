"""Shapes: boundaries lie on the shape, normals point outwards, and points inside are those of an independent rule."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.errors import ConfigError
from edgewise.pde.regions import Disc, Interval, Polygon, area
from helpers import assert_close

HOLE = [(0.4, 0.4), (0.4, 0.6), (0.6, 0.6), (0.6, 0.4)]
L = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
SHAPES = {
    "interval": Interval(-1.0, 3.0),
    "disc": Disc((0.5, -1.0), 2.0),
    "L": Polygon(L),
    "L clockwise": Polygon(L[::-1]),
    "with a hole": Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], holes=[HOLE]),
    "with a hole the other way": Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], holes=[HOLE[::-1]]),
    "triangle": Polygon([(0, 0), (3, 1), (1, 2)]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_step_along_the_normal_leaves_the_shape_and_one_back_does_not(name):
    shape = SHAPES[name]
    x, normals = shape.boundary((torch.arange(200, dtype=torch.float64) + 0.37) / 200)
    assert_close(normals.norm(dim=1), torch.ones(200, dtype=torch.float64))
    assert bool(shape.inside(x).all())
    assert not bool(shape.inside(x + 1e-6 * normals).any())
    assert bool(shape.inside(x - 1e-6 * normals).all())


@pytest.mark.parametrize("name", SHAPES)
def test_all_points_inside_lie_in_the_box(name):
    shape = SHAPES[name]
    low, high = torch.tensor(shape.box, dtype=torch.float64).unbind(1)
    x = low - 1 + torch.rand(2000, shape.dims, dtype=torch.float64) * (high - low + 2)
    kept = x[shape.inside(x)]
    assert len(kept) and bool(((kept >= low) & (kept <= high)).all())


def test_the_part_of_a_box_inside_a_polygon_is_its_area():
    x = torch.rand(40000, 2, dtype=torch.float64)
    assert abs(float(SHAPES["with a hole"].inside(x).double().mean()) - 0.96) < 0.005
    assert abs(float(SHAPES["L"].inside(2 * x).double().mean()) - 0.75) < 0.01


def test_sides_get_points_in_proportion_to_their_lengths():
    x, _ = Polygon([(0, 0), (3, 0), (3, 1), (0, 1)]).boundary((torch.arange(800, dtype=torch.float64) + 0.5) / 800)
    assert int((x[:, 1] == 0).sum()) == 300 and int((x[:, 0] == 3).sum()) == 100


def test_area_tells_the_sense():
    assert area(L) == 3.0 and area(L[::-1]) == -3.0


def test_circle_points_have_the_radius():
    x, _ = SHAPES["disc"].boundary(torch.rand(50, dtype=torch.float64))
    assert_close((x - torch.tensor([0.5, -1.0], dtype=torch.float64)).norm(dim=1), torch.full((50,), 2.0).double())


SQUARE = [(0, 0), (1, 0), (1, 1), (0, 1)]
SMALL = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]


@pytest.mark.parametrize("turn", [1, -1])
def test_corners_and_holes_in_either_sense_are_taken(turn):
    assert Polygon(SQUARE[::turn], holes=[SMALL]).inside(torch.tensor([[0.5, 0.5], [0.1, 0.5]])).tolist() == [
        False,
        True,
    ]
    slit = [(0, 0), (1, 0), (1, 1), (0.5, 1), (0.5, 0.5), (0.5, 1), (0, 1)]
    assert Polygon(slit[::turn]).sides == 7


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Disc((0, 0), -1.0), "radius"),
        (lambda: Disc((0, 0, 0), 1.0), "centre"),  # type: ignore[arg-type]
        (lambda: Polygon([(0, 0), (1, 0)]), "three points"),
        (lambda: Polygon([(0, 0), (1, 0), (2, 0)]), "area"),
        (lambda: Polygon([(0, 0), (1, 0), (1, math.nan)]), "pair of numbers"),
        (lambda: Polygon([(0, 0), (4, 2), (4, 0), (0, 1)]), r"cross, but that from \(.* crosses"),
        (lambda: Polygon([(0, 0), (1, 1), (2, 2), (2, 0), (1, 1), (0, 3)]), "go round it once"),
        (lambda: Polygon(SQUARE, holes=[[(2, 2), (3, 2), (3, 3)]]), "a hole of a Polygon must lie inside"),
        (lambda: Polygon(SQUARE, holes=[[(0.5, 0.5), (1.5, 0.5), (1.5, 0.6)]]), "must not cross"),
        (lambda: Polygon(SQUARE, holes=[SMALL, [(0.4, 0.4), (0.5, 0.4), (0.5, 0.5)]]), "outside its other holes"),
        (lambda: Polygon(L, holes=3), "holes"),  # type: ignore[arg-type]
    ],
)
def test_impossible_shapes_are_refused(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


def test_a_closed_ring_and_a_corner_given_twice_are_the_same_domain():
    x = 2 * torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.5
    plain = Polygon(SQUARE, holes=[SMALL])
    for corners in ([*SQUARE, SQUARE[0]], [SQUARE[0], *SQUARE]):
        ring = Polygon(corners, holes=[[*SMALL, SMALL[0]]])
        assert ring.sides == plain.sides and torch.equal(ring.inside(x), plain.inside(x))
