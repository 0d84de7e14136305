"""What holds beside the equation: on the boundary, at the start, or where something was measured.

Letters: n point, d dimension, o output.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..config import is_int, is_number, is_sequence
from ..errors import ConfigError, ShapeError, shown
from .domain import Domain, Where
from .indices import Indices
from .regions import Interval
from .residual_terms import ResidualTerm, called

Value = float | Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Scene:
    """What a condition needs to become a term.

    count, seed: of its points. outputs: of the solution. timed: whether the last coordinate is time. orders: the
    highest one of the equation by each input. follow: carries points of the domain to where knots are.
    """

    domain: Domain
    count: int
    seed: int
    outputs: int
    timed: bool
    orders: tuple[int, ...]
    follow: Callable[[Tensor], Tensor] | None = None

    @property
    def value(self) -> Indices:
        """The value alone."""
        return Indices.closing([(0,) * self.domain.dims])

    @property
    def slopes(self) -> Indices:
        """The value and the first derivatives."""
        return Indices.closing([unit(axis, self.domain.dims) for axis in range(self.domain.dims)])


class Condition(Protocol):
    """Anything that must hold on some points."""

    def term(self, scene: Scene) -> ResidualTerm:
        """The condition on points of its own choice."""
        ...


@dataclass(frozen=True, eq=False)
class Dirichlet:
    """The solution has given values on the boundary.

    Args:
        value: a number, or a function of points x (n, d) that gives (n, outputs), or (n,) for one output.
        where: a function of x that gives (n,) booleans and keeps a part of the boundary; all of it where None. Beside
            an `Initial` condition the last coordinate is time, and its ends are no boundary.
        outputs: which outputs have these values; all of them where None.
        hard: whether the solution has them exactly, by its form. Then `where` selects whole sides, and a value is
            written in torch and smooth in all of the domain.

    >>> walls = Dirichlet(0.0, where=lambda x: x[:, 0] < 1)
    """

    value: Value
    where: Where | None = None
    outputs: Sequence[int] | None = None
    hard: bool = False

    def term(self, scene: Scene) -> ResidualTerm:
        """On points of the boundary."""
        x, _ = scene.domain.boundary(scene.count, scene.seed, self.where, scene.timed)
        own = outputs_of(self.outputs, scene.outputs, "Dirichlet")
        given = values_of(self.value, x, len(own), "the value of a Dirichlet condition")
        return ResidualTerm("Dirichlet", x, given, lambda u, _, given: u()[:, own] - given, scene.value)


@dataclass(frozen=True, eq=False)
class Neumann:
    """The derivative along the outward normal has given values on the boundary.

    Args:
        value: of the derivative; a number or a function, as for `Dirichlet`.
        where: the part of the boundary, as for `Dirichlet`.
        outputs: which outputs; all of them where None.

    >>> insulated = Neumann(0.0)
    """

    value: Value
    where: Where | None = None
    outputs: Sequence[int] | None = None

    def term(self, scene: Scene) -> ResidualTerm:
        """On points of the boundary."""
        term = Robin(0.0, 1.0, self.value, self.where, self.outputs).term(scene)
        return ResidualTerm("Neumann", term.x, term.given, term.residual, term.indices)


@dataclass(frozen=True, eq=False)
class Robin:
    """a u + b du/dn = value on the boundary, with n the outward normal.

    Args:
        a, b: numbers.
        value: a number or a function, as for `Dirichlet`.
        where: the part of the boundary, as for `Dirichlet`.
        outputs: which outputs; all of them where None.

    >>> cooling = Robin(2.0, 1.0, 0.0)
    """

    a: float
    b: float
    value: Value
    where: Where | None = None
    outputs: Sequence[int] | None = None

    def term(self, scene: Scene) -> ResidualTerm:
        """On points of the boundary."""
        for name, number in (("a", self.a), ("b", self.b)):
            if not is_number(number) or not math.isfinite(number):
                raise ConfigError(f"{name} of a Robin condition must be a number, got {shown(number)}")
        x, normals = scene.domain.boundary(scene.count, scene.seed, self.where, scene.timed)
        own, dims = outputs_of(self.outputs, scene.outputs, "Robin"), scene.domain.dims
        target = values_of(self.value, x, len(own), "the value of a Neumann or Robin condition")

        def residual(u: Any, _: Tensor, given: Tensor) -> Tensor:
            slope = sum(u(axis)[:, own] * given[:, axis, None] for axis in range(dims))
            return self.a * u()[:, own] + self.b * slope - given[:, dims:]

        return ResidualTerm("Robin", x, torch.cat([normals, target], 1), residual, scene.slopes)


@dataclass(frozen=True, eq=False)
class Initial:
    """The solution, or a derivative of it by time, has given values at the start. Time is the last coordinate.

    Args:
        value: a number or a function, as for `Dirichlet`.
        derivative: its order by time; 0 for the solution itself, 1 for its velocity.
        outputs: which outputs; all of them where None.
        hard: whether they hold exactly, as for `Dirichlet`.

    >>> at_rest = Initial(0.0, derivative=1)
    """

    value: Value
    derivative: int = 0
    outputs: Sequence[int] | None = None
    hard: bool = False

    def term(self, scene: Scene) -> ResidualTerm:
        """On points of the domain at the lower end of time."""
        if not is_int(self.derivative) or not 0 <= self.derivative <= 3:
            raise ConfigError(f"derivative of an Initial condition must be 0 to 3, got {shown(self.derivative)}")
        time = scene.domain.shapes[-1]
        if not isinstance(time, Interval) or len(scene.domain.shapes) < 2:
            if scene.domain.dims > 1 or not isinstance(time, Interval):
                raise ConfigError(
                    "an Initial condition needs time as the last coordinate: end the domain with (low, high)"
                )
            x = torch.full((1, 1), time.low, dtype=torch.float64)
        else:
            space = scene.domain.space.interior(scene.count, scene.seed)
            x = torch.cat([space, torch.full((len(space), 1), time.low, dtype=torch.float64)], 1)
            if scene.follow is not None:
                x[::2] = scene.follow(x[::2])
                x[:, -1] = time.low
        own, axes = outputs_of(self.outputs, scene.outputs, "Initial"), (scene.domain.dims - 1,) * self.derivative
        given = values_of(self.value, x, len(own), "the value of an Initial condition")
        top = (0,) * (scene.domain.dims - 1) + (self.derivative,)
        return ResidualTerm("Initial", x, given, lambda u, _, given: u(*axes)[:, own] - given, Indices.closing([top]))


@dataclass(frozen=True, eq=False)
class Periodic:
    """The solution goes on from the upper end of a coordinate at its lower end, with all derivatives below the order of
    the equation.

    A `Dirichlet` condition beside it needs a `where`, or it holds at these ends too.

    Args:
        axis: number of the coordinate, which must be an interval of the domain.

    >>> ring = Periodic(0)
    """

    axis: int

    def term(self, scene: Scene) -> ResidualTerm:
        """On pairs of points at the two ends."""
        domain, axis = scene.domain, self.axis
        if not is_int(axis) or not 0 <= axis < domain.dims:
            raise ConfigError(f"Periodic takes the number of a coordinate, 0 to {domain.dims - 1}, got {shown(axis)}")
        starts = [sum(shape.dims for shape in domain.shapes[:place]) for place in range(len(domain.shapes))]
        place = starts.index(axis) if axis in starts else -1
        if place < 0 or not isinstance(domain.shapes[place], Interval):
            raise ConfigError(f"coordinate {axis} belongs to a shape: only an interval of the domain can be periodic")
        low, high = domain.box[axis]
        count = scene.count if domain.dims > 1 else 1
        lower, upper = (domain.interior(count, scene.seed) for _ in range(2))
        lower[:, axis], upper[:, axis] = low, high
        x, orders = torch.cat([lower, upper]), range(max(1, scene.orders[axis]))

        def residual(u: Any, _: Tensor, __: Tensor) -> Tensor:
            lower, upper = torch.cat([u(*[axis] * order) for order in orders], 1).chunk(2)
            return lower - upper

        top = tuple(orders[-1] if other == axis else 0 for other in range(domain.dims))
        return ResidualTerm("Periodic", x, x[:, :0], residual, Indices.closing([top]), places=2)


@dataclass(frozen=True, eq=False)
class Data:
    """The solution was measured somewhere.

    Args:
        X (n, d): where, inside the domain; a tensor or an array.
        y (n, outputs), or (n,) for one output: what was measured.
        outputs: which outputs were measured; all of them where None.

    >>> sensors = Data([[0.1, 0.2], [0.3, 0.4]], [1.0, 2.0])
    """

    X: Any
    y: Any
    outputs: Sequence[int] | None = None

    def term(self, scene: Scene) -> ResidualTerm:
        """On the measured points."""
        own = outputs_of(self.outputs, scene.outputs, "Data")
        try:
            x, y = (torch.as_tensor(part, dtype=torch.float64).detach() for part in (self.X, self.y))
        except Exception as error:  # of whatever was given
            raise ConfigError(f"Data takes arrays of numbers, got {shown(self.X)} and {shown(self.y)}") from error
        y = y[:, None] if y.ndim == 1 else y
        dims = scene.domain.dims
        if x.ndim != 2 or x.shape[1] != dims or y.shape != (len(x), len(own)) or not len(x):
            raise ShapeError(
                f"Data takes X of shape (n, {dims}) and y of shape (n, {len(own)}), got {tuple(x.shape)} and"
                f" {tuple(y.shape)}"
            )
        if not bool(x.isfinite().all() and y.isfinite().all()):
            raise ConfigError("Data holds NaN or infinite values; leave these rows out")
        outside = (~scene.domain.inside(x)).nonzero()[:, 0]
        if len(outside):
            raise ConfigError(
                f"{len(outside)} of {len(x)} points of Data lie outside the domain, the first at"
                f" {[round(v, 6) for v in x[outside[0]].tolist()]}; enlarge the domain or leave them out"
            )
        return ResidualTerm("Data", x, y, lambda u, _, given: u()[:, own] - given, scene.value)

    def between(self, start: float, end: float, *, first: bool) -> Data | None:
        """What was measured from one time to another, None where that is nothing. first: the start counts too."""
        time = torch.as_tensor(self.X, dtype=torch.float64)[:, -1]
        rows = ((time >= start) if first else (time > start)) & (time <= end)
        if not bool(rows.any()):
            return None
        X, y = (torch.as_tensor(part, dtype=torch.float64)[rows] for part in (self.X, self.y))
        return Data(X, y, self.outputs)


def unit(axis: int, dims: int) -> tuple[int, ...]:
    """The multi-index of the first derivative by one input.

    >>> unit(1, 3)
    (0, 1, 0)
    """
    return tuple(int(other == axis) for other in range(dims))


def outputs_of(given: Sequence[int] | None, outputs: int, name: str) -> list[int]:
    """The outputs that a condition is about. Raises `ConfigError` for others than there are."""
    if given is None:
        return list(range(outputs))
    fits = is_sequence(given) and len(given) > 0 and all(is_int(o) and 0 <= o < outputs for o in given)
    if not fits:
        raise ConfigError(
            f"outputs of a {name} condition must be a list of numbers from 0 to {outputs - 1}, got {shown(given)}"
        )
    return [int(o) for o in given]


def values_of(value: Any, x: Tensor, outputs: int, name: str) -> Tensor:
    """A number, or a function of x (n, d), as (n, outputs). Raises where it gives another shape or is not finite."""
    if is_number(value):
        found = torch.full((len(x), outputs), float(value), dtype=torch.float64)
    elif callable(value):
        answer = called(value, name, x)
        if not isinstance(answer, Tensor):
            raise ConfigError(f"{name} must be a number or a function that gives a tensor, got {shown(answer)}")
        found = answer.detach().to(torch.float64)
        found = found[:, None] if found.ndim == 1 else found
        if found.shape != (len(x), outputs):
            raise ShapeError(
                f"{name} must have shape ({len(x)}, {outputs}) at {len(x)} points, got {tuple(answer.shape)}"
            )
    else:
        raise ConfigError(f"{name} must be a number or a function of x, got {shown(value)}")
    if not bool(found.isfinite().all()):
        worst = x[(~found.isfinite()).any(1)][0].tolist()
        raise ConfigError(f"{name} is not finite at {[round(v, 6) for v in worst]}")
    return found
