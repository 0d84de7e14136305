"""Pictures of networks: `content` says what is shown, `layout` where, `mpl` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .content import describe as describe
from .content import names_of as names_of
from .layout import arrange as arrange

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..model import KAN

__all__ = ["arrange", "describe", "names_of", "plot"]


def plot(
    model: KAN,
    X: Any = None,
    *,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
    title: str | None = None,
    beta: float = 3.0,
    figsize: tuple[float, float] | None = None,
    ax: Any = None,
) -> Figure:
    """A matplotlib Figure of the network as the paper draws it: inputs below, outputs above, every active edge with its
    function in a small box.

    X (b, features): data on which curves and importances are looked at; without it, samples of the ranges the model was
    trained on, or of its grids. An edge is as opaque as it is important, tanh(beta * attribution). Splines are dark,
    closed forms red with their formula, edges that are both purple. A sum is marked +, a product × with its factors
    below. `inputs` names all features by their original position, `outputs` all outputs; `figsize` in inches scales the
    picture, `ax` draws it into axes of yours. Nothing is written, and pyplot is not touched: save with
    `fig.savefig(...)`.

    Raises `StructureError` for what is no KAN, `DataError` for an X that is empty or not finite, `ConfigError` for
    unusable settings, `MissingExtra` without matplotlib. Source: arXiv 2404.19756, figure 2.4.

    >>> import edgewise as ew
    >>> len(plot(ew.KAN((2, 5, 1))).axes)
    1
    """
    from .mpl import draw

    if isinstance(beta, bool) or not isinstance(beta, int | float) or not (isfinite(beta) and beta > 0):
        raise ConfigError(f"beta must be a number above 0, such as 3, got {beta!r}")
    return draw(
        arrange(describe(model, X, inputs=inputs, outputs=outputs), title=title, beta=float(beta)),
        figsize=figsize,
        ax=ax,
    )
