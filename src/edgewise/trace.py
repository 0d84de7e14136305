"""What flows through a network on given data, as values: tensors only."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """Activations of one forward pass, layer by layer, in the network's own (scaled) units.

    nodes[l] (b, n_l): node values, nodes[0] the scaled inputs; edges[l] (b, i, o): every edge's value; subnodes[l] (b,
    s): the sums that enter layer l+1 before products are taken.
    """

    nodes: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]
    subnodes: tuple[Tensor, ...]

    @property
    def edge_spread(self) -> tuple[Tensor, ...]:
        """Standard deviation of every edge: (i, o) per layer."""
        return tuple(values.std(0, unbiased=False) for values in self.edges)
