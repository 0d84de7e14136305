"""Nodes in layers, and the KAN that they make. What is needed further on is carried there by edges that are x.

Letters: i source node, j basis function, o target subnode, n closed form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from .. import grid
from ..config import KANConfig, refuse_widths
from ..errors import SymbolicError
from ..layers import OFF, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit, Metadata
from ..model import KAN
from ..topology import Topology
from .circuit import Circuit, Unit
from .edge_sums import EdgeSum, from_node, scaled
from .low_precision import converted


@dataclass(frozen=True)
class CircuitLayer:
    """A layer of nodes: their numbers in the circuit (-1: an output), and the sums that each multiplies."""

    numbers: tuple[int, ...]
    factors: tuple[tuple[EdgeSum, ...], ...]


def stages_of(circuit: Circuit, outputs: Sequence[EdgeSum]) -> list[CircuitLayer]:
    """The layers behind the inputs; the last one has the outputs in their order.

    Args:
        circuit: the nodes.
        outputs: sums of edges from them.

    >>> circuit = Circuit(1)
    >>> [stage.numbers for stage in stages_of(circuit, [from_node(0)])]
    [(-1,)]
    """
    own = [circuit.on_different_nodes(one) for one in outputs]
    levels = _levels(circuit.units)
    depth = max([1, *(_first_layer(circuit, one, levels) for one in own)])
    ends = [_end(circuit, one, levels, depth) for one in own]
    levels = _levels(circuit.units)  # of the nodes that the ends are made of, too
    needed = _last_uses(circuit.units, ends, levels, depth)
    found = []
    for level in range(1, depth):
        there = [n for n, (first, last) in enumerate(zip(levels, needed, strict=True)) if first <= level < last]
        chosen = [(n, circuit.units[n].factors if levels[n] == level else (from_node(n),)) for n in there]
        chosen.sort(key=lambda entry: len(entry[1]) > 1)  # sums first
        found.append(CircuitLayer(tuple(n for n, _ in chosen), tuple(factors for _, factors in chosen)))
    return [*found, CircuitLayer((-1,) * len(ends), tuple(ends))]


def _product(circuit: Circuit, one: EdgeSum) -> Unit | None:
    """The node whose multiple an output is, if that multiplies: it can then be the output itself."""
    if one.node is None or one.constant or len(circuit.units[one.node].factors) < 2:
        return None
    return circuit.units[one.node]


def _first_layer(circuit: Circuit, one: EdgeSum, levels: Sequence[int]) -> int:
    """The first layer that an output can stand in."""
    product = _product(circuit, one)
    return _level((one,) if product is None else product.factors, levels)


def _end(circuit: Circuit, one: EdgeSum, levels: Sequence[int], depth: int) -> tuple[EdgeSum, ...]:
    """What an output multiplies in the last layer. One that is done earlier, and adds several edges, becomes a node, so
    that one value is carried on and not several."""
    product = _product(circuit, one)
    if product is not None and _level(product.factors, levels) == depth:
        return (scaled(product.factors[0], one.terms[0][1]), *product.factors[1:])
    if len(one.terms) > 1 and _level((one,), levels) < depth:
        return (from_node(circuit.node_of(Unit((one,)))),)
    return (one,)


def _level(factors: Sequence[EdgeSum], levels: Sequence[int]) -> int:
    """The first layer in which a node that multiplies these sums can stand."""
    return 1 + max((levels[node] for node in _read(factors)), default=0)


def _levels(units: Sequence[Unit]) -> list[int]:
    """The layer of every node: the first one that it can stand in."""
    found: list[int] = []
    for unit in units:  # a node is made after those that it reads
        found.append(_level(unit.factors, found) if unit.factors else 0)
    return found


def _last_uses(
    units: Sequence[Unit], ends: Sequence[tuple[EdgeSum, ...]], levels: Sequence[int], depth: int
) -> list[int]:
    """The last layer that reads every node, 0 where none does."""
    found = [0] * len(units)
    for factors in ends:
        for node in _read(factors):
            found[node] = depth
    for number in reversed(range(len(units))):
        if found[number]:  # what nothing reads is no node of the network
            for node in _read(units[number].factors):
                found[node] = max(found[node], levels[number])
    return found


def _read(factors: Sequence[EdgeSum]) -> Iterator[int]:
    """The nodes that sums read."""
    return (term.node for one in factors for term, _ in one.terms)


# ---------------------------------------------------------------------- the network


def kan_of_stages(
    stages: Sequence[CircuitLayer], config: KANConfig, metadata: Metadata, edit: Edit, like: torch.Tensor
) -> KAN:
    """The network with these layers.

    Args:
        stages: the layers of nodes behind the inputs.
        config: number of inputs, and what splines the edges get should they become some.
        metadata: names of inputs and outputs.
        edit: what made the network.
        like: a tensor of the dtype and on the device of the parameters.

    Raises:
        ConfigError: a network that this machine cannot hold.
        SymbolicError: a constant that is larger than the dtype holds.

    >>> stage = CircuitLayer((-1,), ((from_node(0), from_node(1)),))
    >>> config = KANConfig.create((2, 1))
    >>> kan_of_stages([stage], config, Metadata(), Edit("made"), torch.zeros(1)).topology.shape_text()
    '[2, 1x2]'
    """
    inputs = config.widths[0][0]
    topology = _topology(inputs, stages)
    refuse_widths(topology.widths, config.grid_size[:1] * topology.depth, config.degree)
    sources = [tuple(range(inputs)), *(stage.numbers for stage in stages[:-1])]
    layers = [_layer(before, stage, config, like) for before, stage in zip(sources, stages, strict=True)]
    outputs = len(stages[-1].numbers)
    scaling = (like.new_zeros(inputs), like.new_ones(inputs), like.new_zeros(outputs), like.new_ones(outputs))
    sizes = {"widths": topology.widths, "grid_size": config.grid_size[:1] * topology.depth}
    config = KANConfig(**{**vars(config), **sizes})
    return KAN.assemble(config, topology, layers, scaling, metadata, (edit,))


def _topology(inputs: int, stages: Sequence[CircuitLayer]) -> Topology:
    ids = [tuple(range(inputs)), *(tuple(range(len(stage.numbers))) for stage in stages)]
    factors: list[tuple[tuple[int, ...], ...]] = [()]
    for stage in stages:
        nodes, start = [], 0
        for members in stage.factors:
            nodes.append(tuple(range(start, start + len(members))))
            start += len(members)
        factors.append(tuple(nodes))
    return Topology(inputs, tuple(ids), tuple(factors))


def _layer(sources: Sequence[int], stage: CircuitLayer, config: KANConfig, like: torch.Tensor) -> KANLayer:
    """The edges from the nodes of one layer to the subnodes of the next."""
    place = {number: src for src, number in enumerate(sources)}
    subnodes = [one for members in stage.factors for one in members]
    i, o, size = len(sources), len(subnodes), config.grid_size[0]
    kind = torch.full((i, o), OFF, dtype=torch.uint8, device=like.device)
    table, constants = [], []
    for dst, one in enumerate(subnodes):
        for term, c in one.terms:
            kind[place[term.node], dst] = SYMBOLIC
            table.append(SymbolicEdge(term.primitive, place[term.node], dst))
            constants.append((term.a, term.b, c, 0.0))
    low, high = (like.new_full((i,), end) for end in config.domain)
    return KANLayer.build(
        degree=config.degree,
        base=config.base,
        knots=grid.uniform(low, high, size, config.degree),
        coef=like.new_zeros(i, size + config.degree, o),
        base_scale=None if config.base == "none" else like.new_zeros(i, o),
        bias=_numbers([one.constant for one in subnodes], like),
        kind=kind,
        symbolic=table,
        affine=_numbers(constants, like) if constants else None,
        uniform=True,
    )


def _numbers(values: Sequence[float] | Sequence[tuple[float, ...]], like: torch.Tensor) -> torch.Tensor:
    """Constants as parameters. Raises `SymbolicError` for one that the dtype does not hold."""
    return converted(torch.tensor(values, dtype=torch.float64, device="cpu"), like, SymbolicError)
