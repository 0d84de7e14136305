"""The three kernels on the GPU by Triton: tables, launch sizes, and addresses for `triton_kernels`.

Everything is loaded and compiled on first use. Gradients of coefficients are sums over fixed parts of the batch in a
fixed order, without atomic additions, so runs repeat to the bit.
"""

# a kernel is launched as kernel[grid](...) with plain numbers for its constants, which a type checker cannot know
# pyright: reportIndexIssue=false, reportArgumentType=false

from __future__ import annotations

import weakref
from contextlib import nullcontext
from functools import lru_cache
from math import factorial

import torch
from torch import Tensor

from .. import reference
from ..base_function import BASE_CODES, sigmoid_polynomial
from ..reference import Spec, without_base
from ..uniform_pieces import pieces
from . import triton_kernels as kernels

BACKEND_NAME = "gpu"
PART_ROWS = 1024  # rows that one program of to_coef sums, at least
_tables: dict[tuple[int, int, int], tuple[weakref.ref[Tensor], int, Tensor]] = {}


@lru_cache(maxsize=64)
def _uniform_table(degree: int, nu: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(pieces(degree, nu), dtype=dtype, device=device)


@lru_cache(maxsize=64)
def _polynomials(nu: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    numbers = sigmoid_polynomial(nu) + sigmoid_polynomial(nu - 1) if nu > 1 else (0.0,)
    return torch.tensor(numbers, dtype=dtype, device=device)


def irregular_table(knots: Tensor, degree: int, nu: int) -> Tensor:
    """(i, interval, r, k): the nu-th derivative of basis function r of an interval is sum_k table[k] u^k: Taylor's
    series at the left knot."""
    p, grid = degree, knots.shape[1] - 1 - 2 * degree
    left = knots[:, p : p + grid].t()  # (interval, i): the points of the expansion
    width = (knots[:, p + 1 : p + grid + 1] - knots[:, p : p + grid]).unsqueeze(-1)  # (i, interval, 1)
    span = torch.arange(grid, device=knots.device).unsqueeze(1).expand(-1, knots.shape[0])
    orders = []
    for k in range(p + 1 - nu):
        value = reference.triangle(left, knots, span, p, nu + k, False)[0] if p else torch.ones_like(left).unsqueeze(-1)
        orders.append(value.transpose(0, 1) * width**k / factorial(k))
    return torch.stack(orders, -1).contiguous()


def _table(knots: Tensor, spec: Spec, nu: int) -> Tensor:
    if nu > spec.degree:
        return knots  # not looked at
    if spec.uniform:
        return _uniform_table(spec.degree, nu, knots.dtype, knots.device)
    key, version = (id(knots), spec.degree, nu), -1 if knots.is_inference() else knots._version
    known = _tables.get(key)
    if known is not None and known[0]() is knots and known[1] == version != -1:
        return known[2]
    if len(_tables) > 200:
        _tables.clear()
    table = irregular_table(knots, spec.degree, nu)
    _tables[key] = (weakref.ref(knots), version, table)
    return table


def _on(x: Tensor):
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


def _power(number: int, least: int, most: int) -> int:
    """The power of two that holds `number`, within bounds."""
    return max(least, min(most, 1 << max(0, number - 1).bit_length()))


def _constants(knots: Tensor, spec: Spec, nu: int) -> dict[str, int | bool]:
    p, grid = spec.degree, knots.shape[1] - 1 - 2 * spec.degree
    terms = p + 1 if nu <= p else 0
    return {
        "P": p,
        "NU": nu,
        "TERMS": terms,
        "COUNT": max(1, p + 1 - nu),
        "UNIFORM": spec.uniform,
        "STEPS": max(0, grid - 1).bit_length(),
    }


def to_out(
    x: Tensor,
    h: Tensor | None,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    bias: Tensor | None = None,
) -> Tensor:
    """`reference.to_out` by Triton."""
    (rows, inputs), (_, num_basis, outputs) = x.shape, coef.shape
    table, polynomials = _table(knots, spec, nu), _polynomials(nu, x.dtype, x.device)
    x, coef, knots = x.contiguous(), coef.contiguous(), knots.contiguous()
    h, scale, bias = (None if t is None else t.contiguous() for t in (h, scale, bias))
    out = x.new_empty(rows, outputs)
    if out.numel() == 0:
        return out
    bm, bn = 32, _power(outputs, 16, 64)
    with _on(x):
        kernels.to_out[(-(-rows // bm), -(-outputs // bn))](
            x,
            x if h is None else h,
            coef,
            coef if scale is None else scale,
            coef if bias is None else bias,
            knots,
            table,
            polynomials,
            out,
            rows,
            inputs,
            outputs,
            num_basis,
            num_basis - spec.degree,
            **_constants(knots, spec, nu),
            BASE=0 if scale is None else BASE_CODES[spec.base],
            HAS_H=h is not None,
            HAS_BIAS=bias is not None,
            BM=bm,
            BN=bn,
        )
    return out


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """`reference.to_in` by Triton."""
    (rows, inputs), (_, num_basis, outputs) = x.shape, coef.shape
    table, polynomials = _table(knots, spec, nu), _polynomials(nu, x.dtype, x.device)
    x, g, coef, knots = x.contiguous(), g.contiguous(), coef.contiguous(), knots.contiguous()
    scale = None if scale is None else scale.contiguous()
    out = torch.empty_like(x)
    if out.numel() == 0:
        return out
    bm, bn = 64, _power(outputs, 16, 64)
    with _on(x):
        kernels.to_in[(-(-rows // bm), inputs)](
            x,
            g,
            coef,
            coef if scale is None else scale,
            knots,
            table,
            polynomials,
            out,
            rows,
            inputs,
            outputs,
            num_basis,
            num_basis - spec.degree,
            **_constants(knots, spec, nu),
            BASE=0 if scale is None else BASE_CODES[spec.base],
            BM=bm,
            BN=bn,
        )
    return out


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """`reference.to_coef` by Triton."""
    (rows, inputs), outputs, num_basis = x.shape, g.shape[1], knots.shape[1] - spec.degree - 1
    table, polynomials = _table(knots, spec, nu), _polynomials(nu, x.dtype, x.device)
    x, g, knots = x.contiguous(), g.contiguous(), knots.contiguous()
    h = None if h is None else h.contiguous()
    base = BASE_CODES[spec.base]
    parts = max(1, min(16, rows // PART_ROWS))
    out, out_scale = (
        x.new_empty(parts, inputs, num_basis, outputs),
        x.new_empty(parts, inputs, outputs) if base else None,
    )
    if rows == 0 or out.numel() == 0:
        return out[0].zero_(), None if out_scale is None else out_scale[0].zero_()
    bm, bj, bn = 32, 16, _power(outputs, 16, 64)
    with _on(x):
        kernels.to_coef[(inputs * -(-num_basis // bj), -(-outputs // bn), parts)](
            x,
            x if h is None else h,
            g,
            knots,
            table,
            polynomials,
            out,
            out if out_scale is None else out_scale,
            rows,
            inputs,
            outputs,
            num_basis,
            num_basis - spec.degree,
            -(-rows // parts),
            **_constants(knots, spec, nu),
            BASE=base,
            HAS_H=h is not None,
            DOT=x.dtype == torch.float32,
            BM=bm,
            BJ=bj,
            BN=bn,
        )
    return out.sum(0) if parts > 1 else out[0], None if out_scale is None else out_scale.sum(0)


def backward(
    x: Tensor,
    h: Tensor | None,
    g: Tensor,
    coef: Tensor,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int = 0,
    with_bias: bool = False,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """The first derivatives of `to_out`: h * to_in(x, g, coef, scale; nu+1), to_coef(x, h, g; nu), and the sum of g
    where with_bias."""
    dx = to_in(x, g, coef, scale, knots, spec, nu + 1)
    dcoef, dscale = to_coef(x, h, g, knots, without_base(spec, scale), nu)
    return dx if h is None else h * dx, dcoef, dscale, g.sum(0) if with_bias else None


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """`reference.basis`: a local basis is all that it makes, and torch's operators do that well on a GPU."""
    return reference.basis(x, knots, spec, nu)
