"""A layer at given inputs: its basis, computed once, and what output, curvature and penalties need of it.

Letters: b batch, i input node, j basis, o subnode, n closed form, p degree, k outputs of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ... import ops, primitives
from ...layers import KANLayer
from ...ops import dispatch


@dataclass(frozen=True, eq=False)
class Local:
    """A layer at inputs a (b, i). Its basis is computed when first asked for and kept; all else follows the layer's
    parameters as they are.

    Edges that carry no spline hold zeros as coefficients and base scale.
    """

    layer: KANLayer
    a: Tensor

    @cached_property
    def _basis(self) -> tuple[Tensor, Tensor]:
        return ops.basis(self.a, self.layer.knots, degree=self._spec.degree, uniform=self._spec.uniform)

    @property
    def first(self) -> Tensor:
        """(b, i) int64: the first basis function that is not zero."""
        return self._basis[0]

    @property
    def values(self) -> Tensor:
        """(b, i, p+1): the basis functions from `first` on."""
        return self._basis[1]

    @cached_property
    def base(self) -> Tensor | None:
        """(b, i): the base function, None where there is none."""
        return None if self.layer.base_scale is None else ops.base_value(self.layer.base, self.a)

    @cached_property
    def _spec(self) -> ops.Spec:
        return self.layer.spec

    def output(self) -> Tensor:
        """(b, o): the layer's output."""
        layer = self.layer
        y = dispatch.to_out(self.a, None, layer.coef, layer.base_scale, layer.knots, self._spec, bias=layer.bias)
        return y + layer.sum_symbolic(self.a) if layer.symbolic else y

    def edges(self) -> Tensor:
        """(b, i, o): every spline edge on its own."""
        layer = self.layer
        start = self.first + torch.arange(self.first.shape[1], device=self.a.device) * layer.num_basis
        rows = start[..., None] + torch.arange(
            self.values.shape[2], device=self.a.device
        )  # (b, i, p+1), of coef seen as (i*j, o)
        values = torch.einsum("bir,biro->bio", self.values, layer.coef.view(-1, layer.out_features)[rows])
        return (
            values
            if self.base is None or layer.base_scale is None
            else values.add_(self.base[..., None] * layer.base_scale)
        )

    def dense(self) -> Tensor:
        """(b, i, j): the whole basis, zeros included."""
        whole = self.values.new_zeros(*self.first.shape, self.layer.num_basis)
        index = self.first[..., None] + torch.arange(self.values.shape[2], device=self.first.device)
        return whole.scatter_(-1, index, self.values)

    def affine_columns(self) -> Tensor | None:
        """(b, n, 4): the derivatives of the closed forms c f(a x + b) + d by a, b, c, d; None where there are none."""
        layer = self.layer
        if layer.affine is None:
            return None
        x = self.a[:, [edge.src for edge in layer.symbolic]]
        scale, shift, height, _ = layer.affine.unbind(1)
        u, value, slope = scale * x + shift, torch.empty_like(x), torch.empty_like(x)
        for name in dict.fromkeys(edge.primitive for edge in layer.symbolic):
            members = [n for n, edge in enumerate(layer.symbolic) if edge.primitive == name]
            value[:, members], slope[:, members] = (primitives.evaluate(name, u[:, members], order) for order in (0, 1))
        slope *= height
        return torch.stack([slope * x, slope, value, torch.ones_like(x)], dim=2)

    def pull(self, sub: Tensor, columns: Tensor | None) -> Tensor:
        """(b, k, i): the network's sensitivity to the inputs, from that to the subnodes (b, k, o) and the layer's
        `affine_columns`."""
        layer, outputs = self.layer, sub.shape[1]
        a = self.a if outputs == 1 else self.a.repeat_interleave(outputs, 0)
        nodes = dispatch.to_in(a, sub.flatten(0, 1), layer.coef, layer.base_scale, layer.knots, self._spec, 1).view(
            -1, outputs, a.shape[1]
        )
        if columns is None or layer.affine is None:
            return nodes
        src = torch.tensor([edge.src for edge in layer.symbolic], device=a.device)
        dst = [edge.dst for edge in layer.symbolic]
        return nodes.index_add_(2, src, sub[:, :, dst] * (columns[:, :, 1] * layer.affine[:, 0])[:, None])

    def gradient(self, sub: Tensor, columns: Tensor | None) -> Tensor:
        """The gradient by the layer's parameters, in their order in the vector, from that by its subnodes (b, o)."""
        layer = self.layer
        coef, scale = dispatch.to_coef(self.a, None, sub, layer.knots, self._spec)
        parts = [coef, scale, sub.sum(0)]
        if columns is not None:
            parts.append(torch.einsum("bn,bnm->nm", sub[:, [edge.dst for edge in layer.symbolic]], columns))
        return torch.cat([part.reshape(-1) for part in parts if part is not None])
