"""Description: all of a model that is no tensor, as checked values.

A file is read field by field first (types and ranges of each value), then as a whole (what its parts say of each
other). Nothing here looks at a tensor, and nothing is made that is larger than the description itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .. import primitives
from ..config import BASES, KANConfig
from ..errors import CheckpointError, ConfigError, problems, shown, twice
from ..layers import SymbolicEdge
from ..metadata import DOWN_TO, FIRST, LINKS, PARTS, TASKS, Edit, Encoding, Metadata
from ..model import KAN
from ..topology import Topology
from .fields import empty_or, fixed, flag, missing, number, one_of, record, rows, table, text, whole

MOST = 8  # faults in one message: the first tell enough of a file in which all is wrong

CONFIG = record(
    widths=rows(fixed(whole(), rows(whole(2)))),  # per layer of nodes: sums, and the factors of each product
    grid_size=rows(whole(1)),
    degree=whole(),
    base=one_of(BASES),
    domain=fixed(number(), number()),
    seed=whole(),
)
TOPOLOGY = record(features=whole(1), node_ids=rows(rows(whole())), factors=rows(rows(rows(whole()))))
LAYER = record(
    degree=whole(),
    base=one_of(BASES),
    uniform=flag,
    symbolic=rows(fixed(text, whole(), whole())),  # primitive, positions of the source node and the target subnode
)
ENCODING = record(
    shares=table(rows(number())),
    fills=table(number()),
    gaps=rows(text),
    dates=table(rows(one_of(PARTS))),
    merged=missing({}, table(rows(text))),  # since 0.1, format 3: older files have none
    slashes=missing({}, table(one_of(FIRST))),  # since 0.1, format 4: older files have none
    times=missing({}, table(one_of(DOWN_TO))),  # since 0.1, format 4
    zones=missing({}, table(rows(text))),  # since 0.1, format 4
)
METADATA = record(
    inputs=rows(text),
    outputs=rows(text),
    classes=rows(text),
    categories=table(rows(text)),
    ranges=rows(fixed(number(), number())),
    task=one_of(TASKS),
    split=empty_or(fixed(whole(1), whole(), text)),  # rows, seed, digest
    encoding=ENCODING,
    loss=missing("", one_of(LINKS)),  # since 0.1, format 2: older files have none
)
EDIT = record(action=text, detail=text)
SPEC = record(config=CONFIG, topology=TOPOLOGY, layers=rows(LAYER), metadata=METADATA, edits=rows(EDIT))


@dataclass(frozen=True)
class LayerDescription:
    """What a layer of edges holds besides its tensors; see `KANLayer`."""

    degree: int
    base: str
    uniform: bool
    symbolic: tuple[SymbolicEdge, ...]


@dataclass(frozen=True)
class Description:
    """All of a model that is no tensor."""

    config: KANConfig
    topology: Topology
    layers: tuple[LayerDescription, ...]
    metadata: Metadata
    edits: tuple[Edit, ...]

    @staticmethod
    def of(model: KAN) -> Description:
        """The description of a model, not checked."""
        layers = (LayerDescription(e.degree, e.base, e.uniform, e.symbolic) for e in model.edge_layers)
        return Description(model.config, model.topology, tuple(layers), model.metadata, model.edits)

    @staticmethod
    def read(spec: Any) -> Description:
        """The description in plain values, lists or tuples. Raises `CheckpointError` unless all of it is right."""
        found = SPEC(spec, "spec")
        try:
            config = KANConfig.create(**found["config"])
        except ConfigError as error:
            raise CheckpointError(f"spec.config: {error}") from error
        layers = (
            LayerDescription(**{**entry, "symbolic": tuple(SymbolicEdge(*edge) for edge in entry["symbolic"])})
            for entry in found["layers"]
        )
        described = Description(
            config,
            Topology(**found["topology"]),
            tuple(layers),
            Metadata(**{**found["metadata"], "encoding": Encoding(**found["metadata"]["encoding"])}),
            tuple(Edit(**entry) for entry in found["edits"]),
        )
        problems((f"spec.{fault}" for fault in islice(described.faults(), MOST)), CheckpointError)
        return described

    def faults(self) -> Iterator[str]:
        """What the parts say against each other, in words."""
        topology = [f"topology: {fault}" for fault in islice(self.topology.faults(), MOST)]
        if topology:  # what follows counts its nodes
            yield from topology
            return
        if self.config.widths != self.topology.widths:
            yield f"config.widths are {self.config.widths}, but those of the topology {self.topology.widths}"
        if len(self.layers) != self.topology.depth:
            yield f"layers has {len(self.layers)} entries for {self.topology.depth} layers of edges"
            return
        for place, layer in enumerate(self.layers):
            yield from (f"layers[{place}].{fault}" for fault in self._layer_faults(place, layer))
        outputs = len(self.topology.node_ids[-1])
        yield from (f"metadata: {fault}" for fault in self.metadata.faults(self.topology.features, outputs))

    def _layer_faults(self, place: int, layer: LayerDescription) -> Iterator[str]:
        for name in ("degree", "base"):
            got, wanted = getattr(layer, name), getattr(self.config, name)
            if got != wanted:
                yield f"{name} is {shown(got)}, but {shown(wanted)} in the config"
        i, o = len(self.topology.node_ids[place]), len(self.topology.subnode_ids(place + 1))
        for n, edge in enumerate(layer.symbolic):
            if edge.src >= i or edge.dst >= o:
                yield f"symbolic[{n}] runs from node {edge.src} to {edge.dst}; the layer has {i} sources, {o} targets"
        for ends in twice((edge.src, edge.dst) for edge in layer.symbolic):
            yield f"symbolic holds two closed forms for the edge {ends}"
        for name in dict.fromkeys(edge.primitive for edge in layer.symbolic):
            try:
                primitives.get(name)
            except (ValueError, ArithmeticError) as error:  # a power whose exponent is no number, or too large
                yield f"symbolic: {error}"
