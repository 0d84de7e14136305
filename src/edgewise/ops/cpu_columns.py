"""Basis values of a block of rows at one input node, for the CPU kernels: every loop runs along the rows, so that it becomes vector code.

x is a pointer to the first row's value, `stride` apart; results lie in `first` (rows) and `values` (basis r, rows), `block` apart.
Only contraction (a*b+c in one step) is allowed of the fast-math liberties: re-association would undo the splitting of ln 2, and ignoring NaN is wrong.
"""

from __future__ import annotations

from numba import int32, njit

from .cpu_micro import pointer, power_of_two, real, shift, smallest_exponent

INVERSE_FACTORIALS = tuple(1.0 / f for f in (1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800))
plain = njit(fastmath={"contract"}, nogil=True)


@plain
def _uniform(x, stride, n, knots, p, nu, intervals, table, first, excess, u, values, block, one):
    """`table` (p+1, p+1-nu): coefficients of each piece in u, the place within the interval. Returns whether a row is outside or NaN."""
    low, high = knots[p], knots[p + intervals]
    inverse = real(intervals, one) / (high - low)
    last = real(intervals - 1, one)
    odd = False
    for b in range(n):
        value = x[b * stride]
        held = value if value < high else high  # NaN: the right end, as everywhere
        held = held if held > low else low
        excess[b] = value - held
        odd |= value != held
        z = (held - low) * inverse
        interval = int32(z if z < last else last)
        first[b] = interval
        u[b] = z - real(interval, one)
    if nu >= p:  # the p-th derivative jumps at knots: there the interval must be right to the last bit
        for b in range(n):
            interval, value = first[b], x[b * stride]
            if interval > 0 and value < knots[p + interval]:
                first[b] = interval - 1
            elif interval < intervals - 1 and value >= knots[p + interval + 1]:
                first[b] = interval + 1
    factor = one
    for _ in range(nu):
        factor *= inverse
    count = p + 1 - nu
    for r in range(p + 1):
        row = shift(values, r * block)
        start = table[r * count + count - 1] * factor
        for b in range(n):
            row[b] = start
        for k in range(count - 2, -1, -1):
            term = table[r * count + k] * factor
            for b in range(n):
                row[b] = row[b] * u[b] + term
    return odd


@plain
def _irregular(x, stride, n, knots, p, nu, intervals, first, excess, e, work, values, block, one):
    """De Boor's triangle on the local knots of each row; `work` (2p+1, rows). Returns whether a row is outside or NaN."""
    low, high = knots[p], knots[p + intervals]
    zero = real(0, one)
    odd = False
    for b in range(n):
        value = x[b * stride]
        held = value if value < high else high
        held = held if held > low else low
        excess[b] = value - held
        odd |= value != held
        e[b] = held
        down, up = 0, intervals
        while up - down > 1:
            middle = (down + up) // 2
            if held >= knots[p + middle]:
                down = middle
            else:
                up = middle
        first[b] = down
    for m in range(2 * p):
        row = shift(work, m * block)
        for b in range(n):
            row[b] = knots[first[b] + 1 + m]
    carry = shift(work, 2 * p * block)
    for b in range(n):
        values[b] = one
    for q in range(1, p + 1):
        order = real(q, one)
        for b in range(n):
            carry[b] = zero
        for r in range(q):
            right, left, row = shift(work, (p + r) * block), shift(work, (p - q + r) * block), shift(values, r * block)
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
    return odd


@plain
def basis_column(x, stride, n, knots, p, nu, intervals, uniform, table, slope_table, first, work, values, block, one):
    """Fill first and values (p+1, rows) with the nu-th derivative, nu <= p. `work`: p+1 rows, then 2, then 2p+1 rows."""
    excess, place, rest = shift(work, (p + 1) * block), shift(work, (p + 2) * block), shift(work, (p + 3) * block)
    if uniform:
        odd = _uniform(x, stride, n, knots, p, nu, intervals, table, first, excess, place, values, block, one)
    else:
        odd = _irregular(x, stride, n, knots, p, nu, intervals, first, excess, place, rest, values, block, one)
    if not odd:
        return
    if nu == 0 and p > 0:  # along the tangent
        if uniform:
            _uniform(x, stride, n, knots, p, 1, intervals, slope_table, first, excess, place, work, block, one)
        else:
            _irregular(x, stride, n, knots, p, 1, intervals, first, excess, place, rest, work, block, one)
    for b in range(n):
        beyond = excess[b]
        if beyond != beyond:
            for r in range(p + 1):
                values[r * block + b] = beyond
        elif beyond != 0:
            for r in range(p + 1):
                if nu > 1:
                    values[r * block + b] = real(0, one)
                elif nu == 0 and p > 0:
                    values[r * block + b] += beyond * work[r * block + b]


@plain
def _logistic(value, one):
    """sigmoid(value) and sigmoid(-value)."""
    negative = -value if value > 0 else value
    floor = smallest_exponent(one)
    held = negative if negative > floor else floor
    k = int32(held * real(1.4426950408889634, one) - real(0.5, one))
    r = held - real(k, one) * real(0.693359375, one)
    r -= real(k, one) * real(-2.121944400546905827679e-4, one)
    total = real(INVERSE_FACTORIALS[13], one)
    for j in range(12, -1, -1):
        total = total * r + real(INVERSE_FACTORIALS[j], one)
    e = total * power_of_two(k, one) if negative > floor else real(0, one)
    share = one / (one + e)
    large, small = share, e * share
    return (large, small) if value > 0 else (small, large)


@plain
def base_column(x, stride, n, kind, nu, polynomials, values, one):
    """The nu-th derivative of the base function: kind 1 silu, 2 identity. `polynomials`: R_nu, then R_(nu-1) (base.py), for nu >= 2."""
    if kind == 2:
        for b in range(n):
            value = x[b * stride]
            level = real(1 if nu == 1 else 0, one)
            values[b] = value if nu == 0 or value != value else level
    elif nu == 0:
        for b in range(n):
            value = x[b * stride]
            rising, _ = _logistic(value, one)
            values[b] = value * rising
    elif nu == 1:
        for b in range(n):
            value = x[b * stride]
            rising, falling = _logistic(value, one)
            values[b] = rising + value * (rising * falling)
    else:
        order = real(nu, one)
        for b in range(n):
            value = x[b * stride]
            rising, falling = _logistic(value, one)
            y = rising - falling
            upper, lower = real(0, one), real(0, one)
            for k in range(nu - 1, -1, -1):
                upper = upper * y + polynomials[k]
            for k in range(nu - 2, -1, -1):
                lower = lower * y + polynomials[nu + k]
            values[b] = rising * falling * (value * upper + order * lower)


@plain
def scale_rows(h, stride, n, count, values, block):
    """values (count, rows) times h of each row."""
    for r in range(count):
        row = shift(values, r * block)
        for b in range(n):
            row[b] *= h[b * stride]


__all__ = ["base_column", "basis_column", "plain", "pointer", "scale_rows"]
