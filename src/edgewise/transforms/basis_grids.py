"""One layer on another basis than splines: with more functions, on a longer domain, or refitted. Each is linear in the
coefficients.

Letters: m points, i input node, j basis function before, k after, o output node.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .. import knots_by_samples
from ..errors import GridError
from ..limits import layer_bytes, refuse_too_large
from ..nn.basis_layer import BasisLayer
from ..nn.rebasing import Rebasing, padded

DIRECTIONS = 1e-3  # the rank of directions: Adam changes each coefficient by itself, so they do not go on cancelling
POINTS = 8  # of the refit for each basis function, before and after: polynomials and waves of all of them are resolved


@dataclass(frozen=True)
class BasisChange:
    """What makes of a layer the same layer on another basis."""

    how: Rebasing

    @torch.no_grad()
    def __call__(self, layer: BasisLayer) -> BasisLayer:
        """The new layer. Raises `GridError` where its numbers overflow."""
        how, options = self.how, {"device": "meta", "dtype": layer.coef.dtype}
        refuse_too_large(
            f"num_basis={how.num_basis}",
            layer_bytes(layer.in_features, layer.out_features, how.num_basis, 0),
            "take fewer basis functions",
        )
        settings: dict[str, Any] = {"num_basis": how.num_basis, "base": layer.base, "domain": how.domain, "seed": 0}
        new = type(layer)(layer.in_features, layer.out_features, layer.bias is not None, **options, **settings)
        for name, p in layer.named_parameters():
            value = self.values(layer, name)
            if not bool(value.isfinite().all()) and bool(p.isfinite().all()):
                raise GridError(
                    f"{name} on the domain {how.domain} overflows {p.dtype}; take rows that lie nearer, fewer basis"
                    " functions, or the module in torch.float64, by .double()"
                )
            setattr(new, name, nn.Parameter(value))
        return new

    def values(self, layer: BasisLayer, name: str) -> Tensor:
        """One of the new parameters, `coef` (i, k, o) say, in the number format of the old one."""
        p = getattr(layer, name).detach()
        if name == "coef":
            return (_on(self.how.coef, p) @ p.double()).to(p)
        if name == "bias" and self.how.constant is not None:
            constant = _on(self.how.constant, p)[..., None, :] @ layer.coef.detach().double()  # (i, 1, o)
            return p + constant.sum((0, 1)).to(p)
        if name in self.how.own:
            return (self.squares(p, name).sqrt() * _signs(self.how.own[name], p)).to(p)
        return p.clone()

    def squares(self, p: Tensor, name: str) -> Tensor:
        """The squares of a parameter of the basis afterwards: (i, h')."""
        before = torch.cat([torch.ones_like(p[:, :1]), p.square()], 1)
        return before.double() @ _on(self.how.own[name], p).T


def _on(matrix: Tensor, like: Tensor) -> Tensor:
    return matrix.to(device=like.device, dtype=torch.float64)


def _signs(own: Tensor, p: Tensor) -> Tensor:
    """Signs (i, h') of the new parameters: those of the old ones p (i, h), and + for what is new."""
    signs = torch.ones(p.shape[0], own.shape[0], dtype=torch.float64, device=p.device)
    kept = min(p.shape[1], own.shape[0])
    signs[:, :kept] = torch.where(p[:, :kept] < 0, -1.0, 1.0)
    return signs


def unchanged(layer: BasisLayer) -> BasisChange:
    """The change that changes nothing."""
    return BasisChange(Rebasing(layer.num_basis, layer.domain, padded(layer.num_basis, layer.num_basis)))


def refining(layer: BasisLayer, size: int) -> BasisChange:
    """To `size` basis functions.

    Raises `GridError` for fewer than now, `StructureError` where they do not hold the same functions.
    """
    if size < layer.num_basis:
        raise GridError(f"grid_size must be at least {layer.num_basis}, its basis functions, got {size}")
    return unchanged(layer) if size == layer.num_basis else BasisChange(layer.refinement(size))


def extending(layer: BasisLayer, low: float, high: float) -> BasisChange:
    """To a domain that holds low and high. Raises `StructureError` where it does not hold the same functions."""
    if layer.domain[0] <= low and high <= layer.domain[1]:
        return unchanged(layer)
    return BasisChange(layer.extension(min(low, layer.domain[0]), max(high, layer.domain[1])))


@torch.no_grad()
def refitting(layer: BasisLayer, low: float, high: float, size: int, margin: float = 0.0) -> tuple[BasisChange, float]:
    """To `size` basis functions on a domain of these ends, and the largest error there, relative to the largest value.

    Least squares at fixed points of the new domain, close to its ends as polynomials need them. Constants, which no
    basis has, go into the bias. Raises `GridError` for numbers that are not finite.
    """
    ends = torch.tensor([[low], [high]], dtype=torch.float64)
    first, last = knots_by_samples.with_margin(ends[0], ends[1], margin)
    domain = float(first), float(last)
    own = layer.follow_domain(size, (domain[1] - domain[0]) / (layer.domain[1] - layer.domain[0]))
    old, blank = plain(layer), Rebasing(size, domain, padded(size, layer.num_basis), own=own)
    x = points(domain, layer.num_basis + size)
    before, after = features(old, x), features(BasisChange(blank)(old), x)  # (i, m, j), (i, m, k)
    if not bool(before.isfinite().all() and after.isfinite().all()):
        raise GridError("the layer holds numbers that are not finite, or that the new domain makes so")
    if layer.bias is not None:
        after = torch.cat([after, torch.ones_like(after[..., :1])], -1)
    # waves on half of their period, say, are nearly dependent: their coefficients may cancel in half of their digits
    rank = torch.finfo(layer.coef.dtype).eps ** 0.5
    size_of_each = after.square().mean(1, keepdim=True).sqrt().clamp(min=1e-300)  # (i, 1, k)
    coef, direction = (found / size_of_each.mT for found in _solutions(after / size_of_each, before, rank, DIRECTIONS))
    values, found = before @ old.coef, (coef @ old.coef).to(layer.coef.dtype).double()
    error = (after @ found - values).abs().max() / values.abs().max().clamp(min=1e-300)
    constant = None if layer.bias is None else coef[:, -1]
    how = blank._replace(coef=coef[:, :size], constant=constant, direction=direction[:, :size])
    return BasisChange(how), float(error)


def _solutions(a: Tensor, b: Tensor, *ranks: float) -> list[Tensor]:
    """The least squares solutions x (i, k, j) of a x = b without singular values below these parts of the largest."""
    u, s, vt = torch.linalg.svd(a, full_matrices=False)
    return [vt.mT @ (torch.where(s > rank * s[:, :1], 1 / s, 0.0)[..., None] * (u.mT @ b)) for rank in ranks]


def plain(layer: BasisLayer) -> BasisLayer:
    """A copy in float64 on the processor."""
    return copy.deepcopy(layer).to(device="cpu", dtype=torch.float64)


def points(domain: tuple[float, float], functions: int) -> Tensor:
    """Points (m, 1) of a domain, closer at its ends as Chebyshev's are, for so many functions."""
    count = POINTS * functions
    t = torch.arange(count + 1, dtype=torch.float64) * (math.pi / count)
    return (0.5 * (domain[0] + domain[1]) - 0.5 * (domain[1] - domain[0]) * t.cos())[:, None]


def features(layer: BasisLayer, x: Tensor) -> Tensor:
    """The basis functions at points (m, 1): (i, m, j), with i = 1 where all input nodes have the same."""
    shared = {name for name, _ in layer.named_parameters()} <= {"coef", "base_scale", "bias"}
    rows = x if shared else x.expand(-1, layer.in_features)
    return layer.basis(layer._inside(rows)).movedim(0, 1)
