"""Basis values of a block of rows at one input node, for the CPU kernels: every loop runs along the rows, so that it
becomes vector code.

x (rows) is a pointer to the block's values at the node; results lie in `first` (rows) and `values` (basis r, rows),
rows of `block` numbers. `locate` finds once where a point lies, then `spline_values` gives derivatives of any order
there. Of the fast-math liberties only contraction (a*b+c in one step) is allowed: re-association would undo the
splitting of ln 2, ignoring NaN is wrong.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false

from __future__ import annotations

from numba import int32, int64, njit

from .instructions import (
    copy_pair,
    fixed,
    is_single,
    larger,
    power_of_two,
    real,
    shift,
    smaller,
    smallest_exponent,
    wide_vectors,
)
from .vectors import transpose

FEW_INTERVALS = 32  # intervals up to which comparing with every knot (vector code) beats a binary search
# rows of `places` before the place within the interval or the 2p local knots: how far outside, and the point held
# inside
EXTRA = 2
# "numpy": a division by zero gives inf instead of raising, without which no loop with a division becomes vector code
OPTIONS = {"fastmath": {"contract"}, "nogil": True, "error_model": "numpy"}
plain = njit(**OPTIONS, forceinline=True)  # becomes a part of its callers
plain_apart = njit(**OPTIONS, forceinline=False)  # compiled once, whoever calls it


@plain_apart
def take(source, stride, n, out):
    """A strided column as a row."""
    wide_vectors()
    for b in range(n):
        out[b] = source[b * stride]


@plain_apart
def turn(source, source_distance, rows, columns, target, target_distance, lanes):
    """target[c, r] = source[r, c], for so many rows and columns of the source; rows of each are `distance` apart.

    Whole vectors both ways are shuffled; what is left goes number by number. `lanes`: numbers of a vector.
    """
    wide_vectors()
    tall, wide = rows // lanes * lanes, columns // lanes * lanes
    for r in range(0, tall, lanes):
        for c in range(0, wide, lanes):
            start, end = shift(source, r * source_distance + c), shift(target, c * target_distance + r)
            transpose(start, source_distance, end, target_distance)
    for c in range(columns):
        for r in range(tall if c < wide else 0, rows):
            target[c * target_distance + r] = source[r * source_distance + c]


@plain
def locate(x, n, knots, p, intervals, uniform, first, places, around, block, one):
    """Interval of every row, NaN and the right end in the last one. Returns whether a row lies outside the interior
    interval, at its end, or is NaN.

    `places`: excess beyond the interior interval (NaN for NaN); the point held inside; then u within the interval
    (uniform) or 2p local knots. `around`: room for two rows.
    """
    low, high = knots[p], knots[p + intervals]
    excess, place, share = places, shift(places, block), shift(places, 2 * block)
    odd = 0
    for b in range(n):
        value = x[b]
        held = larger(smaller(value, high), low)
        excess[b] = value - held
        odd |= (value != held) | (value >= high)
        place[b] = held
    if not uniform:
        for b in range(n):
            first[b] = 0
        if intervals <= FEW_INTERVALS:
            for k in range(1, intervals):
                knot = knots[p + k]
                for b in range(n):
                    first[b] += 1 if place[b] >= knot else 0
        else:  # without branches, which would be mispredicted half of the time
            step = 1
            while 2 * step < intervals:
                step *= 2
            while step > 0:
                for b in range(n):
                    ahead = first[b] + step
                    ahead = ahead if ahead < intervals else intervals - 1
                    first[b] = ahead if place[b] >= fixed(knots, p + ahead) else first[b]
                step //= 2
        for m in range(2 * p):
            row = shift(places, (EXTRA + m) * block)
            for b in range(n):
                row[b] = fixed(knots, first[b] + 1 + m)
        return odd != 0
    inverse, last = real(intervals, one) / (high - low), real(intervals - 1, one)
    for b in range(n):
        first[b] = int32(smaller((place[b] - low) * inverse, last))
    wrong, final = int32(0), int32(intervals - 1)
    _around(n, shift(knots, p), first, around)
    for b in range(n):  # by the knots around the point alone, so that a longer grid gives the same bits
        left, right = around[2 * b], around[2 * b + 1]
        wrong |= int32(place[b] < left) | (int32(place[b] >= right) & int32(first[b] < final))
        share[b] = (place[b] - left) / (right - left)
    if wrong != 0:  # rounded to the neighbour of its interval, whose knots decide
        for b in range(n):
            k, left, right = first[b], around[2 * b], around[2 * b + 1]
            first[b] = k - int32(place[b] < left) + (int32(place[b] >= right) & int32(k < final))
        _around(n, shift(knots, p), first, around)
        for b in range(n):
            left, right = around[2 * b], around[2 * b + 1]
            share[b] = (place[b] - left) / (right - left)
    return odd != 0


@plain
def _around(n, knots, first, around):
    """The two knots around each row, one after the other. Numbers from all over a table, taken by vector instructions,
    are slow on many processors: the table is read here alone, row by row."""
    for b in range(n):
        copy_pair(knots, first[b], around, 2 * b)


@plain
def _uniform(n, knots, p, nu, intervals, table, places, values, block, one):
    """`table` (p+1, p+1-nu): coefficients of each piece in u, the place within the interval."""
    u = shift(places, EXTRA * block)
    inverse = real(intervals, one) / (knots[p + intervals] - knots[p])
    factor = one
    for _ in range(nu):
        factor *= inverse
    count = p + 1 - nu
    for r in range(p + 1):
        row, terms = shift(values, r * block), shift(table, r * count)
        if count == 4:
            c0, c1, c2, c3 = terms[0] * factor, terms[1] * factor, terms[2] * factor, terms[3] * factor
            for b in range(n):
                row[b] = ((c3 * u[b] + c2) * u[b] + c1) * u[b] + c0
        elif count == 3:
            c0, c1, c2 = terms[0] * factor, terms[1] * factor, terms[2] * factor
            for b in range(n):
                row[b] = (c2 * u[b] + c1) * u[b] + c0
        else:
            start = terms[count - 1] * factor
            for b in range(n):
                row[b] = start
            for k in range(count - 2, -1, -1):
                term = terms[k] * factor
                for b in range(n):
                    row[b] = row[b] * u[b] + term


@plain_apart
def _irregular(n, p, nu, places, values, carry, block, one):
    """De Boor's triangle on the local knots of each row."""
    wide_vectors()
    e, local = shift(places, block), shift(places, EXTRA * block)
    zero = real(0, one)
    for b in range(n):
        values[b] = one
    for q in range(1, p + 1):
        order = real(q, one)
        for b in range(n):
            carry[b] = zero
        for r in range(q):
            right, left, row = (
                shift(local, (p + r) * block),
                shift(local, (p - q + r) * block),
                shift(values, r * block),
            )
            if q > p - nu:  # derivative step
                for b in range(n):
                    share = order * row[b] / (right[b] - left[b])
                    row[b] = carry[b] - share
                    carry[b] = share
            else:
                for b in range(n):
                    share = row[b] / (right[b] - left[b])
                    row[b] = carry[b] + (right[b] - e[b]) * share
                    carry[b] = (e[b] - left[b]) * share
        row = shift(values, q * block)
        for b in range(n):
            row[b] = carry[b]


@plain_apart
def _end_slopes(knots, p, intervals, uniform, slopes, work, one):
    """First derivatives (p+1, 2) of the basis functions at the left and the right end of the interior interval, which
    `work` (p+2 rows of a block) begins with afterwards."""
    two, carry = int64(2), shift(work, 2 * (p + 1))
    ends = shift(carry, 2)  # as `locate` places two points
    for side in range(two):
        interval = side * (intervals - 1)
        ends[2 + side] = knots[p + side * intervals]
        if uniform:
            ends[2 * EXTRA + side] = real(side, one)
        else:
            for m in range(2 * p):
                ends[2 * (EXTRA + m) + side] = knots[interval + 1 + m]
    if uniform:
        _uniform(two, knots, p, 1, intervals, slopes, ends, work, two, one)
    else:
        _irregular(two, p, 1, ends, work, carry, two, one)


@plain
def spline_values(n, knots, p, nu, intervals, uniform, odd, table, slopes, places, work, values, block, one):
    """values (p+1, rows) of the nu-th derivative, nu <= p, at points that `locate` has placed; `work` holds p+2
    rows."""
    if uniform:
        _uniform(n, knots, p, nu, intervals, table, places, values, block, one)
    else:
        _irregular(n, p, nu, places, values, shift(work, (p + 1) * block), block, one)
    if not odd:
        return
    if nu == 0 and p > 0:
        if uniform:
            _same_ends(n, p, table, shift(places, EXTRA * block), values, block, one)
        _end_slopes(knots, p, intervals, uniform, slopes, work, one)
        _tangents(n, p, places, work, values, block, one)
    else:
        _flat(n, p, nu, places, values, block, one)


@plain
def _same_ends(n, p, table, u, values, block, one):
    """The end of an interval with the bits of the next one's beginning, which it is in a longer grid."""
    for r in range(p + 1):
        row, end = shift(values, r * block), real(0, one)
        if r > 0:
            end = table[(r - 1) * (p + 1)]
        for b in range(n):
            row[b] = end if u[b] == one else row[b]


@plain
def _tangents(n, p, excess, ends, values, block, one):
    """Values at the ends become those on the tangents there; NaN becomes NaN, and what lies inside stays."""
    zero = real(0, one)
    for r in range(p + 1):
        row, falling, rising = shift(values, r * block), ends[2 * r], ends[2 * r + 1]
        for b in range(n):
            slope = falling if excess[b] < zero else rising
            row[b] += excess[b] * slope


@plain
def _flat(n, p, nu, excess, values, block, one):
    """Derivatives of a line: beyond the ends the first stays and higher ones are zero; NaN becomes NaN."""
    zero = real(0, one)
    for r in range(p + 1):
        row = shift(values, r * block)
        if nu > 1:
            for b in range(n):
                row[b] = row[b] if excess[b] == zero else zero
        for b in range(n):
            row[b] = row[b] if excess[b] == excess[b] else excess[b]


@plain
def logistic(x, n, rising, falling, one):
    """sigmoid(x) and sigmoid(-x) without cancellation: exp(-|x|) by a split of ln 2 and its series to the 13th term
    (3e-18); float32: 7th (5e-9)."""
    single, floor, zero = is_single(one), smallest_exponent(one), real(0, one)
    log2e, half, high, low = (
        real(1.4426950408889634, one),
        real(0.5, one),
        real(0.693359375, one),
        real(-2.121944400546905827679e-4, one),
    )
    c13, c12, c11, c10 = (
        real(1 / 6227020800, one),
        real(1 / 479001600, one),
        real(1 / 39916800, one),
        real(1 / 3628800, one),
    )
    c9, c8, c7, c6 = real(1 / 362880, one), real(1 / 40320, one), real(1 / 5040, one), real(1 / 720, one)
    c5, c4, c3, c2 = real(1 / 120, one), real(1 / 24, one), real(1 / 6, one), real(1 / 2, one)
    for b in range(n):
        t = -abs(x[b])
        held = larger(t, floor)
        k = int32(held * log2e - half)
        n2 = real(k, one)
        r = (held - n2 * high) - n2 * low
        s = c7
        if not single:
            s = (((c13 * r + c12) * r + c11) * r + c10) * r + c9
            s = (s * r + c8) * r + c7
        s = (((s * r + c6) * r + c5) * r + c4) * r + c3
        s = ((s * r + c2) * r + one) * r + one
        e = s * power_of_two(k, one)
        e = e if t > floor else zero
        share = one / (one + e)
        other = e * share
        positive = x[b] > zero
        rising[b] = share if positive else other
        falling[b] = other if positive else share


@plain
def base_values(x, n, kind, nu, polynomials, rising, falling, values, one):
    """The nu-th derivative of the base function: kind 1 silu, 2 identity. `polynomials`: R_nu, then R_(nu-1), for
    nu >= 2 (see base_function.py)."""
    if kind == 2:
        level = real(1 if nu == 1 else 0, one)
        for b in range(n):
            values[b] = x[b] if nu == 0 or x[b] != x[b] else level
    elif nu == 0:
        for b in range(n):
            values[b] = x[b] * rising[b]
    elif nu == 1:
        for b in range(n):
            values[b] = rising[b] + x[b] * (rising[b] * falling[b])
    else:
        order = real(nu, one)
        for b in range(n):
            y, upper, lower = rising[b] - falling[b], real(0, one), real(0, one)
            for k in range(nu - 1, -1, -1):
                upper = upper * y + polynomials[k]
            for k in range(nu - 2, -1, -1):
                lower = lower * y + polynomials[nu + k]
            values[b] = rising[b] * falling[b] * (x[b] * upper + order * lower)


@plain
def scale_rows(h, n, count, values, block):
    """values (count, rows) times h of each row."""
    for r in range(count):
        row = shift(values, r * block)
        for b in range(n):
            row[b] *= h[b]
