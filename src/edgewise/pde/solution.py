"""What a solved equation gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..train.solvers.status import Status

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Solution:
    """A network that solves an equation, and how it came about.

    model: the network. errors: root mean squares on points that took part in nothing: of the equation's residual as
    'the equation', and of every condition by its name. unknowns: constants that were found, by name. history: one row
    (dict) per step of the minimiser. message: one paragraph in words. seconds: of wall-clock time. problem:
    what was solved, for pictures.
    """

    model: Any
    errors: dict[str, float]
    history: list[dict[str, Any]]
    status: Status
    message: str
    unknowns: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    problem: Any = field(default=None, repr=False, compare=False)

    def plot(self, *, output: int = 0, fixed: dict[int, float] | None = None) -> Figure:
        """A matplotlib Figure of the solution, the size of its residual, and the objective after each step.

        Args:
            output: which one is shown.
            fixed: values of coordinates, such as {2: 0.5}. Of the others the first two vary, the rest are in the middle
                of their ranges.

        Returns:
            The figure. Nothing is written.

        Raises:
            ConfigError: an output or a coordinate that there is not.
            MissingExtra: matplotlib is not installed.
        """
        from ..plotting.solution_figure import solution_figure
        from .picture import pictured

        found = pictured(self.model, self.problem, self.unknowns, output, fixed)
        shape = tuple(map(len, found.lines))
        return solution_figure(
            [line.numpy() for line in found.lines],
            found.values.view(shape).numpy(),
            found.residual.view(shape).numpy(),
            [f"x{axis}" for axis in found.axes],
            np.array([row["loss"] for row in self.history]),
        )

    def __repr__(self) -> str:
        return f"Solution({self.status.name}: {self.message})"
