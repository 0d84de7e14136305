"""The curves of single columns with their bands, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from ..config import is_int
from ..errors import ConfigError, knows_keywords, shown
from ..insight.effects import Effect
from .mpl import INK, SOFT, figure_class

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4  # pictures in a row, at most
WIDTH, HEIGHT = 2.6, 2.1  # inches of each
OUTPUTS = (INK, "#d1242f", "#0969da", "#1a7f37", "#8250df", "#9a6700")  # their colours
FAINT = 0.18  # opacity of a band
SPANS = 1000  # times that distances grow along a column which is drawn by logarithms


@knows_keywords
def plot_effects(effects: Sequence[Effect], *, top: int | None = 12) -> Figure:
    """A matplotlib Figure with the curve of each column and its band; levels are points with bars.

    All pictures have one vertical scale, so that a small effect looks small.

    Args:
        effects: what `ew.effects` gave.
        top: the most columns shown, those of the largest range; None for all.

    Returns:
        The figure. Nothing is written.

    Raises:
        ConfigError: there is nothing to show, or `top` cannot be used.
        MissingExtra: matplotlib is not installed.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(100, 3, dtype=torch.float64)
    >>> len(plot_effects(ew.effects(ew.KAN((3, 1)), X)).axes)
    3
    """
    if top is not None and (not is_int(top) or top < 1):
        raise ConfigError(f"top must be a whole number above 0, or None for all columns, got {shown(top)}")
    if not isinstance(effects, (list, tuple)) or not all(isinstance(one, Effect) for one in effects):
        raise ConfigError(f"effects must be what ew.effects gave, got {shown(effects)}")
    chosen = list(effects)[:top]
    if not chosen:
        raise ConfigError("there is no effect to show: no column acts by itself")
    across = min(COLUMNS, len(chosen))
    down = math.ceil(len(chosen) / across)
    figure = figure_class()(figsize=(WIDTH * across, HEIGHT * down), facecolor="white", layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharey=True)
    for number, ax in enumerate(axes.flat):
        if number < len(chosen):
            _draw(ax, chosen[number])
        else:
            ax.remove()
    if chosen[0].value.shape[1] > 1:
        axes.flat[0].legend(fontsize=7, frameon=False)
    return figure


def _draw(ax: Any, effect: Effect) -> None:
    levels = isinstance(effect.at, tuple)
    at = list(range(len(effect.at))) if isinstance(effect.at, tuple) else effect.at.numpy()
    ax.axhline(0.0, color=SOFT, linewidth=0.6, linestyle=":")
    for output, name in enumerate(effect.outputs):
        color = OUTPUTS[output % len(OUTPUTS)]
        value = effect.value[:, output].numpy()
        low, high = (value if end is None else end[:, output].numpy() for end in (effect.low, effect.high))
        if levels:
            ax.errorbar(at, value, yerr=[value - low, high - value], fmt="o", color=color, markersize=4, label=name)
        else:
            ax.plot(at, value, color=color, linewidth=1.5, label=name)
            ax.fill_between(at, low, high, color=color, alpha=FAINT, linewidth=0)
    if isinstance(effect.at, torch.Tensor) and (unit := _spans(effect.at)):
        ax.set_xscale("asinh", linear_width=unit)
    if levels:
        ax.set_xticks(at, [str(level) for level in effect.at], rotation=30, ha="right")
    ax.set_xlabel(effect.column, fontsize=9, color=INK)
    ax.tick_params(labelsize=7, colors=SOFT)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _spans(at: torch.Tensor) -> float:
    """The smallest distance of values (p,) that grows a thousandfold along a column, which is then drawn by logarithms;
    0 where it does not."""
    distances = at.diff()
    return float(distances.min()) if float(distances.max()) > SPANS * float(distances.min()) > 0 else 0.0
