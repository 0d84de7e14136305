"""The pieces that a domain is made of: intervals, discs, polygons with holes.

Letters: n point, d dimension.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from ..config import is_number, is_sequence
from ..errors import ConfigError, shown
from .polygon_factor import polygon_factor


class Region(Protocol):
    """A bounded piece of space with a boundary that has outward normals."""

    @property
    def dims(self) -> int:
        """How many coordinates it has."""
        ...

    @property
    def box(self) -> tuple[tuple[float, float], ...]:
        """The smallest box around it: (low, high) of each coordinate."""
        ...

    def inside(self, x: Tensor) -> Tensor:
        """Which points x (n, d) lie in it, the boundary counted: (n,) bool."""
        ...

    def boundary(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Points (n, d) on its boundary and outward normals (n, d), from numbers (n,) in [0, 1)."""
        ...

    @property
    def sides(self) -> int:
        """How many smooth pieces its boundary has."""
        ...

    def side(self, number: int, uniform: Tensor) -> Tensor:
        """Points (n, d) of one side, from numbers (n,) in [0, 1)."""
        ...

    def meet(self, one: int, other: int) -> bool:
        """Whether two sides have a point in common."""
        ...

    def vanishing(self, x: Tensor, sides: Collection[int]) -> Tensor:
        """A function (n,) that is zero on these sides, to rounding, and above zero elsewhere in the region. It is
        smooth up to its boundary, but for corners that point inwards."""
        ...


@dataclass(frozen=True)
class Interval:
    """low <= x <= high.

    >>> Interval(0.0, 2.0).boundary(torch.tensor([0.1, 0.9]))
    (tensor([[0.],
            [2.]]), tensor([[-1.],
            [ 1.]]))
    """

    low: float
    high: float

    dims = 1

    @property
    def box(self) -> tuple[tuple[float, float], ...]:
        """Itself."""
        return ((self.low, self.high),)

    def inside(self, x: Tensor) -> Tensor:
        """Which of x (n, 1) lie in it."""
        return ((x >= self.low) & (x <= self.high))[:, 0]

    def boundary(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Its ends, each for half of the numbers."""
        end = (uniform[:, None] >= 0.5).long()
        return uniform.new_tensor((self.low, self.high))[end], uniform.new_tensor((-1.0, 1.0))[end]

    sides = 2

    def side(self, number: int, uniform: Tensor) -> Tensor:
        """The low end is number 0, the high one number 1."""
        return torch.full_like(uniform[:, None], (self.low, self.high)[number])

    def meet(self, one: int, other: int) -> bool:
        """Its ends are apart."""
        return one == other

    def vanishing(self, x: Tensor, sides: Collection[int]) -> Tensor:
        """A product of distances from its ends."""
        found, length = torch.ones_like(x[:, 0]), self.high - self.low
        for number in sides:
            found = found * (x[:, 0] - self.low if number == 0 else self.high - x[:, 0]) / length
        return found


@dataclass(frozen=True)
class Disc:
    """The points of the plane that are not further than a radius from a centre.

    Args:
        centre: (x, y).
        radius: above zero.

    Raises:
        ConfigError: a centre that is no pair of numbers, or a radius that is not above zero.

    >>> Disc((0, 0), 1.0).box
    ((-1.0, 1.0), (-1.0, 1.0))
    """

    centre: tuple[float, float]
    radius: float

    dims = 2

    def __post_init__(self) -> None:
        point(self.centre, "centre")
        if not is_number(self.radius) or not self.radius > 0 or not math.isfinite(self.radius):
            raise ConfigError(f"radius of a Disc must be a number above 0, got {shown(self.radius)}")

    @property
    def box(self) -> tuple[tuple[float, float], ...]:
        """The square around it."""
        return tuple((float(c - self.radius), float(c + self.radius)) for c in self.centre)

    def inside(self, x: Tensor) -> Tensor:
        """Which of x (n, 2) lie in it; points on the circle may be off by round-off."""
        far = x - torch.tensor(self.centre, dtype=x.dtype)
        return far.square().sum(1) <= self.radius**2 * (1 + ROUND_OFF)

    def boundary(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Points on the circle, in proportion to the numbers."""
        angle = 2 * math.pi * uniform
        normals = torch.stack([angle.cos(), angle.sin()], 1)
        return torch.tensor(self.centre, dtype=uniform.dtype) + self.radius * normals, normals

    sides = 1

    def side(self, number: int, uniform: Tensor) -> Tensor:
        """The circle."""
        return self.boundary(uniform)[0]

    def meet(self, one: int, other: int) -> bool:
        """There is but one side."""
        return True

    def vanishing(self, x: Tensor, sides: Collection[int]) -> Tensor:
        """1 - r^2 / radius^2."""
        if not sides:
            return torch.ones_like(x[:, 0])
        far = x - torch.tensor(self.centre, dtype=x.dtype, device=x.device)
        return 1 - far.square().sum(1) / self.radius**2


NEXT_TO = 1e-6  # of the length of a side: as near to it, only one of its sides counts
ROWS = 500  # points that are compared with all sides at a time
ROUND_OFF = 1e-12  # relative: how far a point on a boundary may lie outside by the roundings that made it


@dataclass(frozen=True)
class Polygon:
    """What a closed line of straight sides surrounds, without what others inside it surround.

    Args:
        corners: (x, y) of each, one after the other; at least three, in either sense. Sides must not cross.
        holes: the corners of each hole.

    Raises:
        ConfigError: corners that are no pairs of numbers or surround no area, sides that cross, and holes that do not
            lie inside.

    >>> square = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], holes=[[(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]])
    >>> square.inside(torch.tensor([[0.1, 0.1], [0.5, 0.5]])).tolist()
    [True, False]
    """

    corners: Sequence[tuple[float, float]]
    holes: Sequence[Sequence[tuple[float, float]]] = ()

    dims = 2

    def __post_init__(self) -> None:
        if not is_sequence(self.holes):
            raise ConfigError(f"holes of a Polygon must be a sequence of lists of corners, got {shown(self.holes)}")
        for line, name in ((self.corners, "corners"), *((hole, "a hole") for hole in self.holes)):
            if not is_sequence(line) or len(line) < 3:
                raise ConfigError(f"{name} of a Polygon must be at least three points (x, y), got {shown(line)}")
            for corner in line:
                point(corner, f"a corner in {name}")
            if area(line) == 0:
                raise ConfigError(f"{name} of a Polygon must surround an area, got {shown(line)}")
        object.__setattr__(self, "corners", once(self.corners))
        object.__setattr__(self, "holes", tuple(map(once, self.holes)))
        self._refuse_crossings()
        self._refuse_misplaced()

    def _refuse_crossings(self) -> None:
        """Raise `ConfigError` where two sides cross: each has the ends of the other on both of its own sides."""
        start, way, _ = self._sides
        end = start + way
        for number in range(len(start)):

            def beside(points: Tensor, number: int = number) -> Tensor:  # to the left of this side, or to the right
                offset = points - start[number]
                return (way[number, 0] * offset[:, 1] - way[number, 1] * offset[:, 0]).sign()

            def seen(point: Tensor) -> Tensor:  # this point from every side
                offset = point - start
                return (way[:, 0] * offset[:, 1] - way[:, 1] * offset[:, 0]).sign()

            crossing = (beside(start) * beside(end) < 0) & (seen(start[number]) * seen(end[number]) < 0)
            if bool(crossing.any()):
                other = int(crossing.nonzero()[0])
                one, two = (f"{tuple(start[k].tolist())} to {tuple(end[k].tolist())}" for k in (number, other))
                raise ConfigError(
                    f"sides of a Polygon must not cross, but that from {one} crosses that from {two}; give corners one"
                    " after the other, and holes that lie inside"
                )

    def _refuse_misplaced(self) -> None:
        """Raise `ConfigError` where the domain does not lie to the left of a side, as of a hole outside of it."""
        start, way, normal = self._sides
        middle, step = start + 0.5 * way, NEXT_TO * way.norm(dim=1, keepdim=True) * normal
        wrong = ~torch.cat([self.inside(part) for part in (middle - step).split(ROWS)])
        if not bool(wrong.any()):
            return
        rings = [len(self.corners), *map(len, self.holes)]
        number = next(k for k, part in enumerate(wrong.split(rings)) if bool(part.any()))
        if number == 0:
            raise ConfigError(
                f"corners of a Polygon must go round it once, holes lie inside, got {shown(self.corners)}"
            )
        raise ConfigError(
            "a hole of a Polygon must lie inside its corners and outside its other holes, got"
            f" {shown(self.holes[number - 1])}"
        )

    @property
    def box(self) -> tuple[tuple[float, float], ...]:
        """From the least to the greatest coordinates of the corners."""
        return tuple((float(min(c)), float(max(c))) for c in zip(*self.corners, strict=True))

    @cached_property
    def _sides(self) -> tuple[Tensor, Tensor, Tensor]:
        """Start (s, 2), way to the end (s, 2) and outward normal (s, 2) of every side."""
        starts, ways = [], []
        for number, line in enumerate([self.corners, *self.holes]):
            around = torch.tensor([tuple(map(float, corner)) for corner in line], dtype=torch.float64)
            if (area(line) > 0) != (number == 0):  # the domain lies to the left of every side
                around = around.flip(0)
            starts.append(around)
            ways.append(around.roll(-1, 0) - around)
        start, way = torch.cat(starts), torch.cat(ways)
        normal = torch.stack([way[:, 1], -way[:, 0]], 1) / way.norm(dim=1, keepdim=True)
        return start, way, normal

    def inside(self, x: Tensor) -> Tensor:
        """Which of x (n, 2) lie in it: a ray to the right crosses an odd number of sides, or a side is met."""
        start, way, normal = (side.to(x) for side in self._sides)
        offset = x[:, None] - start  # (n, s, 2)
        above = offset[..., 1] >= 0
        crosses = above != (offset[..., 1] >= way[:, 1])
        share = offset[..., 1] / torch.where(way[:, 1] == 0, 1.0, way[:, 1])
        right = offset[..., 0] < share * way[:, 0]
        odd = (crosses & right).sum(1) % 2 == 1
        along = (offset * way).sum(2) / way.square().sum(1)
        reach = ROUND_OFF * max(high - low for low, high in self.box)
        met = ((offset * normal).sum(2).abs() <= reach) & (along >= -ROUND_OFF) & (along <= 1 + ROUND_OFF)
        return odd | met.any(1)

    def boundary(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Points on the sides, in proportion to their lengths."""
        start, way, normal = (side.to(uniform) for side in self._sides)
        lengths = way.norm(dim=1)
        ends = lengths.cumsum(0)
        along = uniform * ends[-1]
        side = torch.searchsorted(ends, along, right=True).clamp(max=len(ends) - 1)
        share = (along - (ends[side] - lengths[side])) / lengths[side]
        return start[side] + share[:, None] * way[side], normal[side]

    @property
    def sides(self) -> int:
        """Those of its outline, then those of each hole."""
        return len(self._sides[0])

    def side(self, number: int, uniform: Tensor) -> Tensor:
        """Points of the straight line from one corner to the next."""
        start, way, _ = (side.to(uniform) for side in self._sides)
        return start[number] + uniform[:, None] * way[number]

    def meet(self, one: int, other: int) -> bool:
        """Whether they are one, or share a corner."""
        start, way, _ = self._sides
        ends = [{tuple(start[k].tolist()), tuple((start[k] + way[k]).tolist())} for k in (one, other)]
        return one == other or bool(ends[0] & ends[1])

    def vanishing(self, x: Tensor, sides: Collection[int]) -> Tensor:
        """By `polygon_factor`."""
        rings = [len(self.corners), *map(len, self.holes)]
        return polygon_factor(self._sides[0].to(x).split(rings), x, sides)


def once(corners: Sequence[Any]) -> tuple[Any, ...]:
    """The corners of a closed line without any that the next one repeats, as the first one does where it also ends it.

    >>> once([(0, 0), (1, 0), (1, 0), (0, 1), (0, 0)])
    ((0, 0), (1, 0), (0, 1))
    """
    following = [*corners[1:], corners[0]]
    return tuple(one for one, other in zip(corners, following, strict=True) if tuple(one) != tuple(other))


def area(corners: Sequence[Any]) -> float:
    """Of what a closed line surrounds; below zero where it goes round clockwise.

    >>> area([(0, 0), (2, 0), (0, 1)])
    1.0
    """
    following = [*corners[1:], corners[0]]
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, following, strict=True))


def point(value: Any, name: str) -> None:
    """Raise `ConfigError` for what is no pair of finite numbers."""
    fits = is_sequence(value) and len(value) == 2 and all(is_number(c) and math.isfinite(c) for c in value)
    if not fits:
        raise ConfigError(f"{name} must be a pair of numbers (x, y), got {shown(value)}")
