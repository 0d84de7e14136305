"""The front of formulas that `ew.discover` found: error over length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..discovery.by_level import LevelDiscovery
from ..discovery.discover import Discovery
from ..errors import ConfigError, knows_keywords, shown
from .mpl import INK, figure_class

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 6.0, 3.6  # inches
LEAST = 1e-17  # errors below are drawn here: an error of zero has no place on a scale of logarithms
LONGEST = 40  # characters of a formula beside its point
BEST = "#d1242f"  # colour of the best one


@knows_keywords
def plot_front(found: Discovery, *, formulas: bool = True) -> Figure:
    """A matplotlib Figure of the front: the error of every formula over its length, the best one red.

    Args:
        found: what `ew.discover` gave.
        formulas: whether formulas stand beside their points.

    Returns:
        The figure. Nothing is written.

    Raises:
        ConfigError: `found` is something else.
        MissingExtra: matplotlib is not installed.

    >>> import torch, edgewise as ew
    >>> X = 1 + torch.rand(100, 2, dtype=torch.float64)
    >>> len(plot_front(ew.discover(X, X[:, 0] * X[:, 1], progress=False)).axes)
    1
    """
    if isinstance(found, LevelDiscovery):
        first = next(iter(found.levels))
        raise ConfigError(f"every level has a front of its own; give one of them, such as found.levels[{shown(first)}]")
    if not isinstance(found, Discovery):
        raise ConfigError(f"found must be what ew.discover gave, got {shown(found)}")
    figure = figure_class()(figsize=(WIDTH, HEIGHT), facecolor="white", layout="constrained")
    ax = figure.subplots()
    lengths = [law.complexity for law in found.front]
    errors = [max(law.rmse, LEAST) for law in found.front]
    ax.step(lengths, errors, where="post", color=INK, linewidth=1)
    for law, length, error in zip(found.front, lengths, errors, strict=True):
        best = str(law) == str(found.best)
        ax.plot([length], [error], "o", color=BEST if best else INK, markersize=6 if best else 4)
        if formulas:
            text = str(law) if len(str(law)) <= LONGEST else f"{str(law)[: LONGEST - 3]}..."
            ax.annotate(
                text.replace("$", r"\$"), (length, error), xytext=(6, 4), textcoords="offset points", fontsize=8
            )
    ax.set_yscale("log")
    ax.margins(x=0.3 if formulas else 0.05, y=0.15)
    ax.set_xlabel("symbols of the formula")
    ax.set_ylabel(f"error of {found.target}".replace("$", r"\$"))
    return figure
