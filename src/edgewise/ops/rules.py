"""The derivative rules of the four kernels, once for every binding.

S_nu(x, h, c, g) = sum_{b,i,o} g[b,o] h[b,i] sum_j B_j^(nu)(x[b,i]) c[i,j,o], where the third argument c is the pair
(coef, scale) and the base function is one more basis function. S is linear in g, h and c; `to_out`, `to_in`, `to_coef`
are its partial derivatives by g, h and c. Every derivative of any of them is one of the three again, with nu or nu+1.
h None stands for ones; scale None for "no base function". README.md has the table.

`_gradients` take cotangents and whether each tensor needs one (`need`); `_tangent` take tangents, None for zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .kernels import Kernels
from .reference import Spec, without_base


def _times(factor: Tensor | None, value: Tensor) -> Tensor:
    return value if factor is None else factor * value


def _sum(*terms: Tensor | None) -> Tensor | None:
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return total


def out_gradients(
    kernels: Kernels,
    need: Sequence[bool],
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int,
    g: Tensor,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """By x, h, coef and scale, for the cotangent g (b, o) of `to_out`."""
    dx = _times(h, kernels.to_in(x, g, coef, scale, knots, spec, nu + 1)) if need[0] else None
    dh = kernels.to_in(x, g, coef, scale, knots, spec, nu) if need[1] else None
    dc, ds = None, None
    if need[2] or need[3]:
        dc, ds = kernels.to_coef(x, h, g, knots, without_base(spec, scale), nu)
    return dx, dh, dc, ds


def in_gradients(
    kernels: Kernels,
    need: Sequence[bool],
    x: Tensor,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int,
    u: Tensor,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """By x, g, coef and scale, for the cotangent u (b, i) of `to_in`."""
    dx = u * kernels.to_in(x, g, coef, scale, knots, spec, nu + 1) if need[0] else None
    dg = kernels.to_out(x, u, coef, scale, knots, spec, nu) if need[1] else None
    dc, ds = None, None
    if need[2] or need[3]:
        dc, ds = kernels.to_coef(x, u, g, knots, without_base(spec, scale), nu)
    return dx, dg, dc, ds


def coef_gradients(
    kernels: Kernels,
    need: Sequence[bool],
    x: Tensor,
    h: Tensor | None,
    g: Tensor,
    knots: Tensor,
    spec: Spec,
    nu: int,
    w: Tensor,
    w_scale: Tensor | None,
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """By x, h and g, for the cotangents w (i, j, o) and w_scale (i, o) of `to_coef`."""
    dx = _times(h, kernels.to_in(x, g, w, w_scale, knots, spec, nu + 1)) if need[0] else None
    dh = kernels.to_in(x, g, w, w_scale, knots, spec, nu) if need[1] else None
    dg = kernels.to_out(x, h, w, w_scale, knots, spec, nu) if need[2] else None
    return dx, dh, dg


def basis_gradient(kernels: Kernels, x: Tensor, knots: Tensor, spec: Spec, nu: int, v: Tensor) -> Tensor:
    """By x, for the cotangent v (b, i, p+1) of the values of `basis`."""
    return (v * kernels.basis(x, knots, spec, nu + 1)[1]).sum(-1)


def _pair_tangent(coef: Tensor, coef_t: Tensor | None, scale_t: Tensor | None) -> tuple[Tensor, Tensor | None]:
    return (torch.zeros_like(coef) if coef_t is None else coef_t), scale_t


def out_tangent(
    kernels: Kernels,
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int,
    x_t: Tensor | None,
    h_t: Tensor | None,
    coef_t: Tensor | None,
    scale_t: Tensor | None,
) -> Tensor | None:
    """The tangent (b, o) of `to_out`."""
    terms: list[Tensor | None] = [None, None, None]
    if x_t is not None:
        terms[0] = kernels.to_out(x, _times(h, x_t), coef, scale, knots, spec, nu + 1)
    if h_t is not None:
        terms[1] = kernels.to_out(x, h_t, coef, scale, knots, spec, nu)
    if coef_t is not None or scale_t is not None:
        terms[2] = kernels.to_out(x, h, *_pair_tangent(coef, coef_t, scale_t), knots, spec, nu)
    return _sum(*terms)


def in_tangent(
    kernels: Kernels,
    x: Tensor,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int,
    x_t: Tensor | None,
    g_t: Tensor | None,
    coef_t: Tensor | None,
    scale_t: Tensor | None,
) -> Tensor | None:
    """The tangent (b, i) of `to_in`."""
    terms: list[Tensor | None] = [None, None, None]
    if x_t is not None:
        terms[0] = x_t * kernels.to_in(x, g, coef, scale, knots, spec, nu + 1)
    if g_t is not None:
        terms[1] = kernels.to_in(x, g_t, coef, scale, knots, spec, nu)
    if coef_t is not None or scale_t is not None:
        terms[2] = kernels.to_in(x, g, *_pair_tangent(coef, coef_t, scale_t), knots, spec, nu)
    return _sum(*terms)


def coef_tangent(
    kernels: Kernels,
    x: Tensor,
    h: Tensor | None,
    g: Tensor,
    knots: Tensor,
    spec: Spec,
    nu: int,
    x_t: Tensor | None,
    h_t: Tensor | None,
    g_t: Tensor | None,
) -> tuple[Tensor | None, Tensor | None]:
    """The tangents (i, j, o) and (i, o) of `to_coef`; the second is None without a base function."""
    terms = []
    if x_t is not None:
        terms.append(kernels.to_coef(x, _times(h, x_t), g, knots, spec, nu + 1))
    if h_t is not None:
        terms.append(kernels.to_coef(x, h_t, g, knots, spec, nu))
    if g_t is not None:
        terms.append(kernels.to_coef(x, h, g_t, knots, spec, nu))
    coef = _sum(*(term[0] for term in terms))
    return coef, None if spec.base == "none" else _sum(*(term[1] for term in terms))


def basis_tangent(kernels: Kernels, x: Tensor, knots: Tensor, spec: Spec, nu: int, x_t: Tensor) -> Tensor:
    """The tangent (b, i, p+1) of the values of `basis`."""
    return x_t.unsqueeze(-1) * kernels.basis(x, knots, spec, nu + 1)[1]
