"""How `torch.func.vmap` goes through the three kernels: v vmapped, b batch, i input, j basis, o output.

Where one side is shared, the batch of v problems is one call (v folded into the rows or into the outputs). Where x and
the coefficients both vary, each problem is a product with its own local basis, written in plain torch over the
differentiable `basis`, so that any transform may follow. `kernels` are the differentiable kernels, which a rule calls
again.
"""

from __future__ import annotations

from typing import overload

import torch
from torch import Tensor

from .base_function import base_value
from .kernels import Kernels
from .reference import Spec, without_base


@overload
def _front(t: Tensor, dim: int | None) -> Tensor: ...
@overload
def _front(t: None, dim: int | None) -> None: ...
def _front(t: Tensor | None, dim: int | None) -> Tensor | None:
    return t if t is None or dim is None else t.movedim(dim, 0)


def _rows(v: int, t: Tensor, dim: int | None) -> Tensor:
    """(b, n) or (v, b, n) to (v*b, n)."""
    t = t.unsqueeze(0).expand(v, *t.shape) if dim is None else t
    return t.reshape(-1, t.shape[-1])


@overload
def _whole(v: int, t: Tensor, dim: int | None) -> Tensor: ...
@overload
def _whole(v: int, t: None, dim: int | None) -> None: ...
def _whole(v: int, t: Tensor | None, dim: int | None) -> Tensor | None:
    return t if t is None or dim is not None else t.unsqueeze(0).expand(v, *t.shape)


def _columns(t: Tensor) -> Tensor:
    """(v, ..., o) to (..., v*o)."""
    return t.movedim(0, -2).flatten(-2)


def _uncolumns(t: Tensor, v: int) -> Tensor:
    return t.unflatten(-1, (v, -1)).movedim(-2, 0)


def _dense(
    kernels: Kernels, v: int, x: Tensor, x_dim, h: Tensor | None, h_dim, knots: Tensor, knots_dim, spec: Spec, nu: int
) -> tuple[Tensor, Tensor | None]:
    """h times basis (v, b, i, j) and h times base (v, b, i)."""
    x, h = _whole(v, x, x_dim), _whole(v, h, h_dim)
    knots = _whole(v, knots, knots_dim)
    _, b, i = x.shape
    num_basis = knots.shape[-1] - spec.degree - 1
    first, values = kernels.basis(
        x.movedim(0, 1).reshape(b, v * i), knots.reshape(v * i, -1), spec._replace(uniform=False), nu
    )
    index = first.unsqueeze(-1) + torch.arange(spec.degree + 1, device=x.device)
    dense = values.new_zeros(b, v * i, num_basis).scatter(-1, index, values).reshape(b, v, i, num_basis).movedim(1, 0)
    weight = base_value(spec.base, x, nu) if spec.base != "none" else None
    if h is not None:
        dense = dense * h.unsqueeze(-1)
        weight = None if weight is None else weight * h
    return dense, weight


def to_out(kernels: Kernels, v: int, dims, x, h, coef, scale, knots, spec: Spec, nu: int):
    x_dim, h_dim, c_dim, s_dim, k_dim = dims[:5]
    x, h, coef, scale, knots = (_front(t, d) for t, d in zip((x, h, coef, scale, knots), dims[:5], strict=True))
    if c_dim is None and s_dim is None and k_dim is None:
        rows = None if h is None else _rows(v, h, h_dim)
        return kernels.to_out(_rows(v, x, x_dim), rows, coef, scale, knots, spec, nu).unflatten(0, (v, -1)), 0
    coef, scale = _whole(v, coef, c_dim), _whole(v, scale, s_dim)
    if x_dim is None and h_dim is None and k_dim is None:
        out = kernels.to_out(x, h, _columns(coef), None if scale is None else _columns(scale), knots, spec, nu)
        return _uncolumns(out, v), 0
    dense, weight = _dense(kernels, v, x, x_dim, h, h_dim, knots, k_dim, without_base(spec, scale), nu)
    out = torch.bmm(dense.flatten(2), coef.flatten(1, 2))
    return (out if weight is None or scale is None else out + torch.bmm(weight, scale)), 0


def to_in(kernels: Kernels, v: int, dims, x, g, coef, scale, knots, spec: Spec, nu: int):
    x_dim, g_dim, c_dim, s_dim, k_dim = dims[:5]
    x, g, coef, scale, knots = (_front(t, d) for t, d in zip((x, g, coef, scale, knots), dims[:5], strict=True))
    if c_dim is None and s_dim is None and k_dim is None:
        return kernels.to_in(_rows(v, x, x_dim), _rows(v, g, g_dim), coef, scale, knots, spec, nu).unflatten(
            0, (v, -1)
        ), 0
    coef, scale, g = _whole(v, coef, c_dim), _whole(v, scale, s_dim), _whole(v, g, g_dim)
    dense, weight = _dense(kernels, v, x, x_dim, None, None, knots, k_dim, without_base(spec, scale), nu)
    pull = torch.bmm(g, coef.flatten(1, 2).transpose(1, 2)).reshape(dense.shape)
    out = (dense * pull).sum(-1)
    return (out if weight is None or scale is None else out + weight * torch.bmm(g, scale.transpose(1, 2))), 0


def to_coef(kernels: Kernels, v: int, dims, x, h, g, knots, spec: Spec, nu: int):
    x_dim, h_dim, g_dim, k_dim = dims[:4]
    x, h, g, knots = (_front(t, d) for t, d in zip((x, h, g, knots), dims[:4], strict=True))
    if x_dim is None and h_dim is None and k_dim is None:
        coef, scale = kernels.to_coef(x, h, _columns(g), knots, spec, nu)
        coef, scale = _uncolumns(coef, v), None if scale is None else _uncolumns(scale, v)
    else:
        g = _whole(v, g, g_dim)
        dense, weight = _dense(kernels, v, x, x_dim, h, h_dim, knots, k_dim, spec, nu)
        coef = torch.bmm(dense.flatten(2).transpose(1, 2), g).unflatten(1, dense.shape[2:])
        scale = None if weight is None else torch.bmm(weight.transpose(1, 2), g)
    return (coef, 0) if scale is None else ((coef, scale), (0, 0))


def basis(kernels: Kernels, v: int, dims, x, knots, spec: Spec, nu: int):
    x_dim, k_dim = dims[:2]
    x, knots = _front(x, x_dim), _front(knots, k_dim)
    if k_dim is None:
        first, values = kernels.basis(_rows(v, x, x_dim), knots, spec, nu)
        return (first.unflatten(0, (v, -1)), values.unflatten(0, (v, -1))), (0, 0)
    x = _whole(v, x, x_dim)
    _, b, i = x.shape
    first, values = kernels.basis(x.movedim(0, 1).reshape(b, v * i), knots.reshape(v * i, -1), spec, nu)
    return (first.reshape(b, v, i).movedim(1, 0), values.reshape(b, v, i, -1).movedim(1, 0)), (0, 0)
