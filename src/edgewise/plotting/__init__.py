"""Pictures of networks: `content` says what there is, `selection` what of it is shown, `layout` where, and `mpl` draws
it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..config import is_number
from ..errors import knows_keywords, problems, shown
from ..model import KAN, Fitted, as_kan
from .content import describe as describe
from .content import names_of as names_of
from .layout import arrange as arrange
from .selection import MOST_READABLE, select

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["arrange", "describe", "names_of", "plot"]


@knows_keywords
def plot(
    model: KAN | Fitted,
    X: Any = None,
    *,
    top: int | None = MOST_READABLE,
    threshold: float = 0.0,
    inputs: Sequence[object] | None = None,
    outputs: Sequence[object] | None = None,
    title: str | None = None,
    beta: float = 3.0,
    figsize: tuple[float, float] | None = None,
    ax: Any = None,
) -> Figure:
    """A matplotlib Figure of the network as the paper draws it: inputs below, outputs above, a curve for each edge.

    Splines are dark, closed forms red with their formula, edges that are both purple. A sum is marked +, a product ×
    with its factors below. The picture says what it leaves out.

    Args:
        model: the KAN, or the result of its fit.
        X (b, features): data on which curves and scores are looked at. Without it, samples of the ranges the model was
            trained on, or of its grids.
        top: the most edges shown in each layer, the most important ones; nodes left without an edge go too. Importance
            is the attribution score of `ew.attribute`. None shows all.
        threshold: edges with a smaller score are not shown.
        inputs (features): names of all features by their original position, pruned ones too.
        outputs: names of all outputs.
        title: a line above the picture.
        beta: an edge's opacity is tanh(beta * score), so a larger beta darkens edges of little importance.
        figsize (width, height; inches): the size to which the picture is scaled.
        ax: matplotlib axes to draw into, instead of a new figure.

    Returns:
        The figure. Nothing is written and pyplot is not touched; save it with `fig.savefig(...)`.

    Raises:
        StructureError: `model` is no KAN.
        DataError: X is empty or not finite.
        ConfigError: a setting cannot be used, or `threshold` hides every edge.
        MissingExtra: matplotlib is not installed.

    Warns:
        EdgewiseWarning: names with letters that no font here has, for which boxes stand.

    Source: arXiv 2404.19756, figure 2.4.

    >>> import edgewise as ew
    >>> len(plot(ew.KAN((2, 5, 1))).axes)
    1
    """
    from .mpl import draw

    model = as_kan(model, "plot")
    problems(_faults(top, threshold, beta, title))
    content = select(describe(model, X, inputs=inputs, outputs=outputs), top=top, threshold=float(threshold))
    return draw(arrange(content, title=title, beta=float(beta)), figsize=figsize, ax=ax)


def _faults(top: Any, threshold: Any, beta: Any, title: Any) -> list[str]:
    """What is wrong with the settings, in sentences."""
    found = []
    if title is not None and not isinstance(title, str):
        found.append(f"title must be text, or None, got {type(title).__name__}")
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        found.append(f"top must be a whole number above 0, or None for all edges, got {shown(top)}")
    if not is_number(threshold) or threshold < 0:
        found.append(f"threshold must be a score of at least 0, such as 0.01, got {shown(threshold)}")
    if not is_number(beta) or beta <= 0:
        found.append(f"beta must be a number above 0, such as 3, got {shown(beta)}")
    return found
