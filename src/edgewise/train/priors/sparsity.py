"""What keeps a network sparse: the paper's L1 and entropy for gradient methods, a scale-free least-squares form for
second-order ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ...errors import ConfigError
from ...model import KAN
from ...trace import Trace
from ..problems.flat import Curvature, index_of, size_of
from ..problems.layer_basis import Local
from .tuning import TUNED


@dataclass(frozen=True)
class EdgePenalty:
    """strength * sum over edges of ((v + eps^2)^(power/2) - eps^power) / power, v the variance of the edge's values
    over the data.

    Majorised at every point by a quadratic (iteratively reweighted least squares), so that the problem stays one of
    least squares. power 1 is the L1 norm of the spreads. Two nodes that share one function cost no more than one under
    it (the paper adds an entropy for that reason); a concave power such as 1/2 makes the single node cheaper, and needs
    no second term (Chartrand & Yin 2008, doi:10.1109/ICASSP.2008.4518498). Spreads count relative to the largest in
    their layer of nodes, so a network cannot escape by shrinking its activations.
    """

    strength: float
    power: float = 1.0
    eps: float = TUNED.eps
    gauge: tuple[float, ...] = ()
    stiff = False

    def relative_to(self, trace: Trace) -> EdgePenalty:
        """This penalty with the scale of each layer as it is in `trace`."""
        return replace(
            self,
            gauge=tuple(1.0 / max(float(s.detach().std(0, unbiased=False).max()), TUNED.idle) for s in trace.subnodes),
        )

    def _cost(self, variance: Tensor) -> float:
        return float(((variance + self.eps**2) ** (self.power / 2) - self.eps**self.power).sum()) / self.power

    def _slope(self, gauge: float, variance: Tensor) -> Tensor:
        """Twice the derivative of the penalty by the variance, from the relative variance."""
        return self.strength * gauge**2 * (variance + self.eps**2) ** (self.power / 2 - 1)

    def value(self, bases: list[Local]) -> float:
        """The penalty at the present parameters, from the layers' bases at their inputs."""
        total = sum(
            self._cost(g**2 * basis.edges().var(0, unbiased=False)) for g, basis in zip(self.gauge, bases, strict=True)
        )
        return self.strength * total

    def add_quadratic(self, bases: list[Local], gradient: Tensor, curvature: Curvature) -> float:
        """Add gradient and majorising curvature in place; returns the value."""
        start, total = 0, 0.0
        for gauge, local in zip(self.gauge, bases, strict=True):
            layer = local.layer
            basis, weights = local.dense(), layer.coef  # (b, i, j), (i, j, o)
            if local.base is not None and layer.base_scale is not None:
                basis = torch.cat([basis, local.base[..., None]], dim=2)
                weights = torch.cat([weights, layer.base_scale[:, None, :]], dim=1)
            centred = (basis - basis.mean(0)).transpose(0, 1)  # (i, b, j)
            cov = torch.bmm(centred.transpose(1, 2), centred) / basis.shape[0]
            pulled = torch.bmm(cov, weights)
            variance = gauge**2 * (weights * pulled).sum(1).clamp(min=0)
            total += self._cost(variance)
            factor = self._slope(gauge, variance)  # (i, o)
            i, j, o = layer.coef.shape
            columns = index_of(start, i, j, o, local.base is not None, basis.device)  # (i, j(+1), o)
            gradient[columns] += pulled * factor[:, None, :]
            rows = columns.permute(0, 2, 1)  # (i, o, j)
            curvature.add(rows, cov[:, None] * factor[:, :, None, None])
            start += size_of(layer)
        return self.strength * total

    def pulls(self, bases: list[Local], inputs: list[Tensor]) -> list[Tensor | None]:
        """The gradient with respect to each layer's inputs, which move the edges' values: (b, i), None for the first
        layer, whose inputs are data."""
        found: list[Tensor | None] = [None]
        for gauge, local, a in list(zip(self.gauge, bases, inputs, strict=True))[1:]:
            values = local.edges()
            centred = values - values.mean(0)
            factor = self._slope(gauge, gauge**2 * centred.square().mean(0)) / a.shape[0]
            found.append((factor * centred * local.layer.edge_values(a, derivative=1)).sum(2))
        return found


@dataclass(frozen=True)
class L1Entropy:
    """The paper's penalty: strength * sum over layers of l1 * |Phi| + entropy * S(Phi).

    |phi| of an edge is the mean of its absolute values over rows, |Phi| the sum over a layer's edges, S the entropy of
    the shares |phi| / |Phi|. Source: arXiv 2404.19756, eqs. 2.17 to 2.20.

    The rows are those of a mini-batch, so that a step costs the same on any table: its |phi| is an unbiased estimate of
    that of all rows. Where a method takes more rows at once, or states are compared, `sample` stands for them: it is
    the same at every step, as a line search needs, and gives |phi| to a percent or two.
    """

    strength: float
    sample: Tensor
    l1: float = 1.0
    entropy: float = 1.0

    @staticmethod
    def of(x: Tensor, strength: float, seed: int) -> L1Entropy:
        """The penalty for rows x (n, features), of which a sample is drawn with this seed."""
        some = torch.randperm(x.shape[0], generator=torch.Generator().manual_seed(seed))[: TUNED.sample].to(x.device)
        return L1Entropy(strength, x if x.shape[0] <= TUNED.sample else x[some])

    def __call__(self, model: nn.Module, x: Tensor) -> Tensor:
        """The penalty of a model on rows x (b, features), or on the sample where that has fewer."""
        if not isinstance(model, KAN):
            raise ConfigError(f"sparsity is for edgewise.KAN, got {type(model).__name__}")
        total = x.new_zeros(())
        for edges in model.trace(min(x, self.sample, key=len))[1].edges:
            size = edges.abs().mean(0)  # (i, o)
            whole = size.sum()
            share = size / torch.where(whole > 0, whole, 1.0)  # a layer without activity has neither cost nor gradient
            spread = torch.special.xlogy(share, share.clamp(min=torch.finfo(x.dtype).tiny)).sum()
            total = total + self.l1 * whole - self.entropy * spread
        return self.strength * total
