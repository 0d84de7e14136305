"""The Jacobian of networks whose trainable parameters all belong to `nn.Linear` layers, kept as products and never
formed.

Each row of a layer's part of the Jacobian is an outer product: d output / d weight = d (o,) a^T (i,), with a what went
into the layer and d the derivative by what came out. So J J^T costs m^2 times the widths instead of m^2 times the
parameters, and J v a pass through the layers: the kernel that Jacot et al. 2018 (arXiv 1806.07572) call the neural
tangent kernel. A bias is a weight on an input that is one.

Letters: n rows of data, k outputs, m = n k rows of the Jacobian, o and i a layer's outputs and inputs, the bias among
the inputs, P parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.autograd import grad


@dataclass(frozen=True)
class Place:
    """Where the parameters of a linear layer lie among all: weight (o, i), and bias (o,) where there is one."""

    layer: nn.Linear
    weight: slice
    bias: slice | None

    def take(self, v: Tensor) -> Tensor:
        """The layer's part of v (P,), the bias as the last column (o, i)."""
        weight = v[self.weight].view(self.layer.weight.shape)
        return weight if self.bias is None else torch.cat([weight, v[self.bias][:, None]], dim=1)

    def put(self, part: Tensor, v: Tensor) -> None:
        """Write such a part (..., o, i) into v (..., P)."""
        columns = self.layer.in_features
        v[..., self.weight] = part[..., :columns].flatten(-2)
        if self.bias is not None:
            v[..., self.bias] = part[..., columns]


def places(module: nn.Module, parameters: Sequence[nn.Parameter]) -> list[Place] | None:
    """The linear layers that hold all of these parameters, each of them once; None where some belong to anything else.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1, bias=False))
    >>> [(place.weight, place.bias) for place in places(net, list(net.parameters()))]
    [(slice(0, 6, None), slice(6, 9, None)), (slice(9, 12, None), None)]
    """
    where, start = {}, 0
    for parameter in parameters:
        where[id(parameter)] = slice(start, start + parameter.numel())
        start += parameter.numel()
    found = []
    for layer in module.modules():
        if type(layer) is nn.Linear and id(layer.weight) in where and (layer.bias is None or id(layer.bias) in where):
            found.append(
                Place(layer, where.pop(id(layer.weight)), None if layer.bias is None else where.pop(id(layer.bias)))
            )
    return None if where else found


@dataclass(frozen=True)
class Factored:
    """Rows J (m, P), m = n k, as one outer product per layer: `inputs` (n, i) and `slopes` (n, k, o) of every place;
    `total` is P."""

    places: list[Place]
    inputs: list[Tensor]
    slopes: list[Tensor]
    total: int

    @property
    def shape(self) -> tuple[int, int]:
        """(m, P)."""
        return self.slopes[0].shape[0] * self.slopes[0].shape[1], self.total

    def mixed(self, mixing: Tensor) -> Factored:
        """The rows of each data row mixed by `mixing` (n, k, k): new row l is the sum over k of mixing[:, k, l] times
        row k."""
        return replace(self, slopes=[torch.bmm(mixing.mT, d) for d in self.slopes])

    def scaled(self, factor: Tensor) -> Factored:
        """The rows times `factor` (n,) or a number."""
        return replace(self, slopes=[d * (factor[:, None, None] if factor.ndim else factor) for d in self.slopes])

    def expand(self) -> Tensor:
        """J as a tensor (n, k, P)."""
        n, k, _ = self.slopes[0].shape
        rows = self.slopes[0].new_empty(n, k, self.total)
        for place, a, d in zip(self.places, self.inputs, self.slopes, strict=True):
            place.put(d[..., None] * a[:, None, None, :], rows)
        return rows

    def times(self, v: Tensor) -> Tensor:
        """J v (m,) for v (P,)."""
        parts = zip(self.places, self.inputs, self.slopes, strict=True)
        return (
            torch.stack([torch.bmm(d, (a @ place.take(v).T)[..., None])[..., 0] for place, a, d in parts])
            .sum(0)
            .flatten()
        )

    def pull(self, u: Tensor) -> Tensor:
        """J^T u (P,) for u (m,)."""
        v = u.new_empty(self.total)
        for place, a, d in zip(self.places, self.inputs, self.slopes, strict=True):
            place.put(torch.bmm(u.view(d.shape[0], 1, -1), d)[:, 0].T @ a, v)
        return v

    def diagonal(self) -> Tensor:
        """The diagonal of J^T J (P,)."""
        v = self.slopes[0].new_empty(self.total)
        for place, a, d in zip(self.places, self.inputs, self.slopes, strict=True):
            place.put(d.square().sum(1).T @ a.square(), v)
        return v

    def near(self, scale: Tensor) -> Tensor:
        """The positive scale (P,) closest to this one, by its sums, among those that are an outer product on every
        layer: `gram` takes only these."""
        near = scale.clone()
        for place in self.places:
            part = place.take(scale)
            place.put(part.sum(1, keepdim=True) * part.sum(0, keepdim=True) / part.sum(), near)
        return near

    def gram(self, scale: Tensor) -> Tensor:
        """J diag(scale)^-1 J^T (m, m) for a scale from `near`."""
        n, k, _ = self.slopes[0].shape
        total = scale.new_zeros(n, k, n, k)
        for place, a, d in zip(self.places, self.inputs, self.slopes, strict=True):
            part = place.take(scale)
            rows, columns = (part[:, 0] / part[0, 0]).rsqrt() * d, part[0].rsqrt() * a
            flat = rows.flatten(0, 1)
            total.addcmul_((flat @ flat.T).view(n, k, n, k), (columns @ columns.T)[:, None, :, None])
        return total.view(n * k, n * k)


@torch.enable_grad()
def jacobian(module: nn.Module, places: list[Place], total: int, X: Tensor) -> tuple[Factored, Tensor] | None:
    """d outputs / d parameters at X (n, ...) and the outputs (n, k), in float64; None where a layer is not used once,
    on one vector per row."""
    met: dict[int, list[tuple[Tensor, Tensor]]] = {}

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        met.setdefault(id(layer), []).append((inputs[0].detach(), output))
        return output.clone()  # an activation in place must not overwrite what the derivative is taken by

    hooks = [place.layer.register_forward_hook(keep) for place in places]
    try:
        outputs = module(X).reshape(X.shape[0], -1)
    finally:
        for hook in hooks:
            hook.remove()
    once = [met.get(id(place.layer), []) for place in places]
    if any(
        len(pairs) != 1 or pairs[0][0].shape != (X.shape[0], place.layer.in_features)
        for pairs, place in zip(once, places, strict=True)
    ):
        return None
    inputs, responses = zip(*(pairs[0] for pairs in once), strict=True)
    found = [grad(column.sum(), responses, retain_graph=True, allow_unused=True) for column in outputs.unbind(1)]
    if any(part is None for parts in found for part in parts):
        return None
    slopes = [torch.stack(parts, 1).to(torch.float64) for parts in zip(*found, strict=True)]
    full = [
        a if place.bias is None else torch.cat([a, a.new_ones(len(a), 1)], 1)
        for place, a in zip(places, inputs, strict=True)
    ]
    return Factored(places, [a.to(torch.float64) for a in full], slopes, total), outputs.detach()
