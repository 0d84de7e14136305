"""The three kernels by numba: shapes and addresses for `cpu_kernels`, and how the work is split among threads.

Everything is loaded and compiled on first use; the machine code is kept on disk. Results do not depend on which thread does what: outputs are split by
rows, gradients of coefficients by input nodes, or, where there are few, by fixed slices of the batch that are added in a fixed order.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from math import factorial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from . import pool
from .base import sigmoid_polynomial
from .reference import Spec

_BASES = {"none": 0, "silu": 1, "identity": 2}
_KINDS = {torch.float32: (np.float32, 4, np.float32(1)), torch.float64: (np.float64, 8, 1.0)}
SERIAL_WORK = 150_000  # multiplications below which a second thread costs more than it saves


@lru_cache(maxsize=1)
def kernels() -> SimpleNamespace:
    """The compiled entry points; raises ImportError where numba is missing."""
    from . import cpu_kernels

    here = Path(__file__).parent
    text = b"".join((here / f"{name}.py").read_bytes() for name in ("cpu_micro", "cpu_columns", "cpu_kernels"))
    try:
        return cpu_kernels.build(zlib.crc32(text) % 251 + 1)
    except RuntimeError:  # no folder can be written to: compile in every process
        from numba import njit

        cpu_kernels.cached = njit(**cpu_kernels.OPTIONS)
        return cpu_kernels.build(1)


@lru_cache(maxsize=None)
def pieces(degree: int, nu: int) -> tuple[tuple[float, ...], ...]:
    """Uniform B-splines: the nu-th derivative by u of each of the p+1 pieces that meet in an interval, as coefficients in u (ascending).

    Function r of an interval is the cardinal B-spline at u + p - r, that is sum_k (-1)^k C(p+1, k) (u + p - r - k)_+^p / p!.

    >>> pieces(1, 0)
    ((1.0, -1.0), (0.0, 1.0))
    """
    from fractions import Fraction
    from math import comb

    p, rows = degree, []
    for r in range(p + 1):
        row = [Fraction(0)] * (p + 1)
        for k in range(p - r + 1):
            place = p - r - k
            for power in range(p + 1):
                row[power] += Fraction((-1) ** k * comb(p + 1, k) * comb(p, power) * place ** (p - power), factorial(p))
        for _ in range(nu):
            row = [power * value for power, value in enumerate(row)][1:]
        rows.append(tuple(float(value) for value in row))
    return tuple(rows)


@lru_cache(maxsize=None)
def _table(degree: int, nu: int, dtype: torch.dtype) -> tuple[int, np.ndarray | None]:
    if nu > degree:
        return 0, None
    array = np.array(pieces(degree, nu), dtype=_KINDS[dtype][0])
    return array.ctypes.data, array


@lru_cache(maxsize=None)
def _polynomials(nu: int, dtype: torch.dtype) -> tuple[int, np.ndarray | None]:
    if nu < 2:
        return 0, None
    array = np.array(sigmoid_polynomial(nu) + sigmoid_polynomial(nu - 1), dtype=_KINDS[dtype][0])
    return array.ctypes.data, array


def _address(t: Tensor | None) -> int:
    return 0 if t is None else t.data_ptr()


def _dense(t: Tensor | None) -> Tensor | None:
    return t if t is None or t.is_contiguous() else t.contiguous()


def _threads(rows: int, inputs: int, outputs: int, degree: int) -> int:
    work = rows * inputs * ((degree + 1) * outputs + 16)
    return 1 if work < 2 * SERIAL_WORK else min(torch.get_num_threads(), work // SERIAL_WORK)


def _cuts(count: int, parts: int) -> list[tuple[int, int]]:
    edges = [count * k // parts for k in range(parts + 1)]
    return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if a < b]


def to_out(x: Tensor, h: Tensor | None, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """`reference.to_out` by numba."""
    dtype = x.dtype
    (rows, inputs), (_, num_basis, outputs) = x.shape, coef.shape
    p, base, uniform = spec
    kind = 0 if scale is None else _BASES[base]
    x, h, coef, scale, knots = x.contiguous(), _dense(h), coef.contiguous(), _dense(scale), knots.contiguous()
    out = torch.empty(rows, outputs, dtype=dtype)
    one = _KINDS[dtype]
    head = (
        x.data_ptr(), _address(h), coef.data_ptr(), _address(scale), knots.data_ptr(), _table(p, nu, dtype)[0], _table(p, 1, dtype)[0],
        _polynomials(nu, dtype)[0], out.data_ptr(),
    )  # fmt: skip
    tail = (inputs, num_basis, outputs, p, nu, uniform, kind, one[1], one[2])
    threads = _threads(rows, inputs, outputs, p)
    if threads == 1:
        kernels().to_out(*head, 0, rows, *tail)
    else:
        pool.run(kernels().to_out, [(*head, a, b, *tail) for a, b in _cuts(rows, threads)])
    return out


def _backward(
    x: Tensor, h: Tensor | None, g: Tensor, coef: Tensor | None, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int, want_x: bool, want_c: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """h * to_in(x, g, coef, scale; nu+1) where want_x, to_coef(x, h, g; nu) where want_c."""
    dtype = x.dtype
    (rows, inputs), outputs = x.shape, g.shape[1]
    p, base, uniform = spec
    num_basis, kind = knots.shape[1] - p - 1, _BASES[base]
    x, h, g, coef, scale, knots = x.contiguous(), _dense(h), g.contiguous(), _dense(coef), _dense(scale), knots.contiguous()
    one = _KINDS[dtype]
    dx = torch.empty(rows, inputs, dtype=dtype) if want_x else None
    threads = _threads(rows, inputs, outputs, p)
    by_inputs = threads == 1 or inputs >= 4 * threads or not want_c
    cuts = _cuts(inputs, threads) if want_c and by_inputs else _cuts(rows, threads)
    copies = 1 if by_inputs else len(cuts)
    dcoef = torch.zeros(copies, inputs, num_basis, outputs, dtype=dtype) if want_c else None
    dscale = torch.zeros(copies, inputs, outputs, dtype=dtype) if want_c and kind else None
    head = (
        x.data_ptr(), _address(h), g.data_ptr(), _address(coef), _address(scale), knots.data_ptr(), _table(p, nu, dtype)[0] if nu >= 0 else 0,
        _table(p, 1, dtype)[0], _polynomials(nu, dtype)[0], _table(p, nu + 1, dtype)[0], _polynomials(nu + 1, dtype)[0], _address(dx),
    )  # fmt: skip
    tail = (inputs, num_basis, outputs, p, nu, uniform, kind if want_c else 0, 0 if scale is None else kind, one[1], one[2])
    at_coef, at_scale = _address(dcoef), _address(dscale)
    if threads == 1:
        kernels().backward(*head, at_coef, at_scale, 0, rows, 0, inputs, *tail)
    elif not want_c:
        pool.run(kernels().backward, [(*head, 0, 0, a, b, 0, inputs, *tail) for a, b in cuts])
    elif by_inputs:
        pool.run(kernels().backward, [(*head, at_coef, at_scale, 0, rows, a, b, *tail) for a, b in cuts])
    else:
        step, step_scale = inputs * num_basis * outputs * one[1], inputs * outputs * one[1] if kind else 0
        slices = [(*head, at_coef + k * step, at_scale + k * step_scale, a, b, 0, inputs, *tail) for k, (a, b) in enumerate(cuts)]
        pool.run(kernels().backward, slices)
    if dcoef is not None:
        dcoef = dcoef[0] if copies == 1 else dcoef.sum(0)
    if dscale is not None:
        dscale = dscale[0] if copies == 1 else dscale.sum(0)
    return dx, dcoef, dscale


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """`reference.to_in` by numba."""
    dx, _, _ = _backward(x, None, g, coef, scale, knots, spec, nu - 1, True, False)
    assert dx is not None
    return dx


def to_coef(x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor | None]:
    """`reference.to_coef` by numba."""
    _, dcoef, dscale = _backward(x, h, g, None, None, knots, spec, nu, False, True)
    assert dcoef is not None
    return dcoef, dscale


def backward(
    x: Tensor, h: Tensor | None, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Both first derivatives of `to_out` in one pass: h * to_in(x, g, coef, scale; nu+1) and to_coef(x, h, g; nu)."""
    dx, dcoef, dscale = _backward(x, h, g, coef, scale, knots, spec if scale is not None else spec._replace(base="none"), nu, True, True)
    assert dx is not None and dcoef is not None
    return dx, dcoef, dscale


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """`reference.basis` by numba, for nu <= p."""
    (rows, inputs), p, dtype = x.shape, spec.degree, x.dtype
    x, knots = x.contiguous(), knots.contiguous()
    first, values = torch.empty(rows, inputs, dtype=torch.int64), torch.empty(rows, inputs, p + 1, dtype=dtype)
    one = _KINDS[dtype]
    head = (x.data_ptr(), knots.data_ptr(), _table(p, nu, dtype)[0], _table(p, 1, dtype)[0], first.data_ptr(), values.data_ptr())
    tail = (inputs, knots.shape[1] - p - 1, p, nu, spec.uniform, one[1], one[2])
    pool.run(kernels().basis, [(*head, a, b, *tail) for a, b in _cuts(rows, _threads(rows, inputs, 4, p))])
    return first, values
