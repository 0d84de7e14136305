"""The three kernels on the CPU: shapes and addresses for `machine_code`, and how the work is split among threads.

Everything is loaded and compiled on first use; the machine code stays on disk. Results do not depend on which thread
does what: outputs are split by rows, gradients of coefficients by input nodes, or, where there are few, by fixed slices
of the batch that are added in a fixed order.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from ..base_function import BASE_CODES, sigmoid_polynomial
from ..reference import Spec, without_base
from ..uniform_pieces import pieces
from . import machine_code, pool
from .machine_code import Kernel

BACKEND_NAME = "cpu"
NUMBERS = {torch.float32: (4, "float32"), torch.float64: (8, "float64")}  # bytes; the name that others have for it
SECONDS_PER_PRODUCT = 6e-11  # a multiplication and what belongs to it, about
SERIAL_WORK = 150_000  # multiplications below which a second thread costs more than it saves


@cache
def kernel(group: str, name: str, dtype: torch.dtype) -> Kernel:
    """A compiled kernel; the first call of a process may have to compile it."""
    return machine_code.kernels(group, NUMBERS[dtype][1])[name]


def run(group: str, name: str, slices: list[tuple[int, ...]], dtype: torch.dtype, work: int) -> None:
    """Run a kernel over slices of its arguments, on a thread for each."""
    if slices:
        pool.run(kernel(group, name, dtype), slices, work * SECONDS_PER_PRODUCT)


_arrays: dict[tuple[int, int, torch.dtype], tuple[np.ndarray, ...]] = {}  # kept alive for their addresses


@cache
def _constants(degree: int, nu: int, dtype: torch.dtype) -> tuple[int, int, int, int, int]:
    """Addresses of: pieces of order nu, of order 1, polynomials of the base of order nu, pieces and polynomials of
    order nu+1; 0 for none."""

    def polynomials(order: int) -> tuple[float, ...]:
        return sigmoid_polynomial(order) + sigmoid_polynomial(order - 1) if order > 1 else ()

    def table(order: int) -> tuple[tuple[float, ...], ...]:
        return pieces(degree, order) if 0 <= order <= degree else ()

    lists = table(nu), table(1), polynomials(nu), table(nu + 1), polynomials(nu + 1)
    arrays = _arrays[degree, nu, dtype] = tuple(np.array(values, dtype=NUMBERS[dtype][1]) for values in lists)
    return tuple(array.ctypes.data if array.size else 0 for array in arrays)  # type: ignore[return-value]


def _address(t: Tensor | None) -> int:
    return 0 if t is None else t.data_ptr()


def _contiguous(t: Tensor | None) -> Tensor | None:
    return t if t is None or t.is_contiguous() else t.contiguous()


def _work(rows: int, inputs: int, outputs: int, degree: int) -> int:
    """Multiplications, with 16 for finding the place of a point."""
    return rows * inputs * ((degree + 1) * outputs + 16)


def threads(work: int) -> int:
    return 1 if work < 2 * SERIAL_WORK else min(torch.get_num_threads(), work // SERIAL_WORK)


def _cuts(count: int, parts: int) -> list[tuple[int, int]]:
    edges = [count * k // parts for k in range(parts + 1)]
    return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if a < b]


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
    """`reference.to_out` on the CPU."""
    dtype = x.dtype
    (rows, inputs), (_, num_basis, outputs) = x.shape, coef.shape
    p, base, uniform = spec
    kind = 0 if scale is None else BASE_CODES[base]
    x, h, coef, scale, knots, bias = (
        x.contiguous(),
        _contiguous(h),
        coef.contiguous(),
        _contiguous(scale),
        knots.contiguous(),
        _contiguous(bias),
    )
    out = x.new_empty(rows, outputs)  # not torch.empty: `with torch.device(...)` would put it elsewhere
    size = NUMBERS[dtype][0]
    head = (
        x.data_ptr(),
        _address(h),
        coef.data_ptr(),
        _address(scale),
        _address(bias),
        knots.data_ptr(),
        *_constants(p, nu, dtype)[:3],
        out.data_ptr(),
    )
    tail = (inputs, num_basis, outputs, p, nu, int(uniform), kind, size)
    work = _work(rows, inputs, outputs, p)
    count = threads(work)
    if count == 1:
        kernel("spline", "to_out", dtype).alone(*head, 0, rows, *tail)
    else:
        run("spline", "to_out", [(*head, a, b, *tail) for a, b in _cuts(rows, count)], dtype, work)
    return out


def _backward(
    x: Tensor,
    h: Tensor | None,
    g: Tensor,
    coef: Tensor | None,
    scale: Tensor | None,
    knots: Tensor,
    spec: Spec,
    nu: int,
    want_x: bool,
    want_c: bool,
    with_bias: bool = False,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """h * to_in(x, g, coef, scale; nu+1) where want_x; to_coef(x, h, g; nu) where want_c, and the sum of g where
    with_bias."""
    dtype = x.dtype
    (rows, inputs), outputs = x.shape, g.shape[1]
    p, base, uniform = spec
    num_basis, kind = knots.shape[1] - p - 1, BASE_CODES[base]
    x, h, g, coef, scale, knots = (
        x.contiguous(),
        _contiguous(h),
        g.contiguous(),
        _contiguous(coef),
        _contiguous(scale),
        knots.contiguous(),
    )
    size = NUMBERS[dtype][0]
    work = _work(rows, inputs, outputs, p)
    count = threads(work)
    by_inputs = count == 1 or inputs >= 4 * count
    copies = () if by_inputs or not want_c else (len(_cuts(rows, count)),)  # one sum per slice of the batch
    dx = x.new_empty(rows, inputs) if want_x else None
    new = x.new_empty if rows else x.new_zeros  # the kernel clears what it adds to
    dcoef = new(*copies, inputs, num_basis, outputs) if want_c else None
    dscale = new(*copies, inputs, outputs) if want_c and kind else None
    dbias = x.new_zeros(*copies, outputs) if with_bias else None
    head = (
        x.data_ptr(),
        _address(h),
        g.data_ptr(),
        _address(coef),
        _address(scale),
        knots.data_ptr(),
        *_constants(p, nu, dtype),
        _address(dx),
    )
    tail = (inputs, num_basis, outputs, p, nu, int(uniform), kind if want_c else 0, 0 if scale is None else kind, size)
    sums = _address(dcoef), _address(dscale), _address(dbias)
    if count == 1:
        kernel("spline", "backward", dtype).alone(*head, *sums, 0, rows, 0, inputs, *tail)
    elif not want_c:
        run("spline", "backward", [(*head, *sums, a, b, 0, inputs, *tail) for a, b in _cuts(rows, count)], dtype, work)
    elif by_inputs:
        slices = [(*head, *sums[:2], sums[2] if a == 0 else 0, 0, rows, a, b, *tail) for a, b in _cuts(inputs, count)]
        run("spline", "backward", slices, dtype, work)
    else:
        steps = [0 if t is None else t[0].numel() * size for t in (dcoef, dscale, dbias)]
        slices = []
        for k, (a, b) in enumerate(_cuts(rows, count)):
            slices.append(
                (*head, *(start + k * step for start, step in zip(sums, steps, strict=True)), a, b, 0, inputs, *tail)
            )
        run("spline", "backward", slices, dtype, work)
        dcoef, dscale, dbias = (None if t is None else t.sum(0) for t in (dcoef, dscale, dbias))
    return dx, dcoef, dscale, dbias


def to_in(x: Tensor, g: Tensor, coef: Tensor, scale: Tensor | None, knots: Tensor, spec: Spec, nu: int = 0) -> Tensor:
    """`reference.to_in` on the CPU."""
    dx, _, _, _ = _backward(x, None, g, coef, scale, knots, spec, nu - 1, True, False)
    assert dx is not None
    return dx


def to_coef(
    x: Tensor, h: Tensor | None, g: Tensor, knots: Tensor, spec: Spec, nu: int = 0
) -> tuple[Tensor, Tensor | None]:
    """`reference.to_coef` on the CPU."""
    _, dcoef, dscale, _ = _backward(x, h, g, None, None, knots, spec, nu, False, True)
    assert dcoef is not None
    return dcoef, dscale


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
    """The first derivatives of `to_out` in one pass: h * to_in(x, g, coef, scale; nu+1), to_coef(x, h, g; nu), and the
    sum of g where with_bias."""
    return _backward(
        x,
        h,
        g,
        coef,
        scale,
        knots,
        without_base(spec, scale),
        nu,
        True,
        True,
        with_bias,
    )


def basis(x: Tensor, knots: Tensor, spec: Spec, nu: int = 0) -> tuple[Tensor, Tensor]:
    """`reference.basis` on the CPU, for nu <= p."""
    (rows, inputs), p, dtype = x.shape, spec.degree, x.dtype
    x, knots = x.contiguous(), knots.contiguous()
    first, values = x.new_empty(rows, inputs, dtype=torch.int64), x.new_empty(rows, inputs, p + 1)
    size = NUMBERS[dtype][0]
    head = (x.data_ptr(), knots.data_ptr(), *_constants(p, nu, dtype)[:2], first.data_ptr(), values.data_ptr())
    tail = (inputs, knots.shape[1] - p - 1, p, nu, int(spec.uniform), size)
    work = _work(rows, inputs, 16, p)
    run("spline", "basis", [(*head, a, b, *tail) for a, b in _cuts(rows, threads(work))], dtype, work)
    return first, values
