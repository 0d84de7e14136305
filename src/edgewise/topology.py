"""Who is who: the identity of nodes and edges through any sequence of changes, and what a removal keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .errors import StructureError, shown, twice

LARGEST_TABLE = 10**7  # entries of `factor_table` in a file: it grows as the square of what the file holds

Edge = tuple[int, int, int]
Node = tuple[int, int]


@dataclass(frozen=True)
class Topology:
    """Original ids of what is still there.

    features: length of the user's feature vector, of which `node_ids[0]` are used; node_ids[l]: ids of the nodes of
    layer l, in the order of their positions, sums first; factors[l][n]: ids of the subnodes that node n multiplies (a
    sum has one), empty for the inputs. Subnodes stand in the order of `factors`, flattened. An edge (l, src, dst) runs
    from node id `src` of layer l to subnode id `dst` of layer l+1.

    >>> Topology.create(((2, ()), (1, (2,)))).factors[1]
    ((0,), (1, 2))
    """

    features: int
    node_ids: tuple[tuple[int, ...], ...]
    factors: tuple[tuple[tuple[int, ...], ...], ...]

    @staticmethod
    def create(widths: tuple[tuple[int, tuple[int, ...]], ...]) -> Topology:
        """The topology of a fresh network of these canonical widths."""
        ids, factors = [], []
        for layer, (sums, arities) in enumerate(widths):
            ids.append(tuple(range(sums + len(arities))))
            nodes, start = [], 0
            for arity in (1,) * sums + arities if layer else ():
                nodes.append(tuple(range(start, start + arity)))
                start += arity
            factors.append(tuple(nodes))
        return Topology(widths[0][0], tuple(ids), tuple(factors))

    def faults(self) -> Iterator[str]:
        """What keeps this from being the topology of a network, in words; nothing where it is one.

        >>> list(Topology(2, ((0, 0), (0,)), ((), ((0,),))).faults())
        ['node_ids[0] holds 0 twice']
        """
        layers = len(self.node_ids), len(self.factors)
        if layers[0] != layers[1] or layers[0] < 2:
            yield f"node_ids has {layers[0]} layers and factors {layers[1]}, wanted 2 or more, as many of both"
            return
        if beyond := [n for n in self.node_ids[0] if n >= self.features]:
            yield f"node_ids[0] holds {beyond[0]}, wanted columns below {self.features}"
        if self.factors[0]:
            yield "factors[0] must be empty: inputs have no subnodes"
        for layer, (nodes, factors) in enumerate(zip(self.node_ids, self.factors, strict=True)):
            if not nodes:
                yield f"node_ids[{layer}] is empty, wanted at least one node"
            yield from (f"node_ids[{layer}] holds {n} twice" for n in twice(nodes))
            yield from (f"factors[{layer}] holds {s} twice" for s in twice(self.subnode_ids(layer)))
            if layer and len(factors) != len(nodes):
                yield f"factors[{layer}] has {len(factors)} entries for {len(nodes)} nodes"
            if not all(factors):
                yield f"factors[{layer}] holds a node without subnodes"
            table = len(nodes) * max(map(len, factors), default=0)
            if table > LARGEST_TABLE:
                yield f"factors[{layer}] needs a table of {table} entries, wanted at most {LARGEST_TABLE}"

    @property
    def depth(self) -> int:
        """Number of layers of edges."""
        return len(self.node_ids) - 1

    def subnode_ids(self, layer: int) -> tuple[int, ...]:
        """Ids of the subnodes of layer `layer` (1..depth) in the order of their positions."""
        return tuple(s for node in self.factors[layer] for s in node)

    @property
    def widths(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(sums, arities) per layer as they stand now."""
        first = (len(self.node_ids[0]), ())
        return (
            first,
            *(
                (sum(len(n) == 1 for n in layer), tuple(len(n) for n in layer if len(n) > 1))
                for layer in self.factors[1:]
            ),
        )

    def shape_text(self) -> str:
        """The widths in words.

        >>> Topology.create(((2, ()), (3, (2,)), (1, ()))).shape_text()  # three sums and one product of two factors
        '[2, 3+1x2, 1]'
        """
        words = []
        for sums, arities in self.widths:
            products = "+".join(f"{arities.count(a)}x{a}" for a in sorted(set(arities)))
            words.append("+".join(w for w in (str(sums) if sums or not products else "", products) if w))
        return "[" + ", ".join(words) + "]"

    def has_products(self, layer: int) -> bool:
        """Whether any node of this layer multiplies."""
        return any(len(node) > 1 for node in self.factors[layer])

    def factor_table(self, layer: int) -> list[list[int]]:
        """Positions of each node's subnodes, padded with the number of subnodes (there stands a constant one): one row
        a node."""
        position, rows = 0, []
        count = len(self.subnode_ids(layer))
        arity = max(len(node) for node in self.factors[layer])
        for node in self.factors[layer]:
            rows.append([*range(position, position + len(node)), *([count] * (arity - len(node)))])
            position += len(node)
        return rows

    def node_position(self, node: Node) -> int:
        """Where node (layer, id) stands now. Raises `StructureError` when it is not there."""
        layer, ident = self._layer(node[0], self.depth), node[1]
        if ident not in self.node_ids[layer]:
            raise StructureError(
                f"no node {shown((node[0], ident))}: layer {layer} has the nodes {shown(list(self.node_ids[layer]))}"
            )
        return self.node_ids[layer].index(ident)

    def edge_position(self, edge: Edge) -> tuple[int, int, int]:
        """(layer, position of the source node, position of the target subnode). Raises `StructureError` when there is
        no such edge."""
        if not (isinstance(edge, tuple | list) and len(edge) == 3):
            raise StructureError(f"an edge is (layer, source node, target subnode), got {shown(edge)}")
        layer, src, dst = edge
        layer = self._layer(layer, self.depth - 1)
        targets = self.subnode_ids(layer + 1)
        if src not in self.node_ids[layer] or dst not in targets:
            raise StructureError(
                f"no edge {shown(tuple(edge))}: layer {layer} has the source nodes"
                f" {shown(list(self.node_ids[layer]))} and the target subnodes {shown(list(targets))}"
            )
        return layer, self.node_ids[layer].index(src), targets.index(dst)

    def edge_at(self, layer: int, src: int, dst: int) -> Edge:
        """The identity of the edge at these positions."""
        return layer, self.node_ids[layer][src], self.subnode_ids(layer + 1)[dst]

    def without(self, nodes: set[Node]) -> Topology:
        """The topology after these nodes (layer, id) are gone."""
        ids = tuple(
            tuple(n for n in layer_ids if (layer, n) not in nodes) for layer, layer_ids in enumerate(self.node_ids)
        )
        factors = tuple(
            (
                tuple(f for n, f in zip(self.node_ids[layer], layer_factors, strict=True) if (layer, n) not in nodes)
                if layer
                else ()
            )
            for layer, layer_factors in enumerate(self.factors)
        )
        return Topology(self.features, ids, factors)

    def _layer(self, layer: int, last: int) -> int:
        if not isinstance(layer, int) or not 0 <= layer <= last:
            raise StructureError(f"no layer {shown(layer)}: layers run from 0 to {last}")
        return layer
