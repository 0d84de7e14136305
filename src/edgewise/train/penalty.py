"""What keeps a network sparse: the paper's L1 and entropy for gradient methods, a scale-free least-squares form for second-order ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from .. import ops
from ..errors import ConfigError
from ..fitting import dense_basis
from ..model import KAN
from ..trace import Trace


@dataclass(frozen=True)
class EdgePenalty:
    """strength * sum over edges of ((v + eps^2)^(power/2) - eps^power) / power, v the variance of the edge's values over the data.

    Majorised at every point by a quadratic (iteratively reweighted least squares), so that the problem stays one of least squares. power 1 is the
    L1 norm of the spreads. Two nodes that share one function cost no more than one under it (the paper adds an entropy for that reason); a
    concave power such as 1/2 makes the single node cheaper, and needs no second term (Chartrand & Yin 2008, doi:10.1109/ICASSP.2008.4518498).
    Spreads count relative to the largest in their layer of nodes, so a network cannot escape by shrinking its activations.
    """

    strength: float
    power: float = 1.0
    eps: float = 1e-3
    gauge: tuple[float, ...] = ()

    def relative_to(self, trace: Trace) -> EdgePenalty:
        """This penalty with the scale of each layer as it is in `trace`."""
        return replace(self, gauge=tuple(1.0 / max(float(s.detach().std(0, unbiased=False).max()), 1e-12) for s in trace.subnodes))

    def _cost(self, variance: Tensor) -> float:
        return float(((variance + self.eps**2) ** (self.power / 2) - self.eps**self.power).sum()) / self.power

    def value(self, model: KAN, inputs: list[Tensor], subnodes: list[Tensor]) -> float:
        """The penalty at the present parameters."""
        total = 0.0
        for number, (layer, a) in enumerate(zip(model.edge_layers, inputs, strict=True)):
            variance = layer.edge_values(a).var(0, unbiased=False)
            total += self._cost(self.gauge[number] ** 2 * variance)
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
            square = self.gauge[number] ** 2
            total += self._cost(square * variance)
            factor = self.strength * square * (square * variance + self.eps**2) ** (self.power / 2 - 1)  # (i, o)
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


def l1_entropy(x: Tensor, strength: float, l1: float = 1.0, entropy: float = 1.0) -> Callable[[nn.Module], Tensor]:
    """The paper's penalty as a function of the model, on the rows x (b, features): strength * sum over layers of l1 * |Phi| + entropy * S(Phi).

    |phi| of an edge is the mean of its absolute values over x, |Phi| the sum over a layer's edges, S the entropy of the shares |phi| / |Phi|.
    Source: arXiv 2404.19756, eqs. 2.17 to 2.20.
    """

    def penalty(model: nn.Module) -> Tensor:
        if not isinstance(model, KAN):
            raise ConfigError(f"sparsity is for edgewise.KAN, got {type(model).__name__}")
        total = x.new_zeros(())
        for edges in model.trace(x)[1].edges:
            size = edges.abs().mean(0)  # (i, o)
            whole = size.sum()
            share = size / whole.clamp(min=torch.finfo(x.dtype).tiny)
            total = total + l1 * whole - entropy * torch.special.xlogy(share, share.clamp(min=torch.finfo(x.dtype).tiny)).sum()
        return strength * total

    return penalty
