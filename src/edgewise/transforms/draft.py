"""A network taken apart: the plain working state from which a transform builds its new model.

Letters: i source node, j basis function, o target subnode. Nothing here changes a tensor in place, so the old model
stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import StructureError, shown
from ..layers import BOTH, OFF, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit
from ..model import KAN
from ..topology import Edge, Node, Topology

Parts = dict[str, Any]


def as_node(node: Any) -> Node:
    """(layer, node id) as plain integers. Raises `StructureError` for anything else."""
    try:
        layer, ident = node
        return index(layer), index(ident)
    except Exception:  # of the value's own methods
        raise StructureError(
            f"a node is (layer, node id), got {shown(node)}; write nodes=[(1, 3)] for one node"
        ) from None


def as_edge(edge: Any) -> Edge:
    """(layer, source node id, target subnode id) as plain integers. Raises `StructureError` for anything else."""
    try:
        layer, src, dst = edge
        return index(layer), index(src), index(dst)
    except Exception:  # of the value's own methods
        raise StructureError(
            f"an edge is (layer, source node, target subnode), got {shown(edge)}; write edges=[(0, 1, 2)] for one edge"
        ) from None


def keep_symbolic(parts: Parts, place: Callable[[SymbolicEdge], SymbolicEdge | None]) -> Parts:
    """The symbolic table with every closed form moved to where `place` says, or dropped at None."""
    placed = [(n, place(edge)) for n, edge in enumerate(parts["symbolic"])]
    rows = [n for n, edge in placed if edge is not None]
    affine = parts["affine"][rows] if rows else None
    return parts | {"symbolic": tuple(edge for _, edge in placed if edge is not None), "affine": affine}


def select(parts: Parts, src: list[int], dst: list[int]) -> Parts:
    """The layer between these positions only, in this order."""
    kind = parts["kind"][src][:, dst]
    scale = parts["base_scale"]
    chosen = parts | {
        "knots": parts["knots"][src],
        "kind": kind,
        "coef": parts["coef"][src][:, :, dst],
        "base_scale": None if scale is None else scale[src][:, dst],
        "bias": parts["bias"][dst],
    }
    if not parts["symbolic"]:
        return chosen
    new_src, new_dst = {p: n for n, p in enumerate(src)}, {p: n for n, p in enumerate(dst)}

    def place(edge: SymbolicEdge) -> SymbolicEdge | None:
        if edge.src in new_src and edge.dst in new_dst:
            return SymbolicEdge(edge.primitive, new_src[edge.src], new_dst[edge.dst])
        return None

    return keep_symbolic(chosen, place)


def switch_off(parts: Parts, mask: Tensor, means: Tensor | None) -> Parts:
    """Edges of `mask` (i, o) gone, their `means` (i, o) left in the bias; None leaves nothing."""
    mask = mask & (parts["kind"] != OFF)
    bias = parts["bias"]
    if means is not None:
        bias = bias + torch.where(mask, means, torch.zeros_like(means)).sum(0)
    changed = parts | {"kind": torch.where(mask, torch.zeros_like(parts["kind"]), parts["kind"]), "bias": bias}
    return (
        keep_symbolic(changed, lambda edge: None if bool(mask[edge.src, edge.dst]) else edge)
        if parts["symbolic"]
        else changed
    )


def scale_targets(parts: Parts, factor: Tensor) -> Parts:
    """The layer with target subnode o multiplied by factor (o,)."""
    scale, affine = parts["base_scale"], parts["affine"]
    if affine is not None:
        by = factor[[edge.dst for edge in parts["symbolic"]]][:, None]
        affine = torch.cat([affine[:, :2], affine[:, 2:] * by], dim=1)
    return parts | {
        "coef": parts["coef"] * factor,
        "base_scale": None if scale is None else scale * factor,
        "bias": parts["bias"] * factor,
        "affine": affine,
    }


@dataclass
class Draft:
    """The parts of every layer and the topology, replaced step by step; `build` makes the model."""

    source: KAN
    topology: Topology
    layers: list[Parts]

    @staticmethod
    def of(model: KAN) -> Draft:
        """The parts of this model, detached."""
        layers = []
        for layer in model.edge_layers:
            layers.append(
                {name: value.detach() if isinstance(value, Tensor) else value for name, value in layer.parts().items()}
            )
        return Draft(model, model.topology, layers)

    def build(self, edit: Edit | None = None, **changes: Any) -> KAN:
        """The new model; the source is left alone and nothing is shared with it."""
        layers = [KANLayer.build(**parts) for parts in self.layers]
        return self.source.build(layers=layers, topology=self.topology, edit=edit, **changes)

    def arrange(self, topology: Topology) -> None:
        """Take over a topology whose ids are some of the present ones, in any order."""
        for layer in range(self.topology.depth):
            nodes = {n: p for p, n in enumerate(self.topology.node_ids[layer])}
            targets = {s: p for p, s in enumerate(self.topology.subnode_ids(layer + 1))}
            src = [nodes[n] for n in topology.node_ids[layer]]
            dst = [targets[s] for s in topology.subnode_ids(layer + 1)]
            if src != list(range(len(nodes))) or dst != list(range(len(targets))):
                self.layers[layer] = select(self.layers[layer], src, dst)
        self.topology = topology

    def drop(self, nodes: Iterable[Node]) -> None:
        """Take these nodes away with all their edges; what they gave to others is lost unless put into a bias
        before."""
        gone = set(nodes)
        if gone:
            self.arrange(self.topology.without(gone))

    def live(self) -> list[np.ndarray]:
        """Which edges are on: bool (i, o) per layer."""
        return [(parts["kind"] != OFF).cpu().numpy() for parts in self.layers]

    # ------------------------------------------------------------------ dead ends

    def tidy(self, *, nodes: bool = True, inputs: bool = True) -> None:
        """Take away what cannot matter, exactly: constant nodes and factors go into biases, nodes and inputs that feed
        nothing vanish.

        Does nothing in a network without any path from an input to an output.
        """
        if not any(reached(self.topology, self.live())[-1]):
            return
        if nodes:
            for layer in range(1, self.topology.depth + 1):
                self._fold_factors(layer)
                if layer < self.topology.depth:
                    self._fold_constants(layer)
        for layer in reversed(range(self.topology.depth)):
            if nodes if layer else inputs:
                used = np.logical_or.reduce(self.live()[layer], axis=1)
                self.drop((layer, n) for n, on in zip(self.topology.node_ids[layer], used, strict=True) if not on)

    def _fold_constants(self, layer: int) -> None:
        """Nodes of this layer that nothing feeds: their value goes through their edges into the biases behind them."""
        fed = by_node(self.topology, layer, np.logical_or.reduce(self.live()[layer - 1], axis=0))
        constant = [p for p, on in enumerate(fed) if not on]
        if not constant:
            return
        bias, starts = self.layers[layer - 1]["bias"], np.cumsum([0, *(len(f) for f in self.topology.factors[layer])])
        parts = self.layers[layer]
        sub = KANLayer.build(**select(parts, constant, list(range(parts["coef"].shape[2]))))
        values = torch.stack([bias[starts[p] : starts[p + 1]].prod() for p in constant])
        with torch.no_grad():
            given = sub.edge_values(values[None])[0].sum(0)
        if not bool(torch.isfinite(given).all()):
            return  # a closed form outside its domain: leave the node where it can be seen
        self.layers[layer] = parts | {"bias": parts["bias"] + given}
        self.drop((layer, self.topology.node_ids[layer][p]) for p in constant)

    def _fold_factors(self, layer: int) -> None:
        """Factors of products that nothing feeds: their constant goes into a factor that varies."""
        if not self.topology.has_products(layer):
            return
        fed, bias = np.logical_or.reduce(self.live()[layer - 1], axis=0), self.layers[layer - 1]["bias"]
        factor, nodes, start = torch.ones_like(bias), [], 0
        for ids in self.topology.factors[layer]:
            places = range(start, start + len(ids))
            keep = [p for p in places if fed[p] or float(bias[p]) == 0.0]
            if any(fed[p] for p in places) and len(keep) < len(ids):
                first = next(p for p in places if fed[p])
                for p in places:
                    if p not in keep:
                        factor[first] = factor[first] * bias[p]
                ids = tuple(ids[p - start] for p in keep)
            nodes.append(ids)
            start += len(places)
        if tuple(nodes) == self.topology.factors[layer]:
            return
        self.layers[layer - 1] = scale_targets(self.layers[layer - 1], factor)
        order = sums_first(nodes)
        node_ids, factors = list(self.topology.node_ids), list(self.topology.factors)
        node_ids[layer] = node_ids[layer] if layer == self.topology.depth else tuple(node_ids[layer][n] for n in order)
        factors[layer] = tuple(nodes) if layer == self.topology.depth else tuple(nodes[n] for n in order)
        self.arrange(Topology(self.topology.features, tuple(node_ids), tuple(factors)))


def sums_first(nodes: list[tuple[int, ...]]) -> list[int]:
    """Positions in the canonical order: sums before products, otherwise as they were."""
    return sorted(range(len(nodes)), key=lambda n: len(nodes[n]) > 1)


def by_node(topology: Topology, layer: int, subnodes: np.ndarray) -> np.ndarray:
    """A flag per node: whether any of its subnodes (s,) has it."""
    starts = np.cumsum([0, *(len(f) for f in topology.factors[layer])])[:-1]
    return np.logical_or.reduceat(subnodes, starts) if len(starts) else subnodes


def reached(topology: Topology, live: list[np.ndarray]) -> list[np.ndarray]:
    """Which nodes of every layer some input reaches through edges that are on."""
    found = [np.ones(len(topology.node_ids[0]), dtype=bool)]
    for layer, on in enumerate(live):
        found.append(by_node(topology, layer + 1, np.logical_or.reduce(on & found[-1][:, None], axis=0)))
    return found


def has_form(kind: Tensor) -> Tensor:
    """Edges that carry a closed form: (i, o) bool."""
    return (kind == SYMBOLIC) | (kind == BOTH)
