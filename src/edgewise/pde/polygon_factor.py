"""A smooth function that vanishes on sides of a polygon and nowhere else in it.

Sides of the convex hull are factors: straight lines that meet the polygon nowhere else. A notch in the hull, or a hole,
is a convex piece that is taken away. Outside of it at least one of its lines is positive, which R-functions say:

    f or g = f + g + sqrt(f^2 + g^2),  which is positive where f or g is, and smooth but where both are zero.

Source: Rvachev & Sheiko 1995 (doi:10.1115/1.3005099); Sukumar & Srivastava 2022 (doi:10.1016/j.cma.2021.114333).

Letters: n point, c corner.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ..errors import ConfigError

STRAIGHT = 1e-12  # relative: how far a corner may lie off a straight line by round-off


def polygon_factor(rings: Sequence[Tensor], x: Tensor, sides: Collection[int]) -> Tensor:
    """The function (n,) at x (n, 2), which vanishes on these sides.

    rings: corners (c, 2) of the outline and of each hole, with the domain to the left of every side. Sides are numbered
    through all rings. Raises `ConfigError` where a notch is not convex, or some of its sides alone are asked for.

    >>> square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> polygon_factor([square], torch.tensor([[0.5, 0.0], [0.5, 0.5]]), {0, 1, 2, 3}).tolist()
    [0.0, 0.0625]
    """
    found, first, wanted = torch.ones_like(x[:, 0]), 0, set(sides)
    for number, ring in enumerate(rings):
        for group in _hull_groups(ring) if number == 0 else [list(range(len(ring)))]:
            own = {first + place for place in group} & wanted
            if not own:
                continue
            if len(own) < len(group):
                raise ConfigError(
                    "a hard condition on a Polygon takes all sides of a notch, of a hole or of a straight line, or none"
                    " of them: take hard=False for this part"
                )
            found = found * _group_factor(ring, group, x, notch=number > 0 or not _straight(ring, group))
        first += len(ring)
    return found


def _group_factor(ring: Tensor, group: list[int], x: Tensor, *, notch: bool) -> Tensor:
    """What vanishes on the sides of a straight line, or of a notch or hole."""
    if not notch:
        return _line(ring, group[0], x)
    whole = len(group) == len(ring)
    for place in group if whole else group[1:]:
        before, here, after = ring[place - 1], ring[place], ring[(place + 1) % len(ring)]
        if _cross(here - before, after - here) > STRAIGHT * float((here - before).norm() * (after - here).norm()):
            raise ConfigError(
                "a hard condition takes a Polygon whose notches and holes are convex; the corner at"
                f" {[round(v, 6) for v in here.tolist()]} is not of that kind: take hard=False"
            )
    found = _line(ring, group[0], x)
    for place in group[1:]:
        other = _line(ring, place, x)
        found = found + other + torch.sqrt(found.square() + other.square())
    return found


def _line(ring: Tensor, place: int, x: Tensor) -> Tensor:
    """The distance (n,) to the left of a side's line, in parts of the largest extent of the ring."""
    start, way = ring[place], ring[(place + 1) % len(ring)] - ring[place]
    size = (ring.amax(0) - ring.amin(0)).max()
    far = x - start
    return (way[0] * far[:, 1] - way[1] * far[:, 0]) / (way.norm() * size)


def _hull_groups(ring: Tensor) -> list[list[int]]:
    """The sides of an outline, counterclockwise, in groups: those on one line of its convex hull, or those of a notch.

    An outline without crossings meets the corners of its hull in their order. The hull, with all corners that lie on
    it, by Andrew 1979 (doi:10.1016/0020-0190(79)90072-3).
    """
    corners, count = ring.tolist(), len(ring)
    order, hull = sorted(range(count), key=corners.__getitem__), set[int]()
    for way in (order, order[::-1]):
        chain: list[int] = []
        for place in way:
            while len(chain) > 1 and _turn(ring, chain[-2], chain[-1], place) < 0:
                chain.pop()
            chain.append(place)
        hull.update(chain)
    ends, groups = sorted(hull), list[list[int]]()
    for a, b in zip(ends, [*ends[1:], ends[0] + count], strict=True):
        group = [place % count for place in range(a, b)]
        line = next((other for other in groups if len(group) == 1 and _aligned(ring, other[0], group[0])), None)
        if line is None or len(group) > 1:
            groups.append(group)
        else:
            line.extend(group)
    return groups


def _aligned(ring: Tensor, one: int, other: int) -> bool:
    """Whether two sides lie on one line."""
    ends = one, (one + 1) % len(ring)
    return _turn(ring, *ends, other) == 0 == _turn(ring, *ends, (other + 1) % len(ring))


def _straight(ring: Tensor, group: list[int]) -> bool:
    """Whether all sides of a group lie on one line."""
    return all(_aligned(ring, group[0], place) for place in group)


def _turn(ring: Tensor, a: int, b: int, c: int) -> float:
    """How far the way a, b, c turns left, in parts of the squared extent of the ring."""
    size = float((ring.amax(0) - ring.amin(0)).max())
    found = _cross(ring[b] - ring[a], ring[c] - ring[b]) / size**2
    return found if abs(found) > STRAIGHT else 0.0


def _cross(one: Tensor, other: Tensor) -> float:
    return float(one[0] * other[1] - one[1] * other[0])
