"""The three kernels on the CPU: b rows, i input nodes, j basis, o output nodes; addresses in, nothing out.

Rows go in blocks that keep the outputs of a block in the cache; within a block one input node after the other, so that
the coefficients of a node are read once per block; within a node over the degree+1 basis functions that are not zero
there: row by row, or, where many rows share an interval, sorted by it, with its coefficients in registers. Many outputs
are taken in strips, for which the rows of a block are copied strip by strip.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from numba import cfunc, int32, int64, njit, types

from .columns import EXTRA, base_values, evaluate, locate, logistic, plain, scale_rows, take, to_columns, to_rows
from .micro import WIDTH, next_number, pointer, real, retype, shift, sums
from .rows import (
    LEAST,
    OPTIONS,
    STRIP,
    axpy_groups,
    axpy_rows,
    by_interval,
    differences,
    dot_rows,
    fast,
    in_turn,
    pack,
    push_groups,
    push_rows,
    slope_groups,
    unpack,
)

# x, h, coef or None, base scale, g, knots, tables and polynomials come as addresses; 0 stands for None
CACHE_BYTES = 262144  # of outputs in a block: they stay in the second-level cache, also of small processors
STRIP_BYTES = 65536  # of outputs in a block and a strip, which are written again for every input node
MOST, MOST_BACK = (
    256,
    512,
)  # rows in a block; backward they are only read, and the more, the more of them share an interval
TILE = 16  # input nodes whose points are brought together
GROUPED = 16  # outputs from which rows are sorted by interval


@fast
def _block(O, size):
    """Rows in a block."""
    rows = min(MOST, CACHE_BYTES // max(1, O * size), STRIP_BYTES // (min(max(1, O), STRIP) * size))
    return max(16, rows // 16 * 16)


@fast
def _block_back(O, size):
    """Rows in a block of the backward pass."""
    return max(16, min(MOST_BACK, CACHE_BYTES // max(1, O * size)) // 16 * 16)


@fast
def _scratch(p, block, O, intervals, size):
    """Memory for all that `_divide` finds in it."""
    lines = (p + 2) + (p + 2) + 3 + (2 * p + EXTRA + 1) + 2 + 2 * TILE + WIDTH // size
    return np.empty((lines + (O if O > STRIP else 0)) * block * size + 4 * (intervals + 1) + 64, np.uint8)


@fast
def _divide(memory, p, block, O, size, one):
    """Parts of the scratch memory, from a 64-byte boundary on: rows of values (spline and base), work, h, rising and
    falling, places with 2p local knots, first, order, x, sums over outputs; then outputs in strips; ends of intervals;
    sums over outputs as vectors.
    """
    values, whole = pointer((memory.ctypes.data + 63) // 64 * 64, one), int32(1)
    work = shift(values, (p + 2) * block)
    own_h = shift(work, (p + 2) * block)
    places = shift(own_h, 3 * block)
    first = shift(places, (2 * p + EXTRA + 1) * block)
    order, x = shift(first, block), shift(first, 2 * block)
    pull = shift(x, TILE * block)
    wide = shift(pull, TILE * block)
    strips = shift(wide, WIDTH // size * block)
    ends = shift(strips, O * block if O > STRIP else 0)
    return (
        values,
        work,
        own_h,
        shift(own_h, block),
        places,
        retype(first, whole),
        retype(order, whole),
        x,
        pull,
        strips,
        retype(ends, whole),
        wide,
    )


@plain
def _place(x, h, with_h, stride, n, knots, p, intervals, uniform, base, memory, block, one):
    """Find one block of rows x at one input node: everything that does not depend on the order of derivative. Returns
    whether a row is outside."""
    own_h, rising, places, first = memory[2:6]
    if with_h:
        take(h, stride, n, own_h)
    odd = locate(x, n, knots, p, intervals, uniform, first, places, block, one)
    if base == 1:
        logistic(x, n, rising, shift(rising, block), one)
    return odd


@plain
def _fill(x, with_h, n, knots, p, nu, intervals, uniform, odd, table, slopes, base, polynomials, memory, block, one):
    """values (terms + base, rows) of order nu, times h, where `_place` has been. Returns the number of spline terms:
    p+1, or 0 beyond the degree."""
    values, work, own_h, rising, places = memory[:5]
    terms = 0
    if nu <= p:
        terms = p + 1
        evaluate(n, knots, p, nu, intervals, uniform, odd, table, slopes, places, work, values, block, one)
    if base != 0:
        base_values(x, n, base, nu, polynomials, rising, shift(rising, block), shift(values, terms * block), one)
    if with_h:
        scale_rows(own_h, n, terms + (1 if base != 0 else 0), values, block)
    return terms


_to_out = _backward = _basis = None


def build(stamp: int, on_disk: bool = True) -> SimpleNamespace:
    """The entry points `to_out`, `backward`, `basis`.

    numba keeps their machine code on disk and looks only at the file they stand in to see whether it is still good;
    `stamp`, a number made of the text of all files that went into them, becomes a part of the key.
    """

    # for the tasks: a compiled function in a closure would make a new key in every process
    global _to_out, _backward, _basis
    entry = njit(**OPTIONS, cache=on_disk, forceinline=True)

    @entry
    def to_out(
        x_,
        h_,
        coef_,
        scale_,
        bias_,
        knots_,
        table_,
        slopes_,
        polynomials_,
        out_,
        begin,
        end,
        I,
        J,
        O,
        p,
        nu,
        uniform,
        base,
        size,
        one,
    ):
        x, h, coef, scale, knots = (
            pointer(x_, one),
            pointer(h_, one),
            pointer(coef_, one),
            pointer(scale_, one),
            pointer(knots_, one),
        )
        table, slopes, polynomials = pointer(table_, one), pointer(slopes_, one), pointer(polynomials_, one)
        bias, out = pointer(bias_, one), pointer(out_, one)
        block = _block(O, size)
        scratch = _scratch(p, block, O, J - p, size)
        memory = _divide(scratch, p, block, O, size, one)
        values, first, order, columns, strips, ends = memory[0], memory[5], memory[6], memory[7], memory[9], memory[10]
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
            if O > STRIP:
                pack(rows, n, O, strips)
            grouped = p == 3 and base != 0 and nu <= p and O >= GROUPED and n >= LEAST * (J - p)
            if not grouped:
                in_turn(n, order)
            for i in range(I):
                at, own, k = start * I + i, shift(knots, i * (J + p + 1)), i % TILE
                if k == 0:
                    to_columns(shift(x, at), I, n, min(TILE, I - i), columns, block)
                points = shift(columns, k * block)
                odd = _place(points, shift(h, at), h_ != 0, I, n, own, p, J - p, uniform, base, memory, block, one)
                terms = _fill(
                    points,
                    h_ != 0,
                    n,
                    own,
                    p,
                    nu,
                    J - p,
                    uniform,
                    odd,
                    table,
                    slopes,
                    base,
                    polynomials,
                    memory,
                    block,
                    one,
                )
                if O > STRIP or grouped:  # row after row meets the same coefficients, which therefore stay near
                    by_interval(first, n, J - p, ends, order)
                for s in range(0, O, STRIP):
                    target, w = shift(strips, s * n) if O > STRIP else rows, min(STRIP, O - s)
                    part, extra = shift(coef, i * J * O + s), shift(scale, i * O + s)
                    if grouped:
                        axpy_groups(target, w, part, O, extra, J - p, ends, order, values, block)
                    else:
                        axpy_rows(target, w, part, O, extra, order, first, values, n, block, terms, base != 0)
            if O > STRIP:
                unpack(strips, n, O, rows)
        scratch[0] = stamp  # the memory is kept until here

    @entry
    def backward(
        x_,
        h_,
        g_,
        coef_,
        scale_,
        knots_,
        table_,
        slopes_,
        polynomials_,
        table1_,
        polynomials1_,
        dx_,
        dcoef_,
        dscale_,
        dbias_,
        begin,
        end,
        low,
        high,
        I,
        J,
        O,
        p,
        nu,
        uniform,
        base,
        base1,
        size,
        one,
    ):
        """Over rows begin..end and input nodes low..high: dx (b, i) = h to_in of order nu+1; dcoef, dscale += to_coef
        of order nu; dbias += sum of g.

        dx_, dcoef_ or dbias_ may be 0: not wanted. With dcoef_ 0 and nu one less, this is to_in. base1 is the base
        function of to_in, or 0.
        """
        x, h, g, coef, scale = (
            pointer(x_, one),
            pointer(h_, one),
            pointer(g_, one),
            pointer(coef_, one),
            pointer(scale_, one),
        )
        knots, table, slopes, polynomials = (
            pointer(knots_, one),
            pointer(table_, one),
            pointer(slopes_, one),
            pointer(polynomials_, one),
        )
        table1, polynomials1 = pointer(table1_, one), pointer(polynomials1_, one)
        dx, dcoef, dscale, dbias = pointer(dx_, one), pointer(dcoef_, one), pointer(dscale_, one), pointer(dbias_, one)
        block = _block_back(O, size)
        scratch = _scratch(p, block, O, J - p, size)
        memory = _divide(scratch, p, block, O, size, one)
        values, first, order, columns, pulls, strips, ends = (
            memory[0],
            memory[5],
            memory[6],
            memory[7],
            memory[8],
            memory[9],
            memory[10],
        )
        either, lanes, wide = base if base != 0 else base1, WIDTH // size, memory[11]
        for start in range(begin, end, block):
            n = min(block, end - start)
            rows = shift(g, start * O)
            if dbias_ != 0:
                for b in range(n):
                    for o in range(O):
                        dbias[o] += rows[b * O + o]
            if O > STRIP:
                pack(rows, n, O, strips)
            grouped = O >= GROUPED and n >= LEAST * (J - p)
            by_slope = grouped and p == 3 and base1 != 0 and nu >= 0
            if not grouped:
                in_turn(n, order)
            for i in range(low, high):
                at, own, column = start * I + i, shift(knots, i * (J + p + 1)), (i - low) % TILE
                if column == 0:
                    to_columns(shift(x, at), I, n, min(TILE, high - i), columns, block)
                points, pull = shift(columns, column * block), shift(pulls, column * block)
                odd = _place(points, shift(h, at), h_ != 0, I, n, own, p, J - p, uniform, either, memory, block, one)
                if O > STRIP or grouped:
                    by_interval(first, n, J - p, ends, order)
                if dx_ != 0:
                    terms = _fill(
                        points,
                        h_ != 0,
                        n,
                        own,
                        p,
                        nu + 1,
                        J - p,
                        uniform,
                        odd,
                        table1,
                        slopes,
                        base1,
                        polynomials1,
                        memory,
                        block,
                        one,
                    )
                    sloped = by_slope and terms == 4
                    if sloped:
                        differences(values, n, block)
                    for k in range(n * lanes if sloped and O > STRIP else 0):
                        wide[k] = real(0, one)
                    for b in range(n):
                        pull[b] = real(0, one)
                    for s in range(0, O, STRIP):
                        source, w = shift(strips, s * n) if O > STRIP else rows, min(STRIP, O - s)
                        part, extra = shift(coef, i * J * O + s), shift(scale, i * O + s)
                        if sloped:
                            slope_groups(
                                source,
                                w,
                                part,
                                O,
                                extra,
                                J - p,
                                ends,
                                order,
                                values,
                                block,
                                O > STRIP,
                                wide if O > STRIP else pull,
                            )
                        else:
                            dot_rows(
                                source, w, part, O, extra, order, first, values, n, block, terms, base1 != 0, pull, one
                            )
                    if sloped and O > STRIP:
                        sums(wide, n, pull)
                    if column == TILE - 1 or i == high - 1:
                        to_rows(pulls, block, n, column + 1, shift(dx, at - column), I)
                if dcoef_ != 0:
                    terms = _fill(
                        points,
                        h_ != 0,
                        n,
                        own,
                        p,
                        nu,
                        J - p,
                        uniform,
                        odd,
                        table,
                        slopes,
                        base,
                        polynomials,
                        memory,
                        block,
                        one,
                    )
                    line, extra = shift(dcoef, i * J * O), shift(dscale, i * O)
                    if start == begin:
                        for k in range(J * O):
                            line[k] = real(0, one)
                        if base != 0:
                            for o in range(O):
                                extra[o] = real(0, one)
                    for s in range(0, O, STRIP):
                        source, w = shift(strips, s * n) if O > STRIP else rows, min(STRIP, O - s)
                        if grouped:
                            push_groups(
                                source,
                                w,
                                shift(line, s),
                                O,
                                shift(extra, s),
                                J - p,
                                ends,
                                order,
                                values,
                                block,
                                terms,
                                base != 0,
                            )
                        else:
                            push_rows(
                                source, w, shift(line, s), O, shift(extra, s), first, values, n, block, terms, base != 0
                            )
        scratch[0] = stamp

    @entry
    def basis(x_, knots_, table_, slopes_, first_, values_, begin, end, I, J, p, nu, uniform, size, one):
        x, knots, table, slopes = pointer(x_, one), pointer(knots_, one), pointer(table_, one), pointer(slopes_, one)
        result, places = pointer(values_, one), pointer(first_, int64(1))
        block = 16  # rows whose results stay in the first-level cache
        scratch = _scratch(p, block, 0, J - p, size)
        memory = _divide(scratch, p, block, 0, size, one)
        for start in range(begin, end, block):
            n = min(block, end - start)
            for i in range(I):
                at, own = start * I + i, shift(knots, i * (J + p + 1))
                points = memory[7]
                take(shift(x, at), I, n, points)
                odd = _place(points, x, False, I, n, own, p, J - p, uniform, 0, memory, block, one)
                _fill(points, False, n, own, p, nu, J - p, uniform, odd, table, slopes, 0, x, memory, block, one)
                values, first = memory[0], memory[5]
                for b in range(n):
                    places[at + b * I] = first[b]
                for r in range(p + 1):
                    for b in range(n):
                        result[(at + b * I) * (p + 1) + r] = values[r * block + b]
        scratch[0] = stamp

    def task(name, one):
        """An entry point for numbers of the type of `one`, as a C function that takes slice after slice of a table
        (pool.py) until none is left."""

        def out_task(data):
            table = retype(data, int64(1))
            k = next_number(table) + 0 * stamp
            while k < table[1]:
                a = shift(table, 3 + k * table[2])
                _to_out(
                    a[0],
                    a[1],
                    a[2],
                    a[3],
                    a[4],
                    a[5],
                    a[6],
                    a[7],
                    a[8],
                    a[9],
                    a[10],
                    a[11],
                    a[12],
                    a[13],
                    a[14],
                    a[15],
                    a[16],
                    a[17] != 0,
                    a[18],
                    a[19],
                    one,
                )
                k = next_number(table)

        def back_task(data):
            table = retype(data, int64(1))
            k = next_number(table) + 0 * stamp
            while k < table[1]:
                a = shift(table, 3 + k * table[2])
                _backward(
                    a[0],
                    a[1],
                    a[2],
                    a[3],
                    a[4],
                    a[5],
                    a[6],
                    a[7],
                    a[8],
                    a[9],
                    a[10],
                    a[11],
                    a[12],
                    a[13],
                    a[14],
                    a[15],
                    a[16],
                    a[17],
                    a[18],
                    a[19],
                    a[20],
                    a[21],
                    a[22],
                    a[23],
                    a[24] != 0,
                    a[25],
                    a[26],
                    a[27],
                    one,
                )
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
