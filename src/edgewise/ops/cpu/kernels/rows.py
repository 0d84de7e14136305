"""A block of rows at one input node and a strip of outputs, for the CPU kernels: every row meets the coefficients of
the functions it touches.

`first` (rows) and `values` (term r, rows; `block` apart) come from `columns`; rows are visited in `order`. Outputs and
their gradients are `width` numbers a row, one row after the other; lines of coefficients are `distance` apart.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from numba import int32, njit

from .instructions import apart, real, shift, wide_vectors
from .vectors import make_axpy, make_dot, make_group, make_push

OPTIONS = {"fastmath": {"contract", "reassoc", "nsz"}, "nogil": True, "error_model": "numpy"}
fast = njit(**OPTIONS, forceinline=True)  # becomes a part of its callers
fast_apart = njit(**OPTIONS, forceinline=False)  # said, since numba hands the caller's `forceinline` on otherwise
# outputs that are taken together: code for just this number, a block of rows of which stays in the first-level cache
STRIP = 64
LINES = 5  # of coefficients that are held in registers at a time
PARTS = 4  # of a block's rows, which are counted by interval each on its own
ROWS_PER_INTERVAL = 4  # rows per interval on average from which summing by intervals is faster

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
axpy_group1, axpy_group2, axpy_group3, axpy_group4, axpy_group5 = (
    make_group("axpy", 1),
    make_group("axpy", 2),
    make_group("axpy", 3),
    make_group("axpy", 4),
    make_group("axpy", 5),
)
slopes_group1, slopes_group2, slopes_group3, slopes_group4, slopes_group5 = (
    make_group("slopes", 1),
    make_group("slopes", 2),
    make_group("slopes", 3),
    make_group("slopes", 4),
    make_group("slopes", 5),
)
push_group1, push_group2, push_group3, push_group4, push_group5 = (
    make_group("push", 1),
    make_group("push", 2),
    make_group("push", 3),
    make_group("push", 4),
    make_group("push", 5),
)


@fast
def in_turn(n, order):
    """Rows as they come."""
    for b in range(n):
        order[b] = b


@fast
def by_interval(first, n, intervals, ends, order):
    """Rows by the interval they lie in: those of interval k are order[ends[k-1]:ends[k]], as they came. `ends`: room
    for PARTS numbers per interval.

    A count that was just written is read again a few cycles later at best. So PARTS runs of rows count apart, and
    none waits for the one before it.
    """
    part, last, total = n // PARTS, PARTS - 1, int32(0)
    for k in range(intervals * PARTS):
        ends[k] = 0
    for b in range(part):
        for q in range(PARTS):
            ends[first[b + q * part] * PARTS + q] += 1
    for b in range(PARTS * part, n):
        ends[first[b] * PARTS + last] += 1
    for k in range(intervals * PARTS):
        count = ends[k]
        ends[k] = total
        total += count
    for b in range(part):
        for q in range(PARTS):
            row = b + q * part
            place = first[row] * PARTS + q
            order[ends[place]] = row
            ends[place] += 1
    for b in range(PARTS * part, n):
        place = first[b] * PARTS + last
        order[ends[place]] = b
        ends[place] += 1
    for k in range(intervals):
        ends[k] = ends[k * PARTS + PARTS - 1]


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


@fast
def at_once(lines):
    """Lines that are taken together, where there are so many: as many as registers hold, in parts of about equal
    size."""
    return (lines + (lines + LINES - 1) // LINES - 1) // ((lines + LINES - 1) // LINES)


@fast
def _axpy(count, start, distance, last, base, order, n, rows, width, values, block, pulls):
    """out (rows, o) += values times lines, for rows of one interval and `count` lines."""
    if count == 5:
        axpy_group5(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 4:
        axpy_group4(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 3:
        axpy_group3(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 2:
        axpy_group2(start, distance, last, base, order, n, rows, width, values, block, pulls)
    else:
        axpy_group1(start, distance, last, base, order, n, rows, width, values, block, pulls)


@fast
def _slopes(count, start, distance, last, base, order, n, rows, width, values, block, pulls):
    """pulls (rows, of a vector) += g times values times differences of lines, for rows of one interval."""
    if count == 5:
        slopes_group5(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 4:
        slopes_group4(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 3:
        slopes_group3(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 2:
        slopes_group2(start, distance, last, base, order, n, rows, width, values, block, pulls)
    else:
        slopes_group1(start, distance, last, base, order, n, rows, width, values, block, pulls)


@fast
def _push(count, start, distance, last, base, order, n, rows, width, values, block, pulls):
    """lines += values times g, for rows of one interval and `count` lines."""
    if count == 5:
        push_group5(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 4:
        push_group4(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 3:
        push_group3(start, distance, last, base, order, n, rows, width, values, block, pulls)
    elif count == 2:
        push_group2(start, distance, last, base, order, n, rows, width, values, block, pulls)
    else:
        push_group1(start, distance, last, base, order, n, rows, width, values, block, pulls)


@fast_apart
def axpy_groups(out, width, coef, distance, scale, intervals, ends, order, values, block, terms, base):
    """`axpy_rows` for rows sorted by interval, with the coefficients of an interval in registers."""
    apart()
    begin, lines = 0, terms + (1 if base else 0)
    size = at_once(lines)
    for k in range(intervals):
        own, n, own_lines = shift(order, begin), ends[k] - begin, shift(coef, k * distance)
        r = 0
        while r < lines and n > 0:
            count = min(size, lines - r)
            with_base = r + count > terms
            start = shift(own_lines, r * distance)
            last = scale if with_base else shift(own_lines, (r + count - 1) * distance)
            factors = shift(values, r * block)
            if width == STRIP:
                _axpy(count, start, distance, last, with_base, own, n, out, STRIP, factors, block, values)
            else:
                _axpy(count, start, distance, last, with_base, own, n, out, width, factors, block, values)
            r += count
        begin = ends[k]


@fast_apart
def slopes_groups(g, width, coef, distance, scale, intervals, ends, order, values, block, terms, base, wide):
    """`dot_rows` for functions whose values add up to zero (derivatives), rows sorted by interval.

    sum_r v_r c_r is then the sum over differences, of (c_(r+1) - c_r) times -(v_0 + .. + v_r), which `differences` has
    put in `values`. Adds to vectors `wide` (rows, of VECTOR_BYTES), the sums of which are wanted.
    """
    apart()
    begin, lines = 0, terms - 1 + (1 if base else 0)
    size = at_once(lines)
    for k in range(intervals):
        own, n, own_lines = shift(order, begin), ends[k] - begin, shift(coef, k * distance)
        r = 0
        while r < lines and n > 0:
            count = min(size, lines - r)
            with_base = r + count > terms - 1
            start = shift(own_lines, r * distance)
            last = scale if with_base else shift(own_lines, (r + count) * distance)
            factors = shift(values, r * block)
            if width == STRIP:
                _slopes(count, start, distance, last, with_base, own, n, g, STRIP, factors, block, wide)
            else:
                _slopes(count, start, distance, last, with_base, own, n, g, width, factors, block, wide)
            r += count
        begin = ends[k]


@fast_apart
def differences(values, n, block, terms, base):
    """`terms` derivatives, the sum of which is zero, become one factor of a difference less; the base function's values
    follow."""
    wide_vectors()
    middle = terms // 2  # sums from the nearer end, for the fewer roundings
    for b in range(n):
        values[b] = -values[b]
    for r in range(1, middle):
        row, before = shift(values, r * block), shift(values, (r - 1) * block)
        for b in range(n):
            row[b] = before[b] - row[b]
    for r in range(terms - 2, middle, -1):
        row, after = shift(values, r * block), shift(values, (r + 1) * block)
        for b in range(n):
            row[b] += after[b]
    for r in range(middle, terms if base else terms - 1):
        row, after = shift(values, r * block), shift(values, (r + 1) * block)
        for b in range(n):
            row[b] = after[b]


@fast_apart
def push_groups(g, width, coef, distance, scale, intervals, ends, order, values, block, terms, base):
    """`push_rows` for rows sorted by interval: what goes to the same coefficients is summed in registers."""
    apart()
    begin, lines = 0, terms + (1 if base else 0)
    size = at_once(lines)
    for k in range(intervals):
        own, n, own_lines = shift(order, begin), ends[k] - begin, shift(coef, k * distance)
        r = 0
        while r < lines and n > 0:
            count = min(size, lines - r)
            with_base = r + count > terms
            start = shift(own_lines, r * distance)
            last = scale if with_base else shift(own_lines, (r + count - 1) * distance)
            factors = shift(values, r * block)
            if width == STRIP:
                _push(count, start, distance, last, with_base, own, n, g, STRIP, factors, block, values)
            else:
                _push(count, start, distance, last, with_base, own, n, g, width, factors, block, values)
            r += count
        begin = ends[k]
