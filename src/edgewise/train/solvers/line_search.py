"""Descent along directions that a memory of past gradients proposes, with a strong Wolfe line search: what L-BFGS and
quasi-Newton share.

Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with cubic interpolation (eq. 3.59).
Where the objective's own round-off hides a decrease, slopes judge instead: the approximate Wolfe condition of Hager &
Zhang 2005 (doi:10.1137/030601880).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from .snapshots import Snapshots, Tree, left_by
from .status import Status
from .stop import Settled, Step, Watch
from .tuning import TUNED
from .types import Damping, Minimum

ValueGradient = Callable[[Tensor], tuple[float, Tensor]]


class StepMemory(Protocol):
    """What a method knows of the curvature from the steps it has taken."""

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the curvature."""
        ...

    def direction(self, gradient: Tensor) -> Tensor:
        """A descent direction (P,) for this gradient (P,)."""
        ...

    def update(self, step: Tensor, change: Tensor, bend: float) -> None:
        """Learn from a step s (P,), the change y of the gradient along it (P,), and s.Bs, which the line search gives
        free; s.y > 0."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...

    def state(self) -> Tree:
        """All that it knows, for a snapshot."""
        ...

    def restore(self, state: Tree) -> None:
        """Know that."""
        ...


@dataclass(frozen=True)
class Point:
    """A point on the line: how far along, objective, slope, and where that is. A value that is not finite counts as
    infinite."""

    along: float
    value: float
    slope: float
    theta: Tensor
    gradient: Tensor


def search(evaluate: Callable[[float], Point], start: Point, first: float) -> Point | None:
    """A point that satisfies the strong Wolfe conditions, failing that the lowest one below the start, failing that
    None.

    `evaluate(along)` gives the point at this distance; `start` has a negative slope; `first` is the first distance
    tried.
    """
    previous, along, farthest = start, first, math.inf
    for trial in range(TUNED.trials):
        point = evaluate(along)
        if not math.isfinite(point.value):
            # outside the domain: come back towards the last good point, and never go this far again
            farthest = along
            along = previous.along + TUNED.back * (along - previous.along)
            if along <= previous.along * (1 + 1e-10) or along < 1e-20 * first:
                break
            continue
        if not _sufficient(point, start) or (
            previous is not start and point.value >= previous.value and not _alike(point, previous)
        ):
            return _zoom(evaluate, start, previous, point, TUNED.trials - trial)
        if abs(point.slope) <= -TUNED.curvature * start.slope:
            return point
        if point.slope >= 0:
            return _zoom(evaluate, start, point, previous, TUNED.trials - trial)
        longer = _minimum_of_cubic(previous, point)
        low, high = (
            point.along + TUNED.longer[0] * (point.along - previous.along),
            point.along + TUNED.longer[1] * (point.along - previous.along),
        )
        along = min(max(longer, low), high) if math.isfinite(longer) else high
        if along >= farthest:
            along = 0.5 * (point.along + farthest)
        previous = point
    return previous if previous.value < start.value else None


def _zoom(evaluate: Callable[[float], Point], start: Point, low: Point, high: Point, trials: int) -> Point | None:
    """Between two points that bracket acceptable ones: `low` is the lowest point found that lowers the objective
    sufficiently."""
    for _ in range(trials):
        width = high.along - low.along
        along = _minimum_of_cubic(low, high)
        inner, outer = low.along + TUNED.inner * width, high.along - TUNED.inner * width
        if not math.isfinite(along) or not min(inner, outer) <= along <= max(inner, outer):
            along = (
                low.along + 0.5 * width
                if not math.isfinite(along) or abs(along - low.along) > 0.5 * abs(width)
                else inner
            )
        if abs(width) <= 1e-14 * max(abs(low.along), abs(high.along)):
            break
        point = evaluate(along)
        if not _sufficient(point, start) or (point.value >= low.value and not _alike(point, low)):
            high = point
            continue
        if abs(point.slope) <= -TUNED.curvature * start.slope:
            return point
        if point.slope * width >= 0:
            high = low
        low = point
    return low if low.value < start.value else None


def _sufficient(point: Point, start: Point) -> bool:
    """Whether the objective fell enough; by slopes where its own digits cannot tell."""
    if point.value <= start.value + TUNED.decrease * point.along * start.slope:
        return True
    return point.value <= start.value and _alike(point, start) and point.slope <= (2 * TUNED.decrease - 1) * start.slope


def _alike(one: Point, other: Point) -> bool:
    return abs(one.value - other.value) <= TUNED.alike * max(abs(one.value), abs(other.value))


def _minimum_of_cubic(one: Point, other: Point) -> float:
    """Where the cubic through both values and slopes is lowest; NaN where it has no minimum or a value is not
    finite."""
    width = other.along - one.along
    if width == 0 or not math.isfinite(other.value) or not math.isfinite(one.value):
        return math.nan
    d1 = one.slope + other.slope - 3 * (other.value - one.value) / width
    square = d1 * d1 - one.slope * other.slope
    if not square >= 0 or not math.isfinite(square):
        return math.nan
    d2 = math.copysign(math.sqrt(square), width)
    below = other.slope - one.slope + 2 * d2
    return math.nan if below == 0 else other.along - width * (other.slope + d2 - d1) / below


@torch.no_grad()
def descend(
    value_gradient: ValueGradient,
    theta: Tensor,
    memory: StepMemory,
    *,
    steps: int,
    tolerance: float,
    patience: int,
    watch: Watch | None,
    snapshots: Snapshots | None = None,
) -> Minimum:
    """Minimise from theta (P,), in float64. `watch` sees every step, with its length as reach, and ends the run by
    returning True.

    CONVERGED: the relative decrease stayed below `tolerance` for `patience` steps, the gradient vanished, or no step
    helps and none promised more than that. STALLED: no step lowers the objective though more was promised. A value that
    is not finite is never kept. `snapshots` keeps what is needed to go on in another process.
    """
    at, settled = Counted(value_gradient), Settled(tolerance, patience)
    memory.reset()
    left = left_by(snapshots, theta, entries=8)
    if left is not None:
        theta, value, gradient, began, taken, settled.small, at.evaluations, known = left
        memory.restore(known)
    else:
        theta, taken = theta.detach().to(torch.float64), 0
        value, gradient = at(theta)
        began = value

    def ended(status: Status) -> Minimum:
        return Minimum(theta, value, status, taken, Damping(), at.evaluations)

    if not math.isfinite(value):
        return ended(Status.FAILED)
    while taken < steps:
        direction, slope = _downhill(memory, gradient)
        if not slope < 0:
            return ended(Status.CONVERGED if float(gradient.abs().max()) == 0 else Status.STALLED)
        first = min(1.0, 1.0 / float(direction.abs().sum())) if memory.empty else 1.0
        found = search(_line(at, theta, direction), Point(0.0, value, slope, theta, gradient), first)
        if found is None:
            # The step promises a decrease of half the slope. Once that is in the last digits, nothing is left to gain.
            if not memory.empty and -slope <= max(
                max(tolerance, TUNED.last_digits) * abs(value), TUNED.nothing * abs(began)
            ):
                return ended(Status.CONVERGED)
            if memory.empty:
                return ended(Status.CONVERGED if settled.begun else Status.STALLED)
            memory.reset()
            continue
        step, change = found.theta - theta, found.gradient - gradient
        if float(step @ change) > TUNED.parallel * float(step.norm() * change.norm()):
            memory.update(step, change, -found.along * found.along * slope)  # B s = -along * gradient
        decrease = (value - found.value) / max(abs(value), 1e-300)
        theta, value, gradient = found.theta, found.value, found.gradient
        taken += 1
        if watch is not None and watch(Step(taken, value, theta, float(step.norm()))):
            return ended(Status.STOPPED)
        if settled.after(decrease):
            return ended(Status.CONVERGED)
        if snapshots is not None:
            state = [theta, value, gradient, began, taken, settled.small, at.evaluations]
            snapshots.offer(lambda state=state: [*state, memory.state()])
    return ended(Status.BUDGET)


class Counted:
    """An objective with its gradient, in float64 and infinite where either is not finite, that counts its
    evaluations."""

    def __init__(self, value_gradient: ValueGradient) -> None:
        self.value_gradient, self.evaluations = value_gradient, 0

    def __call__(self, theta: Tensor) -> tuple[float, Tensor]:
        """Value and gradient (P,) at theta (P,)."""
        self.evaluations += 1
        with torch.enable_grad():
            value, gradient = self.value_gradient(theta)
        gradient = gradient.detach().to(torch.float64)
        finite = math.isfinite(value) and bool(torch.isfinite(gradient).all())
        return (value if finite else math.inf), gradient


def _downhill(memory: StepMemory, gradient: Tensor) -> tuple[Tensor, float]:
    """The direction that the memory proposes and its slope; where that leads up, the memory is emptied first."""
    direction = memory.direction(gradient)
    slope = float(gradient @ direction)
    if not slope < 0 and not memory.empty:
        memory.reset()
        direction = memory.direction(gradient)
        slope = float(gradient @ direction)
    return direction, slope


def _line(at: Callable[[Tensor], tuple[float, Tensor]], theta: Tensor, direction: Tensor) -> Callable[[float], Point]:
    def evaluate(along: float) -> Point:
        trial = theta + along * direction
        value, gradient = at(trial)
        return Point(along, value, float(gradient @ direction), trial, gradient)

    return evaluate
