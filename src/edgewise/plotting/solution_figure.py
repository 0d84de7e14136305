"""The solution of a differential equation: values, residual and convergence, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .mpl import INK, SOFT, figure_class

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 3.6, 3.2  # inches of each picture
LEAST = 1e-300  # of what has a logarithm


def solution_figure(
    lines: Sequence[np.ndarray], values: np.ndarray, residual: np.ndarray, names: Sequence[str], losses: np.ndarray
) -> Figure:
    """A matplotlib Figure of a solution.

    Args:
        lines: the places along one coordinate or two.
        values, residual: at these places, or at all pairs of them; NaN where there are none.
        names: of the coordinates.
        losses: after each step.

    Returns:
        The figure. Nothing is written.

    Raises:
        MissingExtra: matplotlib is not installed.

    >>> place = np.linspace(0, 1, 5)
    >>> len(solution_figure([place], place, place, ["x0"], np.array([1.0, 0.1])).axes)
    3
    """
    figure = figure_class()(figsize=(3 * WIDTH, HEIGHT), facecolor="white", layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    size = np.log10(np.maximum(residual, LEAST))
    if len(lines) == 1:
        left.plot(lines[0], values, color=INK)
        middle.plot(lines[0], size, color=INK)
        for ax in (left, middle):
            ax.set_xlabel(names[0], color=SOFT)
    else:
        for ax, part in ((left, values), (middle, size)):
            _map(figure, ax, lines, part, names)
    left.set_title("solution", color=INK)
    middle.set_title("size of the residual, log10", color=INK)
    right.semilogy(np.arange(1, len(losses) + 1), np.maximum(losses, LEAST), color=INK)
    right.set_title("objective", color=INK)
    right.set_xlabel("step", color=SOFT)
    return figure


def _map(figure: Any, ax: Any, lines: Sequence[np.ndarray], part: np.ndarray, names: Sequence[str]) -> None:
    """Colours over two coordinates."""
    shown = ax.pcolormesh(lines[0], lines[1], np.ma.masked_invalid(part).T, shading="nearest", rasterized=True)
    figure.colorbar(shown, ax=ax)
    ax.set_xlabel(names[0], color=SOFT)
    ax.set_ylabel(names[1], color=SOFT)
