"""set_symbolic and unset_symbolic: an edge becomes a closed form, and a spline again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import primitives
from ..errors import StructureError, SymbolicError, as_list, knows_keywords, problems, shown
from ..fitting import dense_basis, least_squares
from ..grid import breaks_of
from ..layers import SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..topology import Edge
from .draft import Draft, Parts, as_edge, has_form, keep_symbolic, select

ClosedForm = Sequence[Any]
Constants = tuple[float, float, float, float]
PlacedForm = tuple[int, int, int, str, Constants]  # layer, place of the source, of the target, primitive, (a, b, c, d)


@knows_keywords
def set_symbolic(model: KAN | Fitted, forms: Mapping[Edge, ClosedForm]) -> KAN:
    """The model with some edges replaced by closed forms c f(a x + b) + d.

    x is what `ew.edge` takes, and `ew.suggest` fits: the column in your units for layer 0, else the value of the source
    node. What the edge was before, spline or closed form, is gone; an edge that was off comes on.

    Args:
        model: the KAN, or the result of its fit.
        forms: (layer, source node, target subnode) -> (name of the primitive f, a, b, c, d).

    Returns:
        The new model.

    Raises:
        StructureError: an unknown edge.
        SymbolicError: an unknown primitive, or constants that are not four finite numbers.

    >>> import edgewise as ew
    >>> model = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("sin", 3.0, 0.0, 1.0, 0.5)})
    >>> model(torch.zeros(1, 1, dtype=torch.float64)).item()
    0.5
    """
    model = as_kan(model, "set_symbolic")
    if not isinstance(forms, Mapping):
        raise SymbolicError(f"forms must be a dict {{edge: (primitive, a, b, c, d)}}, got {shown(forms)}")
    placed: list[PlacedForm] = []
    wrong: list[str] = []
    for edge, form in forms.items():
        edge = as_edge(edge)
        place = model.topology.edge_position(edge)
        checked = _form(edge, form)
        if isinstance(checked, str):
            wrong.append(checked)
        else:
            name, (a, b, c, d) = checked
            if place[0] == 0:
                column = edge[1]
                a, b = a * float(model.input_scale[column]), b + a * float(model.input_shift[column])
            placed.append((*place, name, (a, b, c, d)))
    problems(wrong, SymbolicError)
    return with_forms(model, placed)


def with_forms(model: KAN, placed: Sequence[PlacedForm]) -> KAN:
    """`set_symbolic` by places in the layers, and for x as the nodes have it: scaled, in layer 0."""
    draft = Draft.of(model)
    for layer in sorted({form[0] for form in placed}):
        draft.layers[layer] = _on_layer(draft.layers[layer], [form[1:] for form in placed if form[0] == layer])
    words = [f"{model.topology.edge_at(*form[:3])} {form[3]}" for form in placed]
    return draft.build(Edit("set_symbolic", ", ".join(words) or "nothing"))


def _form(edge: Edge, form: Any) -> tuple[str, Constants] | str:
    """(name, constants), or what is wrong with it."""
    try:
        name, *constants = form
        numbers = [float(v) for v in constants]
    except Exception:  # of the values' own methods
        return f"edge {edge} needs (primitive name, a, b, c, d), got {shown(form)}"
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        return f"edge {edge} needs four finite constants a, b, c, d, got {shown(form)}"
    try:
        return primitives.get(name).name, (numbers[0], numbers[1], numbers[2], numbers[3])
    except SymbolicError as error:
        return f"edge {edge}: {error}"


def _on_layer(parts: Parts, forms: list[tuple[int, int, str, Constants]]) -> Parts:
    kind, coef = parts["kind"].clone(), parts["coef"]
    taken = {(src, dst) for src, dst, _, _ in forms}
    parts = keep_symbolic(parts, lambda edge: None if (edge.src, edge.dst) in taken else edge)
    table = list(parts["symbolic"])
    rows = [] if parts["affine"] is None else [parts["affine"]]
    for src, dst, name, constants in forms:
        kind[src, dst] = SYMBOLIC
        table.append(SymbolicEdge(name, src, dst))
        rows.append(torch.tensor([constants], dtype=coef.dtype, device=coef.device))
    return parts | {"kind": kind, "symbolic": tuple(table), "affine": torch.cat(rows)}


@knows_keywords
def unset_symbolic(model: KAN | Fitted, edges: Iterable[Edge] | None = None, X: Any = None) -> KAN:
    """The model with closed forms put back on splines, by least squares at evenly laid points.

    The largest error at the points, relative to the largest value, stands in the last edit's detail.

    Args:
        model: the KAN, or the result of its fit.
        edges: (layer, source node, target subnode) of each; all that carry a closed form, by default.
        X (b, features): rows, of any kind that `KAN.predict` takes. The points then cover the range of each edge's
            source node on X, in place of its grid interval: needed where a form is not finite on all of that.

    Returns:
        The new model.

    Raises:
        StructureError: an edge without a closed form.
        SymbolicError: a form that is not finite at the points.

    >>> import edgewise as ew
    >>> model = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)})
    >>> ew.unset_symbolic(model).active_edges(), ew.summary(ew.unset_symbolic(model)).symbolic_edges
    ([(0, 0, 0)], 0)
    """
    model = as_kan(model, "unset_symbolic")
    draft, topology = Draft.of(model), model.topology
    if edges is None:
        places = [(layer, e.src, e.dst) for layer, parts in enumerate(draft.layers) for e in parts["symbolic"]]
    else:
        if (given := as_list(edges)) is None:
            raise StructureError(f"edges must be a list of edges, got {shown(edges)}")
        places = [topology.edge_position(as_edge(edge)) for edge in given]
    for layer, src, dst in places:
        if not bool(has_form(draft.layers[layer]["kind"])[src, dst]):
            raise StructureError(f"edge {topology.edge_at(layer, src, dst)} carries no closed form")
    ranges = None
    if X is not None:
        with torch.no_grad():
            ranges = [(a.amin(0), a.amax(0)) for a in model.trace(model.finite_input(X, "unset_symbolic"))[1].nodes]
    words = []
    for layer, src, dst in dict.fromkeys(places):
        interval = None if ranges is None else (float(ranges[layer][0][src]), float(ranges[layer][1][src]))
        draft.layers[layer], error = _as_spline(
            draft.layers[layer], src, dst, interval, topology.edge_at(layer, src, dst)
        )
        words.append(f"{topology.edge_at(layer, src, dst)} residual {error:.2g}")
    return draft.build(Edit("unset_symbolic", ", ".join(words) or "nothing"))


def _as_spline(
    parts: Parts, src: int, dst: int, interval: tuple[float, float] | None, edge: Edge
) -> tuple[Parts, float]:
    form = select(parts, [src], [dst])
    form["kind"] = torch.full_like(form["kind"], SYMBOLIC)  # of an edge that is both, the closed form only
    layer, knots = KANLayer.build(**form), form["knots"].double()
    degree = layer.degree
    breaks = breaks_of(knots, degree)[0]
    low, high = (float(breaks[0]), float(breaks[-1])) if interval is None else interval
    if not low < high:
        low, high = low - 1e-3 * float(breaks[-1] - breaks[0]), high + 1e-3 * float(breaks[-1] - breaks[0])
    t = (torch.arange((8 + degree) * layer.grid_size, dtype=torch.float64, device=knots.device) + 0.5) / (
        (8 + degree) * layer.grid_size
    )
    x = (low + (high - low) * t)[:, None]
    with torch.no_grad():
        target: Tensor = layer.edge_values(x.to(layer.knots.dtype))[:, 0].double()  # (m, 1)
    if not bool(torch.isfinite(target).all()):
        raise SymbolicError(
            f"the closed form of edge {edge} is not finite everywhere on [{low:.4g}, {high:.4g}]; pass X to use the"
            " range of the data"
        )
    design = dense_basis(x, knots, degree=degree)[:, 0]
    coef = least_squares(design[None], target[None], ridge=1e-20 if interval is None else 1e-12)[0]
    error = float((design @ coef - target).abs().max() / target.abs().max().clamp(min=torch.finfo(torch.float64).tiny))
    kind, full = parts["kind"].clone(), parts["coef"].clone()
    full[src, :, dst] += coef[:, 0].to(full)  # zero before, unless the edge is both
    kind[src, dst] = SPLINE
    changed = parts | {"kind": kind, "coef": full}
    return keep_symbolic(changed, lambda e: None if (e.src, e.dst) == (src, dst) else e), error
