"""What a picture of a solution shows, as numbers: values and residuals along one coordinate or over two.

Letters: n point, d dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..config import is_int
from ..errors import ConfigError, shown
from .ansatz import Ansatz
from .boundary_problem import BoundaryProblem
from .time_slabs import TimeSlabs
from .tuning import TUNED


@dataclass(frozen=True, eq=False)
class Picture:
    """x (n, d): a line, or the points of a square, row by row. axes: the coordinates that vary, lines: their places.
    values (n,) of one output and sizes of the residual (n,); NaN outside the domain."""

    x: Tensor
    axes: tuple[int, ...]
    lines: list[Tensor]
    values: Tensor
    residual: Tensor


def pictured(
    module: nn.Module, task: BoundaryProblem, constants: dict[str, float], output: int, fixed: dict[int, float] | None
) -> Picture:
    """The numbers of a picture. Coordinates beyond the two that vary are `fixed`, or in the middle of their range.

    Raises `ConfigError` for an output or a coordinate that there is not.
    """
    dims, fixed = task.domain.dims, dict(fixed or {})
    if not is_int(output) or not 0 <= output < task.outputs:
        raise ConfigError(f"output must be a whole number from 0 to {task.outputs - 1}, got {shown(output)}")
    if any(not is_int(axis) or not 0 <= axis < dims for axis in fixed):
        raise ConfigError(f"fixed names coordinates from 0 to {dims - 1}, such as {{2: 0.5}}; got {shown(fixed)}")
    axes = tuple(axis for axis in range(dims) if axis not in fixed)[:2]
    if not axes:
        raise ConfigError("fixed leaves no coordinate to vary")
    side = TUNED.pixels if len(axes) == 2 else TUNED.pixels**2 // 20
    x = torch.empty(side ** len(axes), dims, dtype=torch.float64)
    for axis, (low, high) in enumerate(task.domain.box):
        x[:, axis] = fixed.get(axis, 0.5 * (low + high))
    lines = [torch.linspace(*task.domain.box[axis], side, dtype=torch.float64) for axis in axes]
    for axis, line in zip(axes, torch.meshgrid(*lines, indexing="ij"), strict=True):
        x[:, axis] = line.flatten()
    values, residual = (torch.full((len(x),), math.nan, dtype=torch.float64) for _ in range(2))
    inside = task.domain.inside(x)
    whole = module.network if isinstance(module, Ansatz) else module
    parts = [(whole, inside)]
    if isinstance(whole, TimeSlabs):
        slab = whole.slab(x)
        parts = [(network, inside & (slab == number)) for number, network in enumerate(whole.networks)]
    named = {name: torch.tensor(value, dtype=torch.float64) for name, value in constants.items()}
    for network, rows in parts:
        if bool(rows.any()):
            term = task.equation.term(x[rows])
            own = network.build().cpu() if hasattr(network, "build") else network  # type: ignore[operator]
            derivatives = task.jets(own, moving=False).derivatives(term.x, term.indices)
            values[rows] = derivatives[0, :, output]
            residual[rows] = term.value(derivatives, named).square().sum(1).sqrt()
    return Picture(x, axes, lines, values, residual)
