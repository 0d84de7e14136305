"""The Jacobian of a network by blocks of edges that carry splines: where most carry none, their columns are not laid
out.

Inputs that lead to the same subnodes are one block. A block is a layer of its own to `ops.normal`, with the bases of
its inputs and the sensitivities of its subnodes. Letters: b batch, k outputs, i input node, j basis, o subnode, n
closed form, P parameters, M of them that move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...layers import KANLayer
from ...ops.network_jacobian import LayerJacobian
from .flat import index_of, size_of
from .layer_basis import Local
from .tuning import TUNED


class EdgeBlock(NamedTuple):
    """Some inputs (i,) and subnodes (o,) of a layer, both None for all; whether the layer's biases and closed forms are
    its own."""

    inputs: Tensor | None
    subnodes: Tensor | None
    rest: bool


class EdgeBlocks:
    """The blocks of every layer.

    order (M,): where the parameters that move stand among their columns; None where all columns move, in their order.
    size: how many columns are laid out.
    """

    def __init__(self, layers: Sequence[KANLayer], places: Tensor | None) -> None:
        self.layers = [_blocks_of(layer) if places is not None else [EdgeBlock(None, None, True)] for layer in layers]
        self.order: Tensor | None = None
        if places is None:
            self.size = sum(size_of(layer) for layer in layers)
            return
        start, columns = 0, list[Tensor]()
        for layer, blocks in zip(layers, self.layers, strict=True):
            columns += [_places(layer, block, start) for block in blocks]
            start += size_of(layer)
        at = torch.cat(columns)  # of every column: the place of its parameter in the vector, -1 for copies of biases
        column_of = torch.full((start,), -1, dtype=torch.int64, device=at.device)
        column_of[at[at >= 0]] = (at >= 0).nonzero()[:, 0]
        self.order, self.size = column_of[places], len(at)

    def jacobian(
        self, bases: Sequence[Local], sens: Sequence[Tensor], columns: Sequence[Tensor | None]
    ) -> list[LayerJacobian]:
        """The blocks' parts of the Jacobian, from the layers' bases, sensitivities (b, k, o), and `affine_columns`."""
        found = []
        for blocks, basis, part, constants in zip(self.layers, bases, sens, columns, strict=True):
            for inputs, subnodes, rest in blocks:
                first, values, base = basis.first, basis.values, basis.base
                if inputs is not None:
                    first, values, base = first[:, inputs], values[:, inputs], None if base is None else base[:, inputs]
                own = part if subnodes is None else part[:, :, subnodes]
                extra = _further(basis.layer, part, constants) if rest else None
                found.append(LayerJacobian(first, values, base, own, basis.layer.num_basis, extra))
        return found


def _blocks_of(layer: KANLayer) -> list[EdgeBlock]:
    """A layer's edges with splines, by inputs that lead to the same subnodes; one block of all edges where that is
    faster."""
    on = layer.spline_edges()
    patterns, which = on.unique(dim=0, return_inverse=True)
    found = [
        EdgeBlock((which == number).nonzero()[:, 0], pattern.nonzero()[:, 0], False)
        for number, pattern in enumerate(patterns)
        if bool(pattern.any())
    ]
    none = torch.arange(0, device=on.device)
    found.append(EdgeBlock(none, None, True))
    per_edge = layer.num_basis + (layer.base_scale is not None)
    laid_out = sum((len(i) * per_edge + 1) * len(o) for i, o, _ in found if i is not None and o is not None)
    whole = on.numel() * per_edge
    return found if laid_out <= TUNED.laid_out * whole else [EdgeBlock(None, None, True)]


def _places(layer: KANLayer, block: EdgeBlock, start: int) -> Tensor:
    """Places in the vector of the parameters of a block's columns; -1 for biases that are the columns of another."""
    device, base = layer.coef.device, layer.base_scale is not None
    i, j, o = layer.coef.shape
    edges = index_of(start, i, j, o, base, device)
    if block.inputs is not None:
        edges = edges[block.inputs]
    if block.subnodes is not None:
        edges = edges[:, :, block.subnodes]
    end = start + i * o * (j + base)
    after = torch.arange(end, start + size_of(layer), device=device)
    rest = after if block.rest else torch.full((edges.shape[2],), -1, device=device)
    return torch.cat([edges[:, :j].reshape(-1), edges[:, j:].reshape(-1), rest])


def _further(layer: KANLayer, sens: Tensor, columns: Tensor | None) -> Tensor | None:
    """A layer's columns of the Jacobian beyond splines and bias, (b, k, 4n): its closed forms' constants. None where
    there are none."""
    return (
        None
        if columns is None
        else (sens[:, :, [edge.dst for edge in layer.symbolic], None] * columns[:, None]).flatten(2)
    )
