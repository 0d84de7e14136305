"""The solution as an equation sees it: `u()`, `u(0)`, `u(0, 1)`, and unknown constants `u[nu]`.

Letters: a multi-index, b point, d input, o output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor

from ..config import is_int, is_number
from ..errors import ConfigError, shown
from .indices import Index, Indices
from .tuning import TUNED


@dataclass(frozen=True)
class Unknown:
    """A constant of an equation that is found together with its solution, from `Data` as a rule.

    An equation reads it as `u[nu]`; `sol.unknowns[nu.name]` is what was found.

    Args:
        name: by which results name it.
        value: where the search starts. Its size is the unit in which the search counts, so give the right power of ten.

    Raises:
        ConfigError: a name that is no text, or a value that is no finite number.

    >>> nu = Unknown("nu", 0.1)
    >>> def heat(u, x):
    ...     return u(1) - u[nu] * u(0, 0)
    """

    name: str
    value: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ConfigError(f"the name of an Unknown must be a text, got {shown(self.name)}")
        if not is_number(self.value) or not math.isfinite(self.value):
            raise ConfigError(f"the value of an Unknown must be a finite number, got {shown(self.value)}")

    @property
    def unit(self) -> float:
        """What a search counts it in: the size of its first value, 1 where that is 0."""
        return abs(float(self.value)) or 1.0


def index_of(axes: tuple[Any, ...], dims: int) -> Index:
    """The multi-index of derivatives by these inputs, one after the other. Raises `ConfigError` for no input.

    >>> index_of((0, 1, 0), 2)
    (2, 1)
    """
    for axis in axes:
        if not is_int(axis) or not 0 <= axis < dims:
            raise ConfigError(
                f"u({', '.join(map(shown, axes))}) asks for a derivative by input {shown(axis)}; the inputs are 0 to"
                f" {dims - 1}, and u(0, 1) is the derivative by the first and the second"
            )
    if len(axes) > TUNED.highest_order:
        raise ConfigError(f"derivatives go up to order {TUNED.highest_order}, got u({', '.join(map(shown, axes))})")
    return tuple(axes.count(axis) for axis in range(dims))


@dataclass(frozen=True, eq=False)
class Field:
    """Values and derivatives (a, b, o) of the solution at some points, and the unknown constants."""

    derivatives: Tensor
    indices: Indices
    constants: Mapping[str, Tensor]

    def __call__(self, *axes: int) -> Tensor:
        """The derivative by these inputs, one after the other: (b, o)."""
        index = index_of(axes, len(self.indices.entries[0]))
        if index not in self.indices.position:
            _unsteady(f"u({', '.join(map(str, axes))})")
        return self.derivatives[self.indices.position[index]]

    def __getitem__(self, unknown: Unknown) -> Tensor:
        """An unknown constant: a tensor without dimensions."""
        if not isinstance(unknown, Unknown):
            raise ConfigError(f"u[...] takes an edgewise.pde.Unknown, got {shown(unknown)}; u() is the solution itself")
        if unknown.name not in self.constants:
            _unsteady(f"u[{unknown.name}]")
        return self.constants[unknown.name]


class Asking:
    """Stands for the solution where only that matters what an equation asks for. Its values are made up."""

    def __init__(self, points: int, outputs: int, dims: int) -> None:
        self.points, self.outputs, self.dims = points, outputs, dims
        self.indices: set[Index] = set()
        self.unknowns: dict[str, Unknown] = {}

    def __call__(self, *axes: int) -> Tensor:
        """Numbers (b, o) between 1 and 2, of which logarithms and roots can be taken."""
        self.indices.add(index_of(axes, self.dims))
        steps = torch.arange(self.points * self.outputs, dtype=torch.float64)
        return (1 + steps / steps.numel()).view(self.points, self.outputs)

    def __getitem__(self, unknown: Unknown) -> Tensor:
        """The constant's first value."""
        if not isinstance(unknown, Unknown):
            raise ConfigError(f"u[...] takes an edgewise.pde.Unknown, got {shown(unknown)}; u() is the solution itself")
        before = self.unknowns.setdefault(unknown.name, unknown)
        if before != unknown:
            raise ConfigError(
                f"two unknowns have the name {shown(unknown.name)} and different values: give each its own"
            )
        return torch.tensor(unknown.value, dtype=torch.float64)


def _unsteady(what: str) -> NoReturn:
    raise ConfigError(
        f"the equation asks for {what}, which it did not ask for when it was called first; it must ask for the same"
        " derivatives and unknowns every time, whatever the values"
    )
