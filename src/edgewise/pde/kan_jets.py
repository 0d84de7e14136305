"""A KAN as a function with derivatives: one pass gives values and partial derivatives, one pass back their Jacobian.

Letters: a multi-index, b point, d input, k residual, o output, P parameters that may move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..model import KAN
from ..train.problems.flat import Flat, size_of
from .indices import Index, Indices
from .layer_jets import LayerJets
from .taylor import multiply, pull


@dataclass(frozen=True)
class KanPass:
    """One forward pass: the derivatives of the outputs (a, b, o), and what each layer was at."""

    derivatives: Tensor
    layers: list[LayerJets]
    subnodes: list[Tensor]  # (a, b, s) of each layer, before nodes multiply them


class KanJets:
    """Values, partial derivatives, and their derivatives by the parameters, of a private KAN whose parameters move.

    No autograd: edges are composed with truncated Taylor polynomials (`taylor.py`), and a pull-back of the same cost
    gives the rows of a Jacobian. Parameters whose names are in `fixed` stay as they are.
    """

    def __init__(self, model: KAN, fixed: Collection[str] = ()) -> None:
        self.model, self.flat = model, Flat(model)
        self.outputs = model.outputs
        if fixed:
            self.flat.free &= torch.cat(
                [
                    torch.full((part.numel(),), f"layers.{number}.{name}" not in fixed, device=part.device)
                    for number, layer in enumerate(model.edge_layers)
                    for name in ("coef", "base_scale", "bias", "affine")
                    if (part := getattr(layer, name)) is not None
                ]
            )
            self.flat.places = self.flat.free.nonzero()[:, 0]

    def start(self) -> Tensor:
        """The parameters as they are now (P,)."""
        return self.flat.read()

    def load(self, theta: Tensor) -> None:
        """Set the parameters to theta (P,)."""
        self.flat.load(theta)

    def derivatives(self, x: Tensor, indices: Indices) -> Tensor:
        """Every partial derivative of the outputs at x (b, d): (a, b, o)."""
        return self.forward(x, indices).derivatives

    def forward(self, x: Tensor, indices: Indices) -> KanPass:
        """The pass at x (b, d), with the parameters last loaded."""
        model, layers, subnodes = self.model, [], []
        inner = self._inputs(x, indices)
        for number, layer in enumerate(model.edge_layers, start=1):
            layers.append(LayerJets(layer, inner, indices))
            subnodes.append(layers[-1].output())
            inner = self._nodes(number, subnodes[-1], indices)
        factorials = torch.tensor(indices.factorials, dtype=x.dtype, device=x.device)[:, None, None]
        found = inner * (factorials * model.output_scale)
        found[0] += model.output_shift
        return KanPass(found, layers, subnodes)

    def rows(self, done: KanPass, slopes: Tensor) -> Tensor:
        """The Jacobian (b, k, P) of residuals, from their derivatives (a, b, k, o) by those of the outputs."""
        parts = []
        for number, cotangent in self.cotangents(done, slopes):
            kept = self.kept[number - 1]
            if kept is None or len(kept):
                parts.insert(0, done.layers[number - 1].rows(cotangent, kept))
        return parts[0] if len(parts) == 1 else torch.cat(parts, 2)

    @cached_property
    def kept(self) -> list[Tensor | None]:
        """The places of each layer's parameters that may move, among its own; None where all may."""
        free = self.flat.free.split([size_of(layer) for layer in self.model.edge_layers])
        return [None if bool(part.all()) else part.nonzero()[:, 0] for part in free]

    def cotangents(self, done: KanPass, slopes: Tensor) -> Iterator[tuple[int, Tensor]]:
        """The derivatives (a, b, k, s) of residuals by the polynomials of each layer's subnodes, the last layer first,
        with its number."""
        indices = done.layers[0].indices
        factorials = torch.tensor(indices.factorials, dtype=slopes.dtype, device=slopes.device)[:, None, None, None]
        cotangent = slopes * (factorials * self.model.output_scale)
        for number in range(len(done.layers), 0, -1):
            cotangent = self._through_products(number, cotangent, done.subnodes[number - 1], indices)
            yield number, cotangent
            if number > 1:
                cotangent = done.layers[number - 1].pulled(cotangent)

    def _inputs(self, x: Tensor, indices: Indices) -> Tensor:
        """The polynomials (a, b, i) of the scaled inputs in use."""
        model = self.model
        scaled = model.scale_inputs(x)
        inner = scaled.new_zeros(len(indices), *scaled.shape)
        inner[0] = scaled
        columns = range(x.shape[1]) if model.columns is None else model.columns.tolist()
        for node, column in enumerate(columns):
            unit: Index = tuple(int(axis == column) for axis in range(x.shape[1]))
            if unit in indices.position:
                inner[indices.position[unit], :, node] = 1.0 / model.input_scale[column]
        return inner

    def _nodes(self, layer: int, subnodes: Tensor, indices: Indices) -> Tensor:
        """Nodes (a, b, n) from subnodes (a, b, s)."""
        if not self.model.topology.has_products(layer):
            return subnodes
        nodes, position = [], 0
        for factors in self.model.topology.factors[layer]:
            node = subnodes[:, :, position]
            for other in range(1, len(factors)):
                node = multiply(node, subnodes[:, :, position + other], indices)
            nodes.append(node)
            position += len(factors)
        return torch.stack(nodes, 2)

    def _through_products(self, layer: int, nodes: Tensor, subnodes: Tensor, indices: Indices) -> Tensor:
        """The cotangent (a, b, k, s) of subnodes from that of nodes (a, b, k, n)."""
        if not self.model.topology.has_products(layer):
            return nodes
        found, position = [], 0
        for number, factors in enumerate(self.model.topology.factors[layer]):
            own = [subnodes[:, :, position + place] for place in range(len(factors))]
            for place in range(len(factors)):
                back = nodes[:, :, :, number]
                for sibling in [*own[:place], *own[place + 1 :]]:
                    back = pull(back, sibling[:, :, None], indices)
                found.append(back)
            position += len(factors)
        return torch.stack(found, 3)
