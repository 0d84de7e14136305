"""The three kernels on the CPU: b rows, i input nodes, j basis, o output nodes; addresses in, nothing out.

Rows go in blocks that keep the outputs of a block in the first-level cache; within a block one input node after the other, so that the coefficients
of a node are read once per block; within a node row by row, over the degree+1 basis functions that are not zero there.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from numba import cfunc, int32, int64, njit, types

from .cpu_columns import EXTRA, base_values, evaluate, locate, logistic, plain, scale_rows, take
from .cpu_micro import make_axpy, make_dot, make_push, next_number, pointer, real, retype, shift

# x, h, coef or None, base scale, g, knots, tables and polynomials come as addresses; 0 stands for None
OPTIONS = {"fastmath": {"contract", "reassoc", "nsz"}, "nogil": True, "error_model": "numpy"}
fast = njit(**OPTIONS)
CACHE_BYTES = 131072  # of outputs in a block: half of the second-level cache of small processors

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
def _block(I, J, O, size):
    """Rows in a block."""
    rows = CACHE_BYTES // max(1, O * size)
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


@fast
def _scratch(p, block, size):
    # rows: values (spline and base), work, x, h, rising, falling, places with 2p local knots, first
    return np.empty(((p + 2) + (p + 2) + 4 + (2 * p + EXTRA + 1) + 1) * block * size + 64, np.uint8)


@fast
def _divide(memory, p, block, size, one):
    """values, work, x, h, logistic, places, first: rows of the scratch memory, from a 64-byte boundary on."""
    values = pointer((memory.ctypes.data + 63) // 64 * 64, one)
    work = shift(values, (p + 2) * block)
    own = shift(work, (p + 2) * block)
    places = shift(own, 4 * block)
    first = retype(shift(places, (2 * p + EXTRA + 1) * block), int32(1))
    return values, work, own, shift(own, block), shift(own, 2 * block), places, first


@plain
def _place(x, h, with_h, stride, n, knots, p, intervals, uniform, base, memory, block, one):
    """Find one block of rows at one input node: everything that does not depend on the order of derivative. Returns whether a row is outside."""
    _, _, own_x, own_h, rising, places, first = memory
    take(x, stride, n, own_x)
    if with_h:
        take(h, stride, n, own_h)
    odd = locate(own_x, n, knots, p, intervals, uniform, first, places, block, one)
    if base == 1:
        logistic(own_x, n, rising, shift(rising, block), one)
    return odd


@plain
def _fill(with_h, n, knots, p, nu, intervals, uniform, odd, table, slopes, base, polynomials, memory, block, one):
    """values (terms + base, rows) of order nu, times h, where `_place` has been. Returns the number of spline terms: p+1, or 0 beyond the degree."""
    values, work, own_x, own_h, rising, places, _ = memory
    terms = 0
    if nu <= p:
        terms = p + 1
        evaluate(n, knots, p, nu, intervals, uniform, odd, table, slopes, places, work, values, block, one)
    if base != 0:
        base_values(own_x, n, base, nu, polynomials, rising, shift(rising, block), shift(values, terms * block), one)
    if with_h:
        scale_rows(own_h, n, terms + (1 if base != 0 else 0), values, block)
    return terms


_to_out = _backward = _basis = None


def build(stamp: int, on_disk: bool = True) -> SimpleNamespace:
    """The entry points `to_out`, `backward`, `basis`.

    numba keeps their machine code on disk and looks only at the file they stand in to see whether it is still good; `stamp`, a number made of the
    text of all files that went into them, becomes a part of the key.
    """

    global _to_out, _backward, _basis  # for the tasks: a compiled function in a closure would make a new key in every process
    entry = njit(**OPTIONS, cache=on_disk)

    @entry
    def to_out(
        x_, h_, coef_, scale_, bias_, knots_, table_, slopes_, polynomials_, out_,
        begin, end, I, J, O, p, nu, uniform, base, size, one,
    ):  # fmt: skip
        x, h, coef, scale, knots = pointer(x_, one), pointer(h_, one), pointer(coef_, one), pointer(scale_, one), pointer(knots_, one)
        table, slopes, polynomials = pointer(table_, one), pointer(slopes_, one), pointer(polynomials_, one)
        bias, out = pointer(bias_, one), pointer(out_, one)
        block = _block(I, J, O, size)
        scratch = _scratch(p, block, size)
        memory = _divide(scratch, p, block, size, one)
        for start in range(begin, end, block):
            n = min(block, end - start)
            rows = shift(out, start * O)
            if bias_ == 0:
                for k in range(n * O):
                    rows[k] = real(0, one)
            else:
                for b in range(n):
                    for o in range(O):
                        rows[b * O + o] = bias[o]
            for i in range(I):
                at, own = start * I + i, shift(knots, i * (J + p + 1))
                odd = _place(shift(x, at), shift(h, at), h_ != 0, I, n, own, p, J - p, uniform, base, memory, block, one)
                terms = _fill(h_ != 0, n, own, p, nu, J - p, uniform, odd, table, slopes, base, polynomials, memory, block, one)
                _axpy_rows(rows, shift(coef, i * J * O), shift(scale, i * O), memory[6], memory[0], n, block, terms, base != 0, O)
        scratch[0] = stamp  # the memory is kept until here

    @entry
    def backward(
        x_, h_, g_, coef_, scale_, knots_, table_, slopes_, polynomials_, table1_, polynomials1_, dx_, dcoef_, dscale_, dbias_,
        begin, end, low, high, I, J, O, p, nu, uniform, base, base1, size, one,
    ):  # fmt: skip
        """Over rows begin..end and input nodes low..high: dx (b, i) = h to_in of order nu+1; dcoef, dscale += to_coef of order nu; dbias += sum of g.

        dx_, dcoef_ or dbias_ may be 0: not wanted. With dcoef_ 0 and nu one less, this is to_in. base1 is the base function of to_in, or 0.
        """
        x, h, g, coef, scale = pointer(x_, one), pointer(h_, one), pointer(g_, one), pointer(coef_, one), pointer(scale_, one)
        knots, table, slopes, polynomials = pointer(knots_, one), pointer(table_, one), pointer(slopes_, one), pointer(polynomials_, one)
        table1, polynomials1 = pointer(table1_, one), pointer(polynomials1_, one)
        dx, dcoef, dscale, dbias = pointer(dx_, one), pointer(dcoef_, one), pointer(dscale_, one), pointer(dbias_, one)
        block = _block(I, J, O, size)
        scratch = _scratch(p, block, size)
        memory = _divide(scratch, p, block, size, one)
        either = base if base != 0 else base1
        for start in range(begin, end, block):
            n = min(block, end - start)
            rows = shift(g, start * O)
            if dbias_ != 0:
                for b in range(n):
                    for o in range(O):
                        dbias[o] += rows[b * O + o]
            for i in range(low, high):
                at, own = start * I + i, shift(knots, i * (J + p + 1))
                odd = _place(shift(x, at), shift(h, at), h_ != 0, I, n, own, p, J - p, uniform, either, memory, block, one)
                if dx_ != 0:
                    terms = _fill(h_ != 0, n, own, p, nu + 1, J - p, uniform, odd, table1, slopes, base1, polynomials1, memory, block, one)
                    _dot_rows(
                        rows, shift(coef, i * J * O), shift(scale, i * O), memory[6], memory[0], n, block, terms, base1 != 0, O, shift(dx, at), I,
                        one,
                    )  # fmt: skip
                if dcoef_ != 0:
                    terms = _fill(h_ != 0, n, own, p, nu, J - p, uniform, odd, table, slopes, base, polynomials, memory, block, one)
                    _push_rows(rows, shift(dcoef, i * J * O), shift(dscale, i * O), memory[6], memory[0], n, block, terms, base != 0, O)
        scratch[0] = stamp

    @entry
    def basis(x_, knots_, table_, slopes_, first_, values_, begin, end, I, J, p, nu, uniform, size, one):
        x, knots, table, slopes = pointer(x_, one), pointer(knots_, one), pointer(table_, one), pointer(slopes_, one)
        result, places = pointer(values_, one), pointer(first_, int64(1))
        block = 16  # rows whose results stay in the first-level cache
        scratch = _scratch(p, block, size)
        memory = _divide(scratch, p, block, size, one)
        for start in range(begin, end, block):
            n = min(block, end - start)
            for i in range(I):
                at, own = start * I + i, shift(knots, i * (J + p + 1))
                odd = _place(shift(x, at), x, False, I, n, own, p, J - p, uniform, 0, memory, block, one)
                _fill(False, n, own, p, nu, J - p, uniform, odd, table, slopes, 0, x, memory, block, one)
                values, first = memory[0], memory[6]
                for b in range(n):
                    places[at + b * I] = first[b]
                for r in range(p + 1):
                    for b in range(n):
                        result[(at + b * I) * (p + 1) + r] = values[r * block + b]
        scratch[0] = stamp

    def task(name, one):
        """An entry point for numbers of the type of `one`, as a C function that takes slice after slice of a table (pool.py) until none is left."""

        def out_task(data):
            table = retype(data, int64(1))
            k = next_number(table) + 0 * stamp
            while k < table[1]:
                a = shift(table, 3 + k * table[2])
                _to_out(
                    a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9],
                    a[10], a[11], a[12], a[13], a[14], a[15], a[16], a[17] != 0, a[18], a[19], one,
                )  # fmt: skip
                k = next_number(table)

        def back_task(data):
            table = retype(data, int64(1))
            k = next_number(table) + 0 * stamp
            while k < table[1]:
                a = shift(table, 3 + k * table[2])
                _backward(
                    a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14],
                    a[15], a[16], a[17], a[18], a[19], a[20], a[21], a[22], a[23], a[24] != 0, a[25], a[26], a[27], one,
                )  # fmt: skip
                k = next_number(table)

        def basis_task(data):
            table = retype(data, int64(1))
            k = next_number(table) + 0 * stamp
            while k < table[1]:
                a = shift(table, 3 + k * table[2])
                _basis(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12] != 0, a[13], one)
                k = next_number(table)

        function = {"to_out": out_task, "backward": back_task, "basis": basis_task}[name]
        return cfunc(types.void(types.voidptr), cache=on_disk, **OPTIONS)(function)

    _to_out, _backward, _basis = to_out, backward, basis
    return SimpleNamespace(to_out=to_out, backward=backward, basis=basis, task=task)
