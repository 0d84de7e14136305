"""Rows of a block that share an interval, for the CPU kernels: they are sorted by it, and its coefficients stay in
registers while its rows are summed.

Names and layouts are those of `rows`, whose functions these stand for where many rows share an interval.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false

from __future__ import annotations

from numba import int32

from .instructions import apart, shift, wide_vectors
from .rows import STRIP, fast, fast_apart
from .vectors import make_group

LINES = 5  # of coefficients that are held in registers at a time
PARTS = 4  # of a block's rows, which are counted by interval each on its own
ROWS_PER_INTERVAL = 4  # rows per interval on average from which summing by intervals is faster

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
