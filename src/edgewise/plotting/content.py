"""What a picture of a network shows, as plain numbers and words: nodes, edges, their functions, scores, names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..attribution import scores
from ..errors import ConfigError, as_words, shown
from ..layers import OFF, SPLINE, KANLayer
from ..model import KAN, as_kan
from ..topology import Edge, Node
from .wording import clean, closed_form

SEEN_ROWS, CURVE_POINTS = 2000, 65  # rows of X that are looked at, points of a curve
SAMPLED_ROWS = 512  # rows drawn where there is no X
SHORT_NAME = 8  # letters of an input up to which its name stands in its formulas; x does for longer ones


@dataclass(frozen=True)
class NodeContent:
    """One node.

    node: (layer, id). factors: the ids of its subnodes, none for an input, one for a sum. score: its attribution score
    for the output it serves most. name: of an input or output.
    """

    node: Node
    factors: tuple[int, ...]
    score: float
    name: str = ""


@dataclass(frozen=True)
class EdgeContent:
    """One active edge.

    edge: (layer, src, dst) as ids. src, dst: the positions of its ends. kind: SPLINE, SYMBOLIC or BOTH. score: its
    attribution score. x, y: samples of its function, in the user's units for inputs and in the model's behind them.
    formula, form, primitive: its closed form in words, the same without constants, and the primitive's name.
    """

    edge: Edge
    src: int
    dst: int
    kind: int
    score: float
    x: tuple[float, ...]
    y: tuple[float, ...]
    formula: str = ""
    form: str = ""
    primitive: str = ""


@dataclass(frozen=True)
class Content:
    """Nodes by layer and position; edges by layer, sources first; a sentence about what is not shown, if anything."""

    nodes: tuple[tuple[NodeContent, ...], ...]
    edges: tuple[tuple[EdgeContent, ...], ...]
    note: str = ""


def names_of(
    model: KAN, inputs: Sequence[object] | None = None, outputs: Sequence[object] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all features (by original position) and of all outputs.

    They are those given, else those the model carries, else x1, x2, ... and y (y1, y2, ...).

    Raises `ConfigError` for a wrong number of names.

    >>> names_of(KAN((2, 1)))
    (('x1', 'x2'), ('y',))
    """
    count, ends = model.topology.features, len(model.topology.node_ids[-1])
    words = {"inputs": as_words(inputs), "outputs": as_words(outputs)}
    for what, given, wanted in (("inputs", inputs, count), ("outputs", outputs, ends)):
        if given is not None and len(words[what] or ()) != wanted:
            raise ConfigError(
                f"{what} needs {wanted} names, one for each of the model's {what} (pruned ones too), got {shown(given)}"
            )
    known = model.metadata
    numbered_in = [f"x{n + 1}" for n in range(count)]
    numbered_out = ["y"] if ends == 1 else [f"y{n + 1}" for n in range(ends)]
    classes = known.classes if len(known.classes) == ends else known.outputs
    raw_in = words["inputs"] or (known.inputs if len(known.inputs) == count else numbered_in)
    raw_out = words["outputs"] or (classes if len(classes) == ends else numbered_out)
    return tuple(map(clean, raw_in)), tuple(map(clean, raw_out))


def rows_for(model: KAN, X: Any, what: str = "plot") -> Tensor:
    """Rows (b, features) on which to look at the model: X, thinned when long.

    Without X they are uniform samples of the ranges the model was trained on, or else of its grids.

    Raises `DataError` for an X that is empty or not finite.
    """
    model = as_kan(model, what)
    if X is None:
        return _sampled(model)
    x = model.finite_input(X, what)
    return (
        x
        if len(x) <= SEEN_ROWS
        else x[torch.linspace(0, len(x) - 1, SEEN_ROWS, device=x.device, dtype=torch.float64).round().long()]
    )


def _sampled(model: KAN) -> Tensor:
    features = model.topology.features
    low, high = -torch.ones(features, dtype=torch.float64), torch.ones(features, dtype=torch.float64)
    used = list(model.topology.node_ids[0])
    shift, scale = model.input_shift.detach().cpu().double(), model.input_scale.detach().cpu().double()
    ends = [end.detach().cpu().double() for end in model.edge_layers[0].interval]
    low[used], high[used] = ends
    low, high = low * scale + shift, high * scale + shift
    if len(model.metadata.ranges) == features:
        known = torch.tensor(model.metadata.ranges, dtype=torch.float64)
        good = torch.isfinite(known).all(1) & (known[:, 0] < known[:, 1])
        low, high = torch.where(good, known[:, 0], low), torch.where(good, known[:, 1], high)
    draw = torch.rand(SAMPLED_ROWS, features, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return (low + (high - low) * draw).to(dtype=model.dtype, device=model.device)


def describe(
    model: KAN, X: Any = None, *, inputs: Sequence[object] | None = None, outputs: Sequence[object] | None = None
) -> Content:
    """All that a picture of the model can show.

    Args:
        model: the network.
        X (b, features): data on which it is looked at; without it, samples of its ranges.
        inputs (features), outputs: names, as in `names_of`.

    Raises:
        StructureError: `model` is no KAN.
        DataError: X is empty or not finite.
        ConfigError: a wrong number of names.

    >>> len(describe(KAN((2, 3, 1))).edges[0])
    6
    """
    rows = rows_for(model, X)
    into, out = names_of(model, inputs, outputs)
    topology = model.topology
    with torch.no_grad():
        trace = model.trace(rows)[1]
        node_scores, edge_scores = scores(model, trace)
        layers = []
        for number, layer in enumerate(model.edge_layers):
            weight = edge_scores[number].nan_to_num().amax(0).double().cpu()
            layers.append(_edges(model, number, layer, trace.nodes[number], weight, into))
    nodes = []
    for level, ids in enumerate(topology.node_ids):
        weight = node_scores[level].nan_to_num().amax(0).tolist()
        factors = topology.factors[level] if level else ((),) * len(ids)
        called = [into[n] for n in ids] if not level else list(out) if level == topology.depth else [""] * len(ids)
        nodes.append(
            tuple(NodeContent((level, n), f, w, c) for n, f, w, c in zip(ids, factors, weight, called, strict=True))
        )
    return Content(tuple(nodes), tuple(layers))


def _edges(
    model: KAN, number: int, layer: KANLayer, nodes: Tensor, weight: Tensor, names: tuple[str, ...]
) -> tuple[EdgeContent, ...]:
    low, high = nodes.amin(0), nodes.amax(0)
    flat = high <= low
    ends = layer.interval  # a source that does not vary is shown over its grid
    low, high = torch.where(flat, ends[0], low), torch.where(flat, ends[1], high)
    x = (
        low + (high - low) * torch.linspace(0, 1, CURVE_POINTS, dtype=low.dtype, device=low.device)[:, None]
    )  # (points, i)
    y = layer.edge_values(x).double().cpu()
    words = _closed_forms(model, number, layer, names)
    shown = x.double().cpu()
    if number == 0:
        ids = list(model.topology.node_ids[0])
        shown = shown * model.input_scale.detach().cpu().double()[ids] + model.input_shift.detach().cpu().double()[ids]
    found = []
    for src, dst in (layer.kind != OFF).nonzero().tolist():
        full, bare, primitive = words.get((src, dst), ("", "", ""))
        kind = int(layer.kind[src, dst])
        full = f"spline + {full}" if full and kind != SPLINE and kind & SPLINE else full
        edge = model.topology.edge_at(number, src, dst)
        samples = tuple(shown[:, src].tolist()), tuple(y[:, src, dst].tolist())
        found.append(EdgeContent(edge, src, dst, kind, float(weight[src, dst]), *samples, full, bare, primitive))
    return tuple(found)


def _closed_forms(
    model: KAN, number: int, layer: KANLayer, names: tuple[str, ...]
) -> dict[tuple[int, int], tuple[str, str, str]]:
    """(formula, form, primitive) of every closed form of a layer, in the user's units and names for the first layer."""
    if not layer.symbolic or layer.affine is None:
        return {}
    words = {}
    for entry, constants in zip(layer.symbolic, layer.affine.detach().cpu().double().tolist(), strict=True):
        a, b, c, d = constants
        variable = "u"
        if number == 0:
            ident = model.topology.node_ids[0][entry.src]
            shift, scale = float(model.input_shift[ident]), float(model.input_scale[ident])
            a, b = a / scale, b - a * shift / scale
            variable = names[ident] if len(names[ident]) <= SHORT_NAME else "x"
        bare = closed_form(entry.primitive, (1.0, 0.0, 1.0, 0.0), variable)
        words[entry.src, entry.dst] = (closed_form(entry.primitive, (a, b, c, d), variable), bare, entry.primitive)
    return words
