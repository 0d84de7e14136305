"""The three kernels on the CPU: b rows, i input nodes, j basis, o output nodes; addresses in, nothing out.

Rows go in blocks whose outputs stay in the cache. Within a block one input node follows the other, so the coefficients
of a node are read once per block. Within a node the degree+1 basis functions that are not zero there are summed, row by
row. Where many rows share an interval they are sorted by it, with its coefficients in registers. Many outputs are taken
in strips; the rows of a block are then copied strip by strip.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from numba import int64

from .blocks import NODES, block_rows, block_rows_back, divide, fill, place, scratch_bytes
from .columns import take, turn
from .instructions import allocate, pointer, real, release, shift
from .rows import STRIP, axpy_rows, dot_rows, fast_apart, in_turn, pack, push_rows, unpack
from .sorted_rows import ROWS_PER_INTERVAL, axpy_groups, by_interval, differences, push_groups, slopes_groups
from .vectors import VECTOR_BYTES, sums

# x, h, coef or None, base scale, g, knots, tables and polynomials come as addresses; 0 stands for None
BASIS_ROWS = 16  # in a block of `basis`: its results stay in the first-level cache


@fast_apart
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
    block = block_rows(O, size)
    scratch = allocate(scratch_bytes(p, block, O, J - p, size))
    if scratch == 0:
        return False
    memory = divide(scratch, p, block, O, size, one)
    values, first, order = memory.values, memory.first, memory.order
    columns, strips, ends, lanes = memory.columns, memory.strips, memory.ends, VECTOR_BYTES // size
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
        grouped = nu <= p and n >= ROWS_PER_INTERVAL * (J - p)
        in_order = grouped or (O > STRIP and n >= J - p)  # row after row meets the same coefficients, which stay near
        if not in_order:
            in_turn(n, order)
        for i in range(I):
            at, own, k = start * I + i, shift(knots, i * (J + p + 1)), i % NODES
            if k == 0:
                turn(shift(x, at), I, n, min(NODES, I - i), columns, block, lanes)
            points = shift(columns, k * block)
            odd = place(points, shift(h, at), h_ != 0, I, n, own, p, J - p, uniform, base, memory, block, one)
            terms = fill(
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
            if in_order:
                by_interval(first, n, J - p, ends, order)
            for s in range(0, O, STRIP):
                target, w = shift(strips, s * n) if O > STRIP else rows, min(STRIP, O - s)
                part, extra = shift(coef, i * J * O + s), shift(scale, i * O + s)
                if grouped:
                    axpy_groups(target, w, part, O, extra, J - p, ends, order, values, block, terms, base != 0)
                else:
                    axpy_rows(target, w, part, O, extra, order, first, values, n, block, terms, base != 0)
        if O > STRIP:
            unpack(strips, n, O, rows)
    release(scratch)
    return True


@fast_apart
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
    block = block_rows_back(O, size)
    scratch = allocate(scratch_bytes(p, block, O, J - p, size))
    if scratch == 0:
        return False
    memory = divide(scratch, p, block, O, size, one)
    values, first, order = memory.values, memory.first, memory.order
    columns, strips, ends, pulls, wide = memory.columns, memory.strips, memory.ends, memory.pulls, memory.wide
    either, lanes = base if base != 0 else base1, VECTOR_BYTES // size
    for start in range(begin, end, block):
        n = min(block, end - start)
        rows = shift(g, start * O)
        if dbias_ != 0:
            for b in range(n):
                for o in range(O):
                    dbias[o] += rows[b * O + o]
        if O > STRIP:
            pack(rows, n, O, strips)
        grouped = n >= ROWS_PER_INTERVAL * (J - p)
        in_order = grouped or (O > STRIP and n >= J - p)
        if not in_order:
            in_turn(n, order)
        for i in range(low, high):
            at, own, column = start * I + i, shift(knots, i * (J + p + 1)), (i - low) % NODES
            if column == 0:
                turn(shift(x, at), I, n, min(NODES, high - i), columns, block, lanes)
            points, pull = shift(columns, column * block), shift(pulls, column * block)
            odd = place(points, shift(h, at), h_ != 0, I, n, own, p, J - p, uniform, either, memory, block, one)
            if in_order:
                by_interval(first, n, J - p, ends, order)
            if dx_ != 0:
                terms = fill(
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
                sloped = grouped and nu >= 0 and terms > 0  # the values of derivatives add up to zero
                if sloped:
                    differences(values, n, block, terms, base1 != 0)
                    for k in range(n * lanes):
                        wide[k] = real(0, one)
                for b in range(n):
                    pull[b] = real(0, one)
                for s in range(0, O, STRIP):
                    source, w = shift(strips, s * n) if O > STRIP else rows, min(STRIP, O - s)
                    part, extra = shift(coef, i * J * O + s), shift(scale, i * O + s)
                    if sloped:
                        slopes_groups(
                            source, w, part, O, extra, J - p, ends, order, values, block, terms, base1 != 0, wide
                        )
                    else:
                        dot_rows(
                            source, w, part, O, extra, order, first, values, n, block, terms, base1 != 0, pull, one
                        )
                if sloped:
                    sums(wide, n, pull)
                if column == NODES - 1 or i == high - 1:
                    turn(pulls, block, column + 1, n, shift(dx, at - column), I, lanes)
            if dcoef_ != 0:
                terms = fill(
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
    release(scratch)
    return True


@fast_apart
def basis(x_, knots_, table_, slopes_, first_, values_, begin, end, I, J, p, nu, uniform, size, one):
    x, knots, table, slopes = pointer(x_, one), pointer(knots_, one), pointer(table_, one), pointer(slopes_, one)
    result, places = pointer(values_, one), pointer(first_, int64(1))
    block, none = int64(BASIS_ROWS), int64(0)  # typed, or numba would make a second `fill` for these very numbers
    scratch = allocate(scratch_bytes(p, block, none, J - p, size))
    if scratch == 0:
        return False
    memory = divide(scratch, p, block, none, size, one)
    for start in range(begin, end, block):
        n = min(block, end - start)
        for i in range(I):
            at, own = start * I + i, shift(knots, i * (J + p + 1))
            points = memory.columns
            take(shift(x, at), I, n, points)
            odd = place(points, x, none != 0, I, n, own, p, J - p, uniform, none, memory, block, one)
            fill(points, none != 0, n, own, p, nu, J - p, uniform, odd, table, slopes, none, x, memory, block, one)
            values, first = memory.values, memory.first
            for b in range(n):
                places[at + b * I] = first[b]
            for r in range(p + 1):
                for b in range(n):
                    result[(at + b * I) * (p + 1) + r] = values[r * block + b]
    release(scratch)
    return True
