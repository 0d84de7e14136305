"""The three kernels on the CPU: b rows, i input nodes, j basis, o output nodes; addresses in, nothing out.

Rows go in blocks that keep the outputs of a block in the first-level cache; within a block one input node after the other, so that the coefficients
of a node are read once per block; within a node row by row, over the degree+1 basis functions that are not zero there.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from numba import int32, int64, njit

from .cpu_columns import base_column, basis_column, plain, scale_rows
from .cpu_micro import make_axpy, make_dot, make_push, pointer, real, shift

# x, h, coef or None, base scale, g, knots, tables and polynomials come as addresses; 0 stands for None
OPTIONS = {"fastmath": {"contract", "reassoc", "nsz"}, "nogil": True}
fast = njit(**OPTIONS)
cached = njit(**OPTIONS, cache=True)
CACHE_BYTES = 16384  # of outputs in a block

axpy1, axpy2, axpy3, axpy4, axpy5, axpy_base = (
    make_axpy(1, False), make_axpy(2, False), make_axpy(3, False), make_axpy(4, False), make_axpy(4, True), make_axpy(0, True)
)  # fmt: skip
dot1, dot2, dot3, dot4, dot5, dot_base = (
    make_dot(1, False), make_dot(2, False), make_dot(3, False), make_dot(4, False), make_dot(4, True), make_dot(0, True)
)  # fmt: skip
push1, push2, push3, push4, push5, push_base = (
    make_push(1, False), make_push(2, False), make_push(3, False), make_push(4, False), make_push(4, True), make_push(0, True)
)  # fmt: skip


@fast
def _block(columns, size):
    rows = CACHE_BYTES // max(1, columns * size)
    return max(16, min(256, rows // 16 * 16))


@fast
def _axpy_rows(out, coef, scale, first, values, n, block, terms, base, width):
    """out (rows, o) += sum over r of values[r] coef[first + r] (+ the base row)."""
    if terms == 4 and base:
        for b in range(n):
            axpy5(shift(out, b * width), shift(coef, first[b] * width), width, scale, shift(values, b), block, width)
        return
    for b in range(n):
        row, rest = shift(out, b * width), shift(coef, first[b] * width)
        r = 0
        while terms - r >= 4:
            axpy4(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
            r += 4
        if terms - r == 3:
            axpy3(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        elif terms - r == 2:
            axpy2(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        elif terms - r == 1:
            axpy1(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        if base:
            axpy_base(row, rest, width, scale, shift(values, terms * block + b), block, width)


@fast
def _dot_rows(g, coef, scale, first, values, n, block, terms, base, width, out, stride, one):
    """out (rows, stride apart) = sum over o of g times the sum over r of values[r] coef[first + r] (+ the base row)."""
    if terms == 4 and base:
        for b in range(n):
            out[b * stride] = dot5(shift(g, b * width), shift(coef, first[b] * width), width, scale, shift(values, b), block, width)
        return
    for b in range(n):
        row, rest = shift(g, b * width), shift(coef, first[b] * width)
        total, r = real(0, one), 0
        while terms - r >= 4:
            total += dot4(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
            r += 4
        if terms - r == 3:
            total += dot3(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        elif terms - r == 2:
            total += dot2(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        elif terms - r == 1:
            total += dot1(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        if base:
            total += dot_base(row, rest, width, scale, shift(values, terms * block + b), block, width)
        out[b * stride] = total


@fast
def _push_rows(g, coef, scale, first, values, n, block, terms, base, width):
    """coef[first + r] += values[r] g over the rows (and the base row)."""
    if terms == 4 and base:
        for b in range(n):
            push5(shift(g, b * width), shift(coef, first[b] * width), width, scale, shift(values, b), block, width)
        return
    for b in range(n):
        row, rest = shift(g, b * width), shift(coef, first[b] * width)
        r = 0
        while terms - r >= 4:
            push4(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
            r += 4
        if terms - r == 3:
            push3(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        elif terms - r == 2:
            push2(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        elif terms - r == 1:
            push1(row, shift(rest, r * width), width, scale, shift(values, r * block + b), block, width)
        if base:
            push_base(row, rest, width, scale, shift(values, terms * block + b), block, width)


@plain
def _fill(x, h, inputs, n, knots, p, nu, intervals, uniform, table, slopes, base, polynomials, first, work, values, block, one):
    """first, and values (terms + base, rows) times h, of one block of rows at one input node. Returns the number of spline terms."""
    terms = 0
    if nu <= p:
        terms = p + 1
        basis_column(x, inputs, n, knots, p, nu, intervals, uniform, table, slopes, first, work, values, block, one)
    else:
        for b in range(n):
            first[b] = 0
    if base != 0:
        base_column(x, inputs, n, base, nu, polynomials, shift(values, terms * block), one)
    return terms


@fast
def _scratch(p, block, size):
    # values, p+1 rows of work, two places, 2p+1 rows for irregular knots, and `first`
    return np.empty(((p + 2) + (p + 1) + 2 + (2 * p + 1) + 1) * block * size + 64, np.uint8)


@fast
def _places(memory, p, block, size, one):
    start = (memory.ctypes.data + 63) // 64 * 64
    values = pointer(start, one)
    work = shift(values, (p + 2) * block)
    first = pointer(start + (4 * p + 6) * block * size, int32(1))
    return values, work, first


def build(stamp: int) -> SimpleNamespace:
    """The entry points `to_out`, `backward`, `basis`.

    numba keeps their machine code on disk and looks only at the file they stand in to see whether it is still good; `stamp`, a number made of the
    text of all files that went into them, becomes a part of the key.
    """

    @cached
    def to_out(x_, h_, coef_, scale_, knots_, tables_, slopes_, polynomials_, out_, begin, end, I, J, O, p, nu, uniform, base, size, one):  # noqa: E741
        x, h, coef, scale, knots = pointer(x_, one), pointer(h_, one), pointer(coef_, one), pointer(scale_, one), pointer(knots_, one)
        table, slopes, polynomials, out = pointer(tables_, one), pointer(slopes_, one), pointer(polynomials_, one), pointer(out_, one)
        block = _block(O, size)
        memory = _scratch(p, block, size)
        values, work, first = _places(memory, p, block, size, one)
        for start in range(begin, end, block):
            n = min(block, end - start)
            rows = shift(out, start * O)
            for k in range(n * O):
                rows[k] = real(0, one)
            for i in range(I):
                at = start * I + i
                terms = _fill(
                    shift(x, at), h, I, n, shift(knots, i * (J + p + 1)), p, nu, J - p, uniform, table, slopes, base, polynomials, first, work, values,
                    block, one,
                )  # fmt: skip
                if h_ != 0:
                    scale_rows(shift(h, at), I, n, terms + (1 if base != 0 else 0), values, block)
                _axpy_rows(rows, shift(coef, i * J * O), shift(scale, i * O), first, values, n, block, terms, base != 0, O)
        memory[0] = stamp  # memory is kept until here


    @cached
    def backward(
        x_, h_, g_, coef_, scale_, knots_, tables_, slopes_, polynomials_, tables1_, polynomials1_, dx_, dcoef_, dscale_,
        begin, end, low, high, I, J, O, p, nu, uniform, base, with_scale, size, one,
    ):  # fmt: skip  # noqa: E741
        """Over rows begin..end and input nodes low..high: dx (b, i) = to_in of order nu+1 where asked, dcoef and dscale += to_coef of order nu where asked.

        dx_, dcoef_, dscale_ may be 0. With dcoef_ 0 and nu one less, this is to_in.
        """
        x, h, g, coef, scale = pointer(x_, one), pointer(h_, one), pointer(g_, one), pointer(coef_, one), pointer(scale_, one)
        knots, table, slopes, polynomials = pointer(knots_, one), pointer(tables_, one), pointer(slopes_, one), pointer(polynomials_, one)
        table1, polynomials1 = pointer(tables1_, one), pointer(polynomials1_, one)
        dx, dcoef, dscale = pointer(dx_, one), pointer(dcoef_, one), pointer(dscale_, one)
        block = _block(O, size)
        memory = _scratch(p, block, size)
        values, work, first = _places(memory, p, block, size, one)
        for start in range(begin, end, block):
            n = min(block, end - start)
            rows = shift(g, start * O)
            for i in range(low, high):
                at = start * I + i
                own = shift(knots, i * (J + p + 1))
                if dx_ != 0:
                    terms = _fill(
                        shift(x, at), h, I, n, own, p, nu + 1, J - p, uniform, table1, slopes, base if with_scale else 0, polynomials1, first, work,
                        values, block, one,
                    )  # fmt: skip
                    if h_ != 0:
                        scale_rows(shift(h, at), I, n, terms + (1 if with_scale else 0), values, block)
                    _dot_rows(
                        rows, shift(coef, i * J * O), shift(scale, i * O), first, values, n, block, terms, with_scale, O, shift(dx, at), I, one
                    )
                if dcoef_ != 0:
                    terms = _fill(
                        shift(x, at), h, I, n, own, p, nu, J - p, uniform, table, slopes, base, polynomials, first, work, values, block, one
                    )
                    if h_ != 0:
                        scale_rows(shift(h, at), I, n, terms + (1 if base != 0 else 0), values, block)
                    _push_rows(rows, shift(dcoef, i * J * O), shift(dscale, i * O), first, values, n, block, terms, base != 0, O)
        memory[0] = stamp


    @cached
    def basis(x_, knots_, tables_, slopes_, first_, values_, begin, end, I, J, p, nu, uniform, size, one):  # noqa: E741
        x, knots, table, slopes = pointer(x_, one), pointer(knots_, one), pointer(tables_, one), pointer(slopes_, one)
        result, places = pointer(values_, one), pointer(first_, int64(1))
        block = 64
        memory = _scratch(p, block, size)
        values, work, first = _places(memory, p, block, size, one)
        for start in range(begin, end, block):
            n = min(block, end - start)
            for i in range(I):
                at = start * I + i
                basis_column(shift(x, at), I, n, shift(knots, i * (J + p + 1)), p, nu, J - p, uniform, table, slopes, first, work, values, block, one)
                for b in range(n):
                    places[at + b * I] = first[b]
                    for r in range(p + 1):
                        result[(at + b * I) * (p + 1) + r] = values[r * block + b]
        memory[0] = stamp

    return SimpleNamespace(to_out=to_out, backward=backward, basis=basis)
