"""The outputs of a network as sums of terms, each of some columns: the shares that every row gets from them.

The edges into an output add. Where such an edge is a straight line from a node that adds, the edges into that node are
terms in turn. So a network of single inputs and pairs falls into these, and one with hidden layers into few larger
terms. The sum is the output itself, whatever the network.

Letters: n rows, t terms, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..layers import OFF, SYMBOLIC, KANLayer
from ..model import KAN

LINE = "x"  # the primitive of a straight line


@dataclass(frozen=True)
class Shares:
    """columns: the inputs in use of each term (t), by their numbers. values (n, t, k): what each term adds, in the
    units of the outputs. constant (k,): what none of them adds."""

    columns: tuple[tuple[int, ...], ...]
    values: Tensor
    constant: Tensor


@dataclass(frozen=True)
class Addend:
    """A piece of an output: a number, or values (n,) that some inputs determine."""

    inputs: frozenset[int]
    values: Tensor


@torch.no_grad()
def shares_of(model: KAN, x: Tensor) -> Shares:
    """The shares at rows x (n, features), in the model's own number format.

    >>> found = shares_of(KAN((2, 1)), torch.rand(5, 2, dtype=torch.float64))
    >>> found.columns, found.values.shape
    (((0,), (1,)), torch.Size([5, 2, 1]))
    """
    nodes = [model.scale_inputs(x)]
    for number, layer in enumerate(model.edge_layers, start=1):
        nodes.append(model.multiply(number, layer(nodes[-1])))
    network = _Network(model, nodes)
    outputs = [network.node(model.topology.depth, place) for place in range(nodes[-1].shape[1])]
    known = sorted({part.inputs for parts in outputs for part in parts if part.inputs}, key=_order)
    values = x.new_zeros(len(x), len(known), len(outputs))
    constant = model.output_shift.clone()
    for output, parts in enumerate(outputs):
        scale = model.output_scale[output]
        for part in parts:
            if part.inputs:
                values[:, known.index(part.inputs), output] += scale * part.values
            else:
                constant[output] += scale * part.values
    return Shares(tuple(tuple(sorted(inputs)) for inputs in known), values, constant)


class _Network:
    """A network with the values of its nodes at some rows."""

    def __init__(self, model: KAN, nodes: list[Tensor]) -> None:
        self.model, self.nodes = model, nodes
        self.edges = [layer.edge_values(x) for layer, x in zip(model.edge_layers, nodes, strict=False)]  # (n, i, o)
        ids = model.topology.node_ids[0]
        self.reach = [[frozenset({number}) for number in ids]]  # the inputs that reach each node
        for number, layer in enumerate(model.edge_layers, start=1):
            on = (layer.kind != OFF).T.tolist()
            below = self.reach[-1]
            of_subnodes = [frozenset[int]().union(*(below[n] for n, there in enumerate(row) if there)) for row in on]
            self.reach.append(
                [frozenset[int]().union(*(of_subnodes[s] for s in mine)) for mine in self._subnodes(number)]
            )

    def _subnodes(self, layer: int) -> list[list[int]]:
        """The positions of the subnodes of each node."""
        first, found = 0, []
        for factors in self.model.topology.factors[layer]:
            found.append(list(range(first, first + len(factors))))
            first += len(factors)
        return found

    def node(self, layer: int, place: int) -> list[Addend]:
        """What a node of this layer is the sum of."""
        inputs = self.reach[layer][place]
        subnodes = self._subnodes(layer)[place] if layer else []
        if len(subnodes) != 1:  # an input, or a product
            values = self.nodes[layer][:, place]
            return [Addend(inputs, values if inputs else values[0])]
        (dst,), edges = subnodes, self.model.edge_layers[layer - 1]
        parts = [Addend(frozenset(), edges.bias[dst])]
        for src in (edges.kind[:, dst] != OFF).nonzero()[:, 0].tolist():
            parts += self._edge(layer - 1, edges, src, dst)
        return parts

    def _edge(self, layer: int, edges: KANLayer, src: int, dst: int) -> list[Addend]:
        """What an edge adds."""
        line = _line(edges, src, dst)
        if line is not None and layer > 0:
            slope, offset = line
            below = [Addend(part.inputs, slope * part.values) for part in self.node(layer, src)]
            return [*below, Addend(frozenset(), edges.bias.new_tensor(offset))]
        inputs = self.reach[layer][src]
        values = self.edges[layer][:, src, dst]
        return [Addend(inputs, values if inputs else values[0])]


def _line(edges: KANLayer, src: int, dst: int) -> tuple[float, float] | None:
    """Slope and offset of an edge that is a straight line and nothing else."""
    if edges.affine is None or int(edges.kind[src, dst]) != SYMBOLIC:
        return None
    for number, edge in enumerate(edges.symbolic):
        if (edge.src, edge.dst) == (src, dst) and edge.primitive == LINE:
            a, b, c, d = (float(value) for value in edges.affine[number])
            return c * a, c * b + d
    return None


def slope_of(edges: KANLayer, src: int, dst: int) -> float | None:
    """The slope of an edge that is a straight line and nothing else; None for others."""
    with torch.no_grad():
        found = _line(edges, src, dst)
    return None if found is None else found[0]


def _order(inputs: frozenset[int]) -> tuple[int, list[int]]:
    return len(inputs), sorted(inputs)
