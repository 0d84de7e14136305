"""mixture: two networks of the same inputs and outputs side by side, as one whose outputs are a mean of theirs."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import StructureError
from ..fitting import project
from ..layers import KANLayer
from ..metadata import Edit
from ..model import KAN
from ..topology import Topology
from .draft import Draft, Parts, scale_targets, sums_first
from .layer_grids import refined
from .straight_on import straight_on


def mixture(one: KAN, other: KAN, share: float) -> KAN:
    """The network whose outputs are `1 - share` of those of one network and `share` of those of another.

    Hidden nodes stand side by side. Edges from an input have one grid, that of the first network. The edges of the
    other are put on it: exactly where it holds them, as it does cubics, and by least squares elsewhere. Where the other
    goes on along a line from inside an interval, as beyond the bulk of a long tail, that is near but not exact.

    Args:
        one: gives names and scaling. Its nodes come first, but for products.
        other: of the same inputs, outputs, degree and number format, with edges that are splines alone.
        share: what the other counts, between 0 and 1.

    Raises:
        StructureError: where the networks differ in these.

    >>> import edgewise as ew
    >>> one, other = (ew.KAN((2, nodes, 1), seed=nodes, base="none", dtype=torch.float64) for nodes in (3, 4))
    >>> both, x = mixture(one, other, 0.25), torch.rand(50, 2, dtype=torch.float64)
    >>> both.topology.shape_text(), bool(torch.allclose(both(x), 0.75 * one(x) + 0.25 * other(x)))
    ('[2, 7, 1]', True)
    """
    _refuse(one, other)
    depth = max(2, one.topology.depth, other.topology.depth)
    one, other = _as_deep(one, depth), _as_deep(other, depth)
    draft, beside = Draft.of(one), Draft.of(other).layers
    beside[0] = _on_grid(one, other)
    ratio = share * other.output_scale / one.output_scale
    draft.layers[-1] = scale_targets(draft.layers[-1], torch.full_like(ratio, 1 - share))
    beside[-1] = scale_targets(beside[-1], ratio)
    beside[-1]["bias"] = beside[-1]["bias"] + share * (other.output_shift - one.output_shift) / one.output_scale
    pairs = enumerate(zip(draft.layers, beside, strict=True))
    draft.layers = [_joined(mine, theirs, number == 0, number == depth - 1) for number, (mine, theirs) in pairs]
    draft.topology = _side_by_side(one.topology, other.topology)
    draft.arrange(_with_sums_first(draft.topology))
    return draft.build(Edit("mixture", f"{share:.4g} of a network {other.topology.shape_text()}"))


def _refuse(one: KAN, other: KAN) -> None:
    said = [
        ("columns", one.features, other.features),
        ("inputs", one.topology.node_ids[0], other.topology.node_ids[0]),
        ("outputs", one.topology.node_ids[-1], other.topology.node_ids[-1]),
        ("degree", one.config.degree, other.config.degree),
        ("number format", one.dtype, other.dtype),
    ]
    for what, mine, theirs in said:
        if mine != theirs:
            raise StructureError(f"a mixture takes networks of the same {what}, got {mine} and {theirs}")
    if any(layer.base != "none" or layer.symbolic for layer in other.edge_layers):
        raise StructureError("the other network of a mixture has splines alone: base='none' and no closed forms")


def _as_deep(model: KAN, depth: int) -> KAN:
    """The same function with more layers behind its outputs, which go straight through."""
    while model.topology.depth < depth:
        model = straight_on(model)
    return model


def _on_grid(one: KAN, other: KAN) -> Parts:
    """The first layer of the other network on the grid of the first one."""
    mine, theirs = one.edge_layers[0], other.edge_layers[0]
    shift = [model.input_shift if model.columns is None else model.input_shift[model.columns] for model in (one, other)]
    scale = [model.input_scale if model.columns is None else model.input_scale[model.columns] for model in (one, other)]

    def edges(x: Tensor) -> Tensor:
        return theirs.edge_values((x * scale[0] + shift[0] - shift[1]) / scale[1])

    with torch.no_grad():
        coef, _ = project(edges, mine.knots, mine.degree)
    return {**Draft.of(other).layers[0], "knots": mine.knots.detach(), "coef": coef, "uniform": mine.uniform}


def _joined(mine: Parts, theirs: Parts, same_sources: bool, same_targets: bool) -> Parts:
    """Two layers side by side, with the same sources, the same targets, or neither."""
    size = max(KANLayer.build(**parts).grid_size for parts in (mine, theirs))
    mine, theirs = (_refined(parts, size) for parts in (mine, theirs))
    (sources, targets), (more, others) = mine["kind"].shape, theirs["kind"].shape
    down, right = (0 if same_sources else sources), (0 if same_targets else targets)

    def together(first: Tensor, second: Tensor) -> Tensor:
        """(i, ..., o), with nothing between the nodes of one and those of the other."""
        found = first.new_zeros(down + more, *first.shape[1:-1], right + others)
        found[:sources, ..., :targets] = first
        found[down:, ..., right:] = second
        return found

    scale = mine["base_scale"]
    return {
        **mine,
        "knots": mine["knots"] if same_sources else torch.cat([mine["knots"], theirs["knots"]]),
        "uniform": mine["uniform"] and theirs["uniform"],
        "coef": together(mine["coef"], theirs["coef"]),
        "base_scale": None if scale is None else together(scale, scale.new_zeros(more, others)),
        "bias": mine["bias"] + theirs["bias"] if same_targets else torch.cat([mine["bias"], theirs["bias"]]),
        "kind": together(mine["kind"], theirs["kind"]),
    }


def _refined(parts: Parts, size: int) -> Parts:
    """The same layer with so many intervals."""
    layer = refined(KANLayer.build(**parts), size)
    return {**parts, "knots": layer.knots.detach(), "coef": layer.coef.detach(), "uniform": layer.uniform}


def _side_by_side(one: Topology, other: Topology) -> Topology:
    """With the hidden nodes of the other behind those of the first, under new ids."""
    nodes, factors = list(one.node_ids), list(one.factors)
    for layer in range(1, one.depth):
        node, subnode = 1 + max(one.node_ids[layer]), 1 + max(one.subnode_ids(layer))
        nodes[layer] = (*one.node_ids[layer], *(node + number for number in other.node_ids[layer]))
        moved = (tuple(subnode + number for number in each) for each in other.factors[layer])
        factors[layer] = (*one.factors[layer], *moved)
    return Topology(one.features, tuple(nodes), tuple(factors))


def _with_sums_first(topology: Topology) -> Topology:
    """The same nodes in canonical order."""
    nodes, factors = list(topology.node_ids), list(topology.factors)
    for layer in range(1, topology.depth):
        order = sums_first(list(factors[layer]))
        nodes[layer] = tuple(nodes[layer][place] for place in order)
        factors[layer] = tuple(factors[layer][place] for place in order)
    return Topology(topology.features, tuple(nodes), tuple(factors))
