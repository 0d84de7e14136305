"""remove and tidy: a network with fewer nodes and edges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attribution import activity
from ..errors import StructureError, as_list, knows_keywords, shown
from ..grid import breaks_of
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..topology import Edge, Node, Topology
from .draft import Draft, Parts, as_edge, as_node, reached, select, switch_off


@knows_keywords
def remove(model: KAN | Fitted, *, nodes: Iterable[Node] = (), edges: Iterable[Edge] = (), X: Any = None) -> KAN:
    """The model without these nodes and edges; each edge leaves its mean in the bias of its target.

    So the result equals the model with these edges replaced by their means. A node takes its edges with it, and those
    that go out of it leave their means. Only what is named goes: `tidy` takes away nodes that have become constant or
    feed nothing.

    Removing a and then b is removing both: always without X, and with X when b does not lie behind a. Its mean is then
    that of other activations.

    Args:
        model: the KAN, or the result of its fit.
        nodes: pairs (layer, id) by their original ids. Layer 0 are the inputs; `forward` takes the full row all the
            same.
        edges: triples (layer, source node, target subnode) by their original ids.
        X (b, features): rows over which the means are taken, as they flow through the model as given. Without them a
            mean is that over the edge's grid interval.

    Returns:
        The new model.

    Raises:
        StructureError: unknown nodes and edges, nodes of the output layer, or an output that would lose its last path.
        DataError: an X without rows, or with numbers that are not finite.

    >>> import edgewise as ew
    >>> ew.remove(ew.KAN((2, 3, 1)), nodes=[(1, 0)], edges=[(0, 1, 2)]).active_edges()
    [(0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 1, 0), (1, 2, 0)]
    """
    model = as_kan(model, "remove")
    listed = {"nodes": as_list(nodes), "edges": as_list(edges)}
    for what, given in (("nodes", nodes), ("edges", edges)):
        if listed[what] is None:
            raise StructureError(f"{what} must be a list of {what}, got {shown(given)}")
    gone = sorted({as_node(n) for n in listed["nodes"] or ()})
    cut = sorted({as_edge(e) for e in listed["edges"] or ()})
    draft = Draft.of(model)
    masks = [torch.zeros_like(parts["kind"], dtype=torch.bool) for parts in draft.layers]
    for layer, ident in gone:
        position = model.topology.node_position((layer, ident))
        if layer == model.topology.depth:
            raise StructureError(f"node {(layer, ident)} is an output: outputs cannot be removed")
        masks[layer][position] = True
    for edge in cut:
        layer, src, dst = model.topology.edge_position(edge)
        masks[layer][src, dst] = True
    lost = lost_outputs(draft, masks)
    if lost:
        names = ", ".join(map(str, lost))
        raise StructureError(
            f"removing {describe(gone, cut)} would cut the last path from the inputs to output {names}; keep one path"
        )
    means = means_on_data(model, X, "remove") if X is not None else [None] * len(masks)
    for number, mask in enumerate(masks):
        if bool(mask.any()):
            left = means[number]
            take_away(draft, number, mask, interval_means(draft.layers[number], mask) if left is None else left)
    draft.drop(gone)
    return draft.build(Edit("remove", describe(gone, cut)))


@knows_keywords
def tidy(model: KAN | Fitted) -> KAN:
    """The same function with less: constant nodes and factors go into biases, what feeds nothing vanishes.

    Args:
        model: the KAN, or the result of its fit.

    Returns:
        The new model; the last record of `.edits` says what is gone.

    Raises:
        StructureError: `model` is no KAN.

    >>> import edgewise as ew
    >>> ew.tidy(ew.remove(ew.KAN((2, 2, 1)), edges=[(1, 0, 0)])).topology.widths
    ((2, ()), (1, ()), (1, ()))
    """
    model = as_kan(model, "tidy")
    draft = Draft.of(model)
    draft.tidy()
    missing = difference(model, draft)
    return draft.build(Edit("tidy", missing or "nothing to take away"))


def take_away(draft: Draft, layer: int, mask: Tensor, means: Tensor) -> None:
    """Switch the edges of `mask` off, leaving their means. Raises `StructureError` when a mean is not finite."""
    mask = mask & (draft.layers[layer]["kind"] != 0)
    bad = (mask & ~torch.isfinite(means)).nonzero().tolist()
    if bad:
        edge = draft.topology.edge_at(layer, *bad[0])
        raise StructureError(
            f"the mean of edge {edge} is not finite (a closed form outside its domain?); pass X, or replace the closed"
            " form first"
        )
    draft.layers[layer] = switch_off(draft.layers[layer], mask, means)


def means_on_data(model: KAN, X: Any, what: str) -> list[Tensor]:
    """The mean of every edge on X: (i, o) per layer."""
    with torch.no_grad():
        return list(activity(model, model.finite_input(X, what)).edge_mean)


def interval_means(parts: Parts, mask: Tensor) -> Tensor:
    """The mean over its grid interval of every edge in `mask`, zero elsewhere: (i, o). Gauss-Legendre, exact for the
    spline part."""
    src, dst = mask.any(1).nonzero().flatten().tolist(), mask.any(0).nonzero().flatten().tolist()
    layer = KANLayer.build(**select(parts, src, dst))
    t, w = (
        torch.as_tensor(v, dtype=layer.knots.dtype, device=layer.knots.device)
        for v in np.polynomial.legendre.leggauss(8)
    )
    breaks = breaks_of(layer.knots, layer.degree)
    widths = breaks.diff(dim=1)
    points = (breaks[:, :-1, None] + 0.5 * (t + 1) * widths[..., None]).flatten(1).T  # (m, i)
    weights = (0.5 * w * widths[..., None] / widths.sum(1)[:, None, None]).flatten(1).T
    with torch.no_grad():
        means = (layer.edge_values(points.contiguous()) * weights[..., None]).sum(0)
    full = torch.zeros_like(mask, dtype=means.dtype)
    full[torch.tensor(src)[:, None], torch.tensor(dst)] = means
    return full


def lost_outputs(draft: Draft, masks: list[Tensor]) -> list[int]:
    """Ids of the outputs that some input reaches now and none would without the edges of `masks`."""
    topology, live = draft.topology, draft.live()
    before = reached(topology, live)[-1]
    live = [on & ~mask.cpu().numpy() for on, mask in zip(live, masks, strict=True)]
    after = reached(topology, live)[-1]
    return [topology.node_ids[-1][k] for k in np.flatnonzero(before & ~after)]


def describe(nodes: Iterable[Node], edges: Iterable[Edge]) -> str:
    """Nodes and edges in words."""
    nodes, edges = list(nodes), list(edges)
    words = [f"nodes {', '.join(map(str, nodes))}"] if nodes else []
    words += [f"edges {', '.join(map(str, edges))}"] if edges else []
    return "; ".join(words) or "nothing"


def difference(model: KAN, draft: Draft) -> str:
    """What the model has and the draft has not: inputs, nodes, factors of products, and edges between what both
    have."""
    old, new = model.topology, draft.topology
    inputs = [n for n in old.node_ids[0] if n not in new.node_ids[0]]
    nodes = [(layer, n) for layer in range(1, old.depth) for n in old.node_ids[layer] if n not in new.node_ids[layer]]
    factors = [(layer, s) for layer in range(1, old.depth + 1) for s in lost_factors(old, new, layer)]
    here = {new.edge_at(layer, *place) for layer, on in enumerate(draft.live()) for place in np.argwhere(on).tolist()}
    edges = []
    for edge in model.active_edges():
        layer, src, dst = edge
        if edge not in here and src in new.node_ids[layer] and dst in new.subnode_ids(layer + 1):
            edges.append(edge)
    words = [f"inputs {', '.join(map(str, inputs))}"] if inputs else []
    words += [f"nodes {', '.join(map(str, nodes))}"] if nodes else []
    words += [f"constant factors {', '.join(map(str, factors))}"] if factors else []
    words += [f"edges {', '.join(map(str, edges))}"] if edges else []
    return "; ".join(words)


def lost_factors(old: Topology, new: Topology, layer: int) -> list[int]:
    """Ids of the subnodes that are gone from nodes that are still there."""
    left = set(new.subnode_ids(layer))
    return [
        s
        for n, ids in zip(old.node_ids[layer], old.factors[layer], strict=True)
        if n in new.node_ids[layer]
        for s in ids
        if s not in left
    ]
