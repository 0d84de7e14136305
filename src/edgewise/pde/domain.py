"""A domain: intervals and shapes, one after the other, each with coordinates of its own; and points in it.

Letters: n point, d dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from ..config import is_number, is_sequence
from ..errors import ConfigError, ShapeError, shown
from .regions import Disc, Interval, Polygon, Region
from .tuning import TUNED

Where = Callable[[Tensor], Tensor]
TOGETHER = "a domain is a sequence of intervals (low, high), edgewise.pde.Disc and edgewise.pde.Polygon"


@dataclass(frozen=True)
class Domain:
    """The product of shapes: a point has the coordinates of each, one shape after the other.

    >>> cylinder = Domain.create((Disc((0, 0), 1.0), (0, 2)))
    >>> cylinder.dims, cylinder.box
    (3, ((-1.0, 1.0), (-1.0, 1.0), (0.0, 2.0)))
    """

    shapes: tuple[Region, ...]

    @staticmethod
    def create(given: Any) -> Domain:
        """The domain that a user describes. Raises `ConfigError` for what is none."""
        if isinstance(given, Disc | Polygon):
            return Domain((given,))
        if not is_sequence(given) or not len(given):
            raise ConfigError(f"{TOGETHER}, got {shown(given)}")
        return Domain(tuple(_shape(piece) for piece in given))

    @property
    def dims(self) -> int:
        """Coordinates of a point."""
        return sum(shape.dims for shape in self.shapes)

    @cached_property
    def box(self) -> tuple[tuple[float, float], ...]:
        """(low, high) of each coordinate."""
        return tuple(ends for shape in self.shapes for ends in shape.box)

    @property
    def space(self) -> Domain:
        """The domain without its last shape, which is time."""
        return Domain(self.shapes[:-1])

    def inside(self, x: Tensor) -> Tensor:
        """Which points x (n, d) lie in it: (n,) bool."""
        parts = x.split([shape.dims for shape in self.shapes], 1)
        found = [shape.inside(part) for shape, part in zip(self.shapes, parts, strict=True)]
        return torch.stack(found).all(0)

    def interior(self, count: int, seed: int) -> Tensor:
        """Points (count, d) spread evenly over the domain: a scrambled Sobol sequence, of which those outside are left
        out."""
        engine = SobolEngine(self.dims, scramble=True, seed=seed)
        found, total = [], 0
        for _ in range(TUNED.draws):
            x = self._stretched(engine.draw(count, dtype=torch.float64))
            found.append(x[self.inside(x)])
            total += len(found[-1])
            if total >= count:
                return torch.cat(found)[:count]
        raise ConfigError(f"of {TUNED.draws * count} points in the box around the domain, only {total} lie in it")

    def outward(self, x: Tensor) -> Tensor:
        """Points x (n, d) moved towards the ends of each coordinate, as dense there as the nodes of Chebyshev. None
        comes nearer to an end than n even ones would: equations may have poles there. Those that would leave the domain
        stay."""
        low, high = torch.tensor(self.box, dtype=x.dtype).unbind(1)
        nearest = 0.5 / max(len(x), 1)
        part = torch.sin(0.5 * math.pi * (x - low) / (high - low)).square().clamp(nearest, 1 - nearest)
        moved = low + (high - low) * part
        return torch.where(self.inside(moved)[:, None], moved, x)

    def boundary(self, count: int, seed: int, where: Where | None = None, timed: bool = False) -> tuple[Tensor, Tensor]:
        """Points (n, d) on the boundary and their outward normals (n, d).

        Each shape's part of it gets points in proportion to the shape's dimensions. where: keeps a part of it.
        timed: the last coordinate is time, whose ends are no boundary. Raises `ConfigError` where nothing is left.
        """
        shapes = self.shapes[:-1] if timed else self.shapes
        if not shapes:
            raise ConfigError(
                "beside an Initial condition the one coordinate is time, whose ends are no boundary; give the values at"
                " both ends by Dirichlet, Neumann or Robin with a `where`, or those at later times by Data"
            )
        whole = sum(shape.dims for shape in shapes)
        sides = [
            self._side(number, math.ceil(count * shape.dims / whole), seed + number, where)
            for number, shape in enumerate(shapes)
        ]
        x, normals = (torch.cat(part) for part in zip(*sides, strict=True))
        if not len(x):
            raise ConfigError(
                "a condition holds nowhere: its `where` is False at every point of the boundary"
                f" that was tried; the domain lies in {shown(self.box)}"
            )
        return x, normals

    def _side(self, number: int, count: int, seed: int, where: Where | None) -> tuple[Tensor, Tensor]:
        """Points of that part of the boundary that one shape makes; none where `where` selects none."""
        shape = self.shapes[number]
        before = sum(other.dims for other in self.shapes[:number])
        engine = SobolEngine(self.dims, scramble=True, seed=seed)
        found: list[tuple[Tensor, Tensor]] = []
        for _ in range(TUNED.draws):
            uniform = engine.draw(count, dtype=torch.float64)
            x, normals = self._stretched(uniform), torch.zeros_like(uniform)
            own = slice(before, before + shape.dims)
            x[:, own], normals[:, own] = shape.boundary(uniform[:, before])
            kept = self.inside(x)
            kept = kept & chosen(where, x) if where is not None else kept
            found.append((x[kept], normals[kept]))
            if sum(len(part) for part, _ in found) >= count:
                break
        x, normals = (torch.cat(part)[:count] for part in zip(*found, strict=True))
        return (x[:2], normals[:2]) if self.dims == 1 and where is None and _both(x) else (x, normals)

    def _stretched(self, uniform: Tensor) -> Tensor:
        """Numbers (n, d) in [0, 1) as points of the box."""
        low, high = torch.tensor(self.box, dtype=uniform.dtype).unbind(1)
        return low + uniform * (high - low)


def _both(x: Tensor) -> bool:
    """Whether the first two points of an interval's boundary are its two ends: no others are needed then."""
    return len(x) >= 2 and bool(x[0] != x[1])


def chosen(where: Where, x: Tensor) -> Tensor:
    """What a user's `where` answers for points x (n, d): (n,) bool. Raises `ConfigError` where it is no function, and
    `ShapeError` for another shape."""
    if not callable(where):
        raise ConfigError(f"where must be a function such as lambda x: x[:, 0] == 0, or None, got {shown(where)}")
    answer = where(x)
    if not isinstance(answer, Tensor) or answer.shape != x.shape[:1] or answer.dtype != torch.bool:
        got = f"{answer.dtype} of shape {tuple(answer.shape)}" if isinstance(answer, Tensor) else shown(answer)
        raise ShapeError(
            f"where must give a tensor of booleans, one for each of {len(x)} points, such as x[:, 0] == 0; got {got}"
        )
    return answer


def _shape(piece: Any) -> Region:
    if isinstance(piece, Disc | Polygon | Interval):
        return piece
    pair = is_sequence(piece) and len(piece) == 2 and all(is_number(end) and math.isfinite(end) for end in piece)
    if not pair:
        raise ConfigError(f"{TOGETHER}, got {shown(piece)} in it")
    if not piece[0] < piece[1]:
        raise ConfigError(f"an interval of a domain must have its low end first, got {shown(piece)}")
    return Interval(float(piece[0]), float(piece[1]))
