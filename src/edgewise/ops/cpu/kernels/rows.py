"""A block of rows at one input node and a strip of outputs, for the CPU kernels: every row meets the coefficients of
the functions it touches.

`first` (rows) and `values` (term r, rows; `block` apart) come from `columns`; rows are visited in `order`. Outputs and
their gradients are `width` numbers a row, one row after the other; lines of coefficients are `distance` apart.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from numba import njit

from .instructions import apart, real, shift, wide_vectors
from .vectors import make_axpy, make_dot, make_push

OPTIONS = {"fastmath": {"contract", "reassoc", "nsz"}, "nogil": True, "error_model": "numpy"}
fast = njit(**OPTIONS, forceinline=True)  # becomes a part of its callers
fast_apart = njit(**OPTIONS, forceinline=False)  # said, since numba hands the caller's `forceinline` on otherwise
# outputs that are taken together: code for just this number, a block of rows of which stays in the first-level cache
STRIP = 64

axpy1, axpy2, axpy3, axpy4, axpy5, axpy_base = (
    make_axpy(1, False),
    make_axpy(2, False),
    make_axpy(3, False),
    make_axpy(4, False),
    make_axpy(4, True),
    make_axpy(0, True),
)
dot1, dot2, dot3, dot4, dot5, dot_base = (
    make_dot(1, False),
    make_dot(2, False),
    make_dot(3, False),
    make_dot(4, False),
    make_dot(4, True),
    make_dot(0, True),
)
push1, push2, push3, push4, push5, push_base = (
    make_push(1, False),
    make_push(2, False),
    make_push(3, False),
    make_push(4, False),
    make_push(4, True),
    make_push(0, True),
)


@fast
def in_turn(n, order):
    """Rows as they come."""
    for b in range(n):
        order[b] = b


@fast_apart
def pack(rows, n, O, strips):
    """rows (n, O) as strips of (n, STRIP) and what is left."""
    wide_vectors()
    for s in range(0, O, STRIP):
        w = min(STRIP, O - s)
        for b in range(n):
            source, target = shift(rows, b * O + s), shift(strips, s * n + b * w)
            for o in range(w):
                target[o] = source[o]


@fast_apart
def unpack(strips, n, O, rows):
    """`pack` undone."""
    wide_vectors()
    for s in range(0, O, STRIP):
        w = min(STRIP, O - s)
        for b in range(n):
            source, target = shift(strips, s * n + b * w), shift(rows, b * O + s)
            for o in range(w):
                target[o] = source[o]


@fast_apart
def axpy_rows(out, width, coef, distance, scale, order, first, values, n, block, terms, base):
    """out (rows, o) += sum over r of values[r] coef[first + r] (+ the base row)."""
    apart()
    if terms == 4 and base:
        if width == STRIP:
            for k in range(n):
                b = order[k]
                axpy5(
                    shift(out, b * STRIP),
                    shift(coef, first[b] * distance),
                    distance,
                    scale,
                    shift(values, b),
                    block,
                    STRIP,
                )
        else:
            for k in range(n):
                b = order[k]
                axpy5(
                    shift(out, b * width),
                    shift(coef, first[b] * distance),
                    distance,
                    scale,
                    shift(values, b),
                    block,
                    width,
                )
        return
    for k in range(n):
        b = order[k]
        row, rest = shift(out, b * width), shift(coef, first[b] * distance)
        r = 0
        while terms - r >= 4:
            axpy4(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
            r += 4
        if terms - r == 3:
            axpy3(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        elif terms - r == 2:
            axpy2(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        elif terms - r == 1:
            axpy1(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        if base:
            axpy_base(row, rest, distance, scale, shift(values, terms * block + b), block, width)


@fast_apart
def dot_rows(g, width, coef, distance, scale, order, first, values, n, block, terms, base, out, one):
    """out (rows) += sum over o of g times the sum over r of values[r] coef[first + r] (+ the base row)."""
    apart()
    if terms == 4 and base:
        if width == STRIP:
            for k in range(n):
                b = order[k]
                out[b] += dot5(
                    shift(g, b * STRIP),
                    shift(coef, first[b] * distance),
                    distance,
                    scale,
                    shift(values, b),
                    block,
                    STRIP,
                )
        else:
            for k in range(n):
                b = order[k]
                out[b] += dot5(
                    shift(g, b * width),
                    shift(coef, first[b] * distance),
                    distance,
                    scale,
                    shift(values, b),
                    block,
                    width,
                )
        return
    for k in range(n):
        b = order[k]
        row, rest = shift(g, b * width), shift(coef, first[b] * distance)
        total, r = real(0, one), 0
        while terms - r >= 4:
            total += dot4(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
            r += 4
        if terms - r == 3:
            total += dot3(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        elif terms - r == 2:
            total += dot2(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        elif terms - r == 1:
            total += dot1(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        if base:
            total += dot_base(row, rest, distance, scale, shift(values, terms * block + b), block, width)
        out[b] += total


@fast_apart
def push_rows(g, width, coef, distance, scale, first, values, n, block, terms, base):
    """coef[first + r] += values[r] g over the rows (and the base row)."""
    apart()
    if terms == 4 and base:
        for b in range(n):
            push5(
                shift(g, b * width), shift(coef, first[b] * distance), distance, scale, shift(values, b), block, width
            )
        return
    for b in range(n):
        row, rest = shift(g, b * width), shift(coef, first[b] * distance)
        r = 0
        while terms - r >= 4:
            push4(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
            r += 4
        if terms - r == 3:
            push3(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        elif terms - r == 2:
            push2(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        elif terms - r == 1:
            push1(row, shift(rest, r * distance), distance, scale, shift(values, r * block + b), block, width)
        if base:
            push_base(row, rest, distance, scale, shift(values, terms * block + b), block, width)
