"""Closed forms of one fit on the edges of the next: their constants follow the curves that all rows give."""

from __future__ import annotations

from torch import Tensor

from ..errors import StructureError
from ..model import KAN
from ..symbolic.suggest import suggest
from ..topology import Edge
from ..transforms import remove, set_symbolic


def follow_curves(forms: KAN) -> bool:
    """Whether the constants of closed forms are better read off curves than fitted to rows: where splines stay beside
    them, or where all are lines, whose slopes a fit by evidence knows better than least squares."""
    layers = forms.edge_layers
    return any(bool(layer.spline_edges().any()) for layer in layers) or all(
        edge.primitive == "x" for layer in layers for edge in layer.symbolic
    )


def forms_again(forms: KAN, splines: KAN, X: Tensor) -> KAN | None:
    """The network of splines with the closed forms that another fit of it had, each with the constants of its own curve
    on these rows. None where an edge has gone or has no such form, and where an output would have none left.

    >>> import torch, edgewise as ew
    >>> old = ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): ("x^2", 1, 0, 1, 0)})
    >>> new = ew.set_symbolic(ew.KAN((2, 1)), {(0, 0, 0): ("x^2", 1, 0, 3, 1)})
    >>> X = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None].expand(-1, 2)
    >>> again = forms_again(old, new, X)
    >>> bool(torch.allclose(again(X), new(X)))
    True
    """
    have = set(splines.active_edges())
    placed: dict[Edge, tuple[str, float, float, float, float]] = {}
    for number, layer in enumerate(forms.edge_layers):
        for one in layer.symbolic:
            edge = forms.topology.edge_at(number, one.src, one.dst)
            if edge not in have:
                return None
            found = suggest(splines, X, edge, primitives=[one.primitive])
            options = [form for form in found if form.primitive == one.primitive]
            if not options or not options[0].inside:
                return None
            placed[edge] = (one.primitive, *options[0].constants)
    try:
        kept = remove(splines, edges=have - set(forms.active_edges()), X=X)
    except StructureError:  # an output that is constant with the forms
        return None
    return set_symbolic(kept, placed)
