"""What keeps a network sparse: the paper's L1 and entropy for gradient methods, a scale-free least-squares form for second-order ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .. import ops
from ..fitting import dense_basis
from ..model import KAN
from ..trace import Trace, scores


@dataclass(frozen=True)
class EdgePenalty:
    """strength * sum over edges of sqrt(var(phi_edge) + eps^2), majorised at every point by a quadratic (iteratively reweighted
    least squares), so that the problem stays one of least squares. Variances are over the data; y is in units of its own spread."""

    strength: float
    eps: float = 1e-3
    gauge: tuple[Tensor, ...] = ()

    def weighed(self, model: KAN, trace: Trace) -> EdgePenalty:
        """This penalty with each edge's spread counted relative to the spread of the node it feeds, times that node's share in the output: a
        network cannot escape it by shrinking its activations. The weights stay as they are at `trace`."""
        gauge = []
        for layer, nodes in enumerate(scores(model, trace)[0][1:], start=1):
            spread = trace.subnodes[layer - 1].std(0, unbiased=False)
            share = nodes.mean(0)[model.subnode_owner(layer)]
            gauge.append((share / spread.clamp(min=self.eps)).clamp(min=0.1))
        return replace(self, gauge=tuple(gauge))

    def _gauge(self, layer: int) -> Tensor | float:
        return self.gauge[layer] if self.gauge else 1.0

    def value(self, model: KAN, inputs: list[Tensor], subnodes: list[Tensor]) -> float:
        """The penalty at the present parameters."""
        total = 0.0
        for number, (layer, a) in enumerate(zip(model.edge_layers, inputs, strict=True)):
            variance = layer.edge_values(a).var(0, unbiased=False)
            total += float((self._gauge(number) * ((variance + self.eps**2).sqrt() - self.eps)).sum())
        return self.strength * total

    def add_quadratic(self, model: KAN, inputs: list[Tensor], subnodes: list[Tensor], gradient: Tensor, curvature: Tensor) -> float:
        """Add gradient and majorising curvature in place; returns the value."""
        start, total = 0, 0.0
        for number, (layer, a) in enumerate(zip(model.edge_layers, inputs, strict=True)):
            i, j, o = layer.coef.shape
            basis = dense_basis(a, layer.knots, degree=layer.degree, uniform=layer.uniform)  # (b, i, j)
            weights = layer.coef
            if layer.base_scale is not None:
                basis = torch.cat([basis, ops.base_value(layer.base, a)[..., None]], dim=2)
                weights = torch.cat([weights, layer.base_scale[:, None, :]], dim=1)
            centred = basis - basis.mean(0)
            cov = torch.einsum("bij,bil->ijl", centred, centred) / a.shape[0]
            pulled = torch.einsum("ijl,ilo->ijo", cov, weights)
            variance = (weights * pulled).sum(1).clamp(min=0)
            root = (variance + self.eps**2).sqrt()
            total += float((self._gauge(number) * (root - self.eps)).sum())
            factor = self.strength * self._gauge(number) / root  # (i, o)
            slope = pulled * factor[:, None, :]
            columns = index_of(start, i, j, o, layer.base_scale is not None, a.device)  # (i, j(+1), o)
            gradient[columns] += slope
            rows = columns.permute(0, 2, 1)  # (i, o, j)
            curvature[rows[..., :, None], rows[..., None, :]] += cov[:, None] * factor[:, :, None, None]
            start += sum(p.numel() for p in (layer.coef, layer.base_scale, layer.bias, layer.affine) if p is not None)
        return self.strength * total


def index_of(start: int, i: int, j: int, o: int, base: bool, device: torch.device) -> Tensor:
    """Positions of coef and base_scale of one layer in the parameter vector, as one block (i, j(+1), o)."""
    coef = start + torch.arange(i * j * o, device=device).view(i, j, o)
    if not base:
        return coef
    scale = start + i * j * o + torch.arange(i * o, device=device).view(i, 1, o)
    return torch.cat([coef, scale], dim=1)
