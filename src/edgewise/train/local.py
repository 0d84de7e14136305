"""A layer's basis at given inputs, computed once and used for output, Jacobian and penalty.

Letters: b batch, i input node, j basis, o subnode, p degree.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .. import ops
from ..layers import KANLayer


@dataclass(frozen=True)
class Local:
    """A layer's basis at its inputs: only what is not zero. first (b, i) int64, values (b, i, p+1), base (b, i) or None."""

    layer: KANLayer
    first: Tensor
    values: Tensor
    base: Tensor | None

    @staticmethod
    def at(layer: KANLayer, a: Tensor) -> Local:
        """The basis of a layer at inputs a (b, i)."""
        first, values = ops.basis(a, layer.knots, degree=layer.degree, uniform=layer.uniform)
        return Local(layer, first, values, None if layer.base_scale is None else ops.base_value(layer.base, a))

    @property
    def rows(self) -> Tensor:
        """Rows (b, i, p+1) of coef seen as (i*j, o) that the inputs touch."""
        start = self.first + torch.arange(self.first.shape[1], device=self.first.device) * self.layer.num_basis
        return start[..., None] + torch.arange(self.values.shape[2], device=self.first.device)

    def output(self) -> Tensor:
        """(b, o): sum over the inputs of the spline edges; edges that carry no spline hold zeros here."""
        layer = self.layer
        coef = layer.coef.view(-1, layer.out_features)
        y = torch.nn.functional.embedding_bag(self.rows.flatten(1), coef, mode="sum", per_sample_weights=self.values.flatten(1))
        return y if self.base is None or layer.base_scale is None else y.addmm_(self.base, layer.base_scale)

    def edges(self) -> Tensor:
        """(b, i, o): every spline edge on its own."""
        layer = self.layer
        coef = layer.coef.view(-1, layer.out_features)
        values = torch.einsum("bir,biro->bio", self.values, coef[self.rows])
        return values if self.base is None or layer.base_scale is None else values.add_(self.base[..., None] * layer.base_scale)

    def dense(self) -> Tensor:
        """(b, i, j): the whole basis, zeros included."""
        whole = self.values.new_zeros(*self.first.shape, self.layer.num_basis)
        index = self.first[..., None] + torch.arange(self.values.shape[2], device=self.first.device)
        return whole.scatter_(-1, index, self.values)
