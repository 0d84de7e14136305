"""Two media that meet: the solution is continuous, and what flows into one flows out of the other.

Letters: n point, d dimension, o output.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..config import is_number
from ..errors import ConfigError, ShapeError, shown
from .conditions import Scene, Value, outputs_of, values_of
from .domain import Domain
from .form import feature_at
from .function_jets import function_jets
from .residual_terms import ResidualTerm, called
from .tuning import TUNED


@dataclass(frozen=True, eq=False)
class InterfaceKink:
    """|level|: a feature whose slope jumps where the level is zero, as that of a solution does between two media."""

    level: Callable[[Tensor], Tensor]

    def __call__(self, x: Tensor) -> Tensor:
        """(n, 1) at x (n, d)."""
        return feature_at(self.level, x).abs()


@dataclass(frozen=True, eq=False)
class Interface:
    """A surface between two media, where the slope of the solution jumps and k du/dn does not.

    The solution gets the feature |level|, so it is continuous by construction and has one kink, where the level is
    zero. The network has one more output for each output of the solution.

    Args:
        level: a smooth function of x (n, d), below zero in one medium, above in the other; its slope never vanishes
            where it is zero itself.
        below, above: k in the two media; numbers above zero, or functions of x.
        jump: k du/dn above less that below, n the direction in which the level rises; a number or a function of x.

    Raises:
        ConfigError: a level or a k of another kind.

    >>> rod = Interface(lambda x: x[:, 0] - 0.5, below=1.0, above=4.0)
    >>> rod(torch.tensor([[0.2], [0.7]])).tolist()
    [[1.0], [4.0]]
    """

    level: Callable[[Tensor], Tensor]
    below: Value
    above: Value
    jump: Value = 0.0
    kink: InterfaceKink = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not callable(self.level):
            raise ConfigError(
                "level of an Interface must be a function such as lambda x: x[:, 0] - 0.5, which is zero on it; got"
                f" {shown(self.level)}"
            )
        for name, value in (("below", self.below), ("above", self.above), ("jump", self.jump)):
            if not callable(value) and not (is_number(value) and math.isfinite(value)):
                raise ConfigError(f"{name} of an Interface must be a number or a function of x, got {shown(value)}")
            if name != "jump" and is_number(value) and not value > 0:  # type: ignore[operator]
                raise ConfigError(f"{name} of an Interface must be above zero, got {shown(value)}: nothing flows there")
        object.__setattr__(self, "kink", InterfaceKink(self.level))

    def __call__(self, x: Tensor) -> Tensor:
        """k at x (n, d): (n, 1). An equation reads `medium(x) * (u(0, 0) + u(1, 1))`."""
        sides = [values_of(value, x, 1, f"{name} of an Interface") for name, value in self._sides()]
        return torch.where(self._level(x) > 0, sides[1], sides[0])

    def _sides(self) -> tuple[tuple[str, Value], tuple[str, Value]]:
        return ("below", self.below), ("above", self.above)

    def _level(self, x: Tensor) -> Tensor:
        """(n, 1). Raises `ShapeError` for another shape."""
        found = called(self.level, "the level of an Interface", x)
        if not isinstance(found, Tensor) or found.shape not in ((len(x),), (len(x), 1)):
            got = tuple(found.shape) if isinstance(found, Tensor) else shown(found)
            raise ShapeError(f"the level of an Interface must give ({len(x)},) for {len(x)} points, got {got}")
        return found.detach().reshape(-1, 1)

    def term(self, scene: Scene) -> ResidualTerm:
        """k du/dn on pairs of points, a hair's breadth to either side."""
        domain, own = scene.domain, outputs_of(None, scene.outputs, "Interface")
        x, dims = self._places(domain, scene.count, scene.seed), scene.domain.dims
        slopes = function_jets(lambda x: feature_at(self.level, x), x, scene.slopes)
        by_axis = [slopes[scene.slopes.position[tuple(int(a == axis) for a in range(dims))]] for axis in range(dims)]
        normals = torch.cat(by_axis, 1)
        if scene.timed:
            normals[:, -1] = 0.0
        length = normals.norm(dim=1, keepdim=True)
        if not bool((length > 0).all()):
            raise ConfigError(
                "the level of an Interface must have a slope where it is zero, in torch, so that there is a normal; its"
                f" slope vanishes at {[round(v, 6) for v in x[int(length[:, 0].argmin())].tolist()]}"
            )
        normals = normals / length
        step = TUNED.hair * max(high - low for low, high in domain.box) * normals
        sides = [values_of(value, x, 1, f"{name} of an Interface") for name, value in self._sides()]
        jump = values_of(self.jump, x, len(own), "the jump of an Interface")
        given = torch.cat([torch.cat([normals, k, jump], 1) for k in sides])

        def residual(u: Any, _: Tensor, given: Tensor) -> Tensor:
            flux = given[:, dims, None] * sum(u(axis) * given[:, axis, None] for axis in range(dims))
            below, above = flux.chunk(2)
            return above - below - given[: len(below), dims + 1 :]

        return ResidualTerm("Interface", torch.cat([x - step, x + step]), given, residual, scene.slopes, places=2)

    def _places(self, domain: Domain, count: int, seed: int) -> Tensor:
        """Points (n, d) where the level is zero: on lines between random points, by halving."""
        x = domain.interior(TUNED.crossings * max(count, TUNED.tried), seed)
        above = self._level(x)[:, 0] > 0
        parts, generator = (x[~above], x[above]), torch.Generator().manual_seed(seed)
        if not all(map(len, parts)):
            raise ConfigError(
                f"an Interface lies nowhere in the domain: its level has one sign at all {len(x)} points that were"
                f" tried; the domain lies in {shown(domain.box)}"
            )
        low, high = (part[torch.randint(len(part), (count,), generator=generator)] for part in parts)
        for _ in range(TUNED.halvings):
            middle = 0.5 * (low + high)
            over = self._level(middle) > 0
            low, high = torch.where(over, low, middle), torch.where(over, middle, high)
        middle = 0.5 * (low + high)
        kept = domain.inside(middle)
        return middle[kept] if bool(kept.any()) else middle[:1]
