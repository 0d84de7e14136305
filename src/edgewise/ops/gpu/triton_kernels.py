"""The three kernels in Triton: b rows, i input nodes, j basis, o output nodes, r local basis. Nothing of shape (b, i,
j) is ever in memory.

Within an interval every basis function is a polynomial in u, the place between the interval's two knots. Its
coefficients come from a table: for equidistant knots one for all intervals, (r, count), otherwise (i, interval, r,
count); count = p + 1 - nu. Results do not depend on the order in which programs run.
"""

from __future__ import annotations

# Triton is an optional package, and a kernel is a language of its own: its loops are unrolled by the compiler
# pyright: reportMissingImports=false, reportGeneralTypeIssues=false
import triton
import triton.language as tl
from triton.language import constexpr


@triton.jit
def _locate(x, knots, grid, UNIFORM: constexpr, STEPS: constexpr):
    """interval, u, how far outside in widths of the interval, and whether outside or NaN; `knots` at the first interior
    one."""
    low, high = tl.load(knots), tl.load(knots + grid)
    held = tl.where(x < high, x, high)  # NaN: the right end, as everywhere
    held = tl.where(held > low, held, low)
    if UNIFORM:
        z = (held - low) * (grid.to(low.dtype) / (high - low))
        k = tl.minimum(z, (grid - 1).to(low.dtype)).to(tl.int32)
        left, right = tl.load(knots + k), tl.load(knots + k + 1)
        k = k - ((held < left) & (k > 0)).to(tl.int32) + ((held >= right) & (k < grid - 1)).to(tl.int32)
    else:
        k = tl.zeros_like(x).to(tl.int32)
        for step in tl.static_range(STEPS):
            ahead = tl.minimum(k + (1 << (STEPS - 1 - step)), grid - 1)
            k = tl.where(held >= tl.load(knots + ahead), ahead, k)
    left = tl.load(knots + k)
    width = tl.load(knots + k + 1) - left
    return k, (held - left) / width, (x - held) / width, x != held


@triton.jit
def _piece(x, u, beyond, odd, table, factor, NU: constexpr, COUNT: constexpr):
    """One basis function; `table` at its coefficients. Outside the tangent goes on."""
    value = tl.load(table + COUNT - 1) + tl.zeros_like(u)
    slope = tl.zeros_like(u)
    for k in tl.static_range(1, COUNT):
        slope = slope * u + value
        value = value * u + tl.load(table + COUNT - 1 - k)
    if NU == 0:
        if COUNT > 1:
            value = tl.where(odd, value + beyond * slope, value)
    else:
        value = value * factor
        if NU > 1:
            value = tl.where(odd, 0.0, value)
    return tl.where(x != x, x, value)


@triton.jit
def _base(x, polynomials, BASE: constexpr, NU: constexpr):
    """The NU-th derivative of the base function: BASE 1 silu, 2 identity. `polynomials` as in
    cpu/columns.base_values."""
    if BASE == 2:
        if NU == 0:
            value = x
        else:
            value = tl.where(x != x, x, 1.0 if NU == 1 else 0.0)
    else:
        e = tl.exp(-tl.abs(x))
        share = 1.0 / (1.0 + e)
        other = e * share
        rising = tl.where(x > 0, share, other)
        if NU == 0:
            value = x * rising
        else:
            falling = tl.where(x > 0, other, share)
            if NU == 1:
                value = rising + x * (rising * falling)
            else:
                y = rising - falling
                upper, lower = tl.zeros_like(x), tl.zeros_like(x)
                for k in tl.static_range(NU):
                    upper = upper * y + tl.load(polynomials + NU - 1 - k)
                for k in tl.static_range(NU - 1):
                    lower = lower * y + tl.load(polynomials + 2 * NU - 2 - k)
                value = rising * falling * (x * upper + NU * lower)
    return value


@triton.jit
def _factor(knots, grid, NU: constexpr, UNIFORM: constexpr):
    """One over the width of an interval, to the power NU (the table of irregular knots has it already)."""
    inverse = grid.to(tl.load(knots).dtype) / (tl.load(knots + grid) - tl.load(knots))
    factor = inverse * 0.0 + 1.0
    if UNIFORM:
        for _ in tl.static_range(NU):
            factor = factor * inverse
    return factor


@triton.jit
def to_out(
    x,
    h,
    coef,
    scale,
    bias,
    knots,
    table,
    polynomials,
    out,
    B,
    I,
    O,
    J,
    grid,  # noqa: E741
    P: constexpr,
    NU: constexpr,
    TERMS: constexpr,
    COUNT: constexpr,
    UNIFORM: constexpr,
    STEPS: constexpr,
    BASE: constexpr,
    HAS_H: constexpr,
    HAS_BIAS: constexpr,
    BM: constexpr,
    BN: constexpr,
):
    """out (b, o), one block of rows and outputs per program."""
    rows, columns = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM), tl.program_id(1) * BN + tl.arange(0, BN)
    inside = (rows < B)[:, None] & (columns < O)[None, :]
    total = tl.zeros([BM, BN], out.dtype.element_ty)
    for i in range(I):
        own = tl.load(x + rows * I + i, mask=rows < B, other=0.0)
        if HAS_H:
            weight = tl.load(h + rows * I + i, mask=rows < B, other=0.0)
        if TERMS > 0:
            line = knots + i * (J + P + 1) + P
            k, u, beyond, odd = _locate(own, line, grid, UNIFORM, STEPS)
            factor = _factor(line, grid, NU, UNIFORM)
            for r in tl.static_range(TERMS):
                place = table + r * COUNT if UNIFORM else table + ((i * grid + k) * TERMS + r) * COUNT
                value = _piece(own, u, beyond, odd, place, factor, NU, COUNT)
                if HAS_H:
                    value = value * weight
                at = coef + ((i * J + k + r).to(tl.int64) * O)[:, None] + columns[None, :]
                total += value[:, None] * tl.load(at, mask=inside, other=0.0)
        if BASE > 0:
            value = _base(own, polynomials, BASE, NU)
            if HAS_H:
                value = value * weight
            total += value[:, None] * tl.load(scale + i * O + columns, mask=columns < O, other=0.0)[None, :]
    if HAS_BIAS:
        total += tl.load(bias + columns, mask=columns < O, other=0.0)[None, :]
    tl.store(out + rows[:, None] * O + columns[None, :], total, mask=inside)


@triton.jit
def to_in(
    x,
    g,
    coef,
    scale,
    knots,
    table,
    polynomials,
    out,
    B,
    I,
    O,
    J,
    grid,  # noqa: E741
    P: constexpr,
    NU: constexpr,
    TERMS: constexpr,
    COUNT: constexpr,
    UNIFORM: constexpr,
    STEPS: constexpr,
    BASE: constexpr,
    BM: constexpr,
    BN: constexpr,
):
    """out (b, i), one block of rows and one input node per program."""
    rows, i = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM), tl.program_id(1)
    own = tl.load(x + rows * I + i, mask=rows < B, other=0.0)
    total = tl.zeros([BM], out.dtype.element_ty)
    line = knots + i * (J + P + 1) + P
    k, u, beyond, odd = _locate(own, line, grid, UNIFORM, STEPS)
    factor = _factor(line, grid, NU, UNIFORM)
    for start in range(0, O, BN):
        columns = start + tl.arange(0, BN)
        inside = (rows < B)[:, None] & (columns < O)[None, :]
        pull = tl.load(g + rows[:, None] * O + columns[None, :], mask=inside, other=0.0)
        edge = tl.zeros([BM, BN], out.dtype.element_ty)
        for r in tl.static_range(TERMS):
            place = table + r * COUNT if UNIFORM else table + ((i * grid + k) * TERMS + r) * COUNT
            value = _piece(own, u, beyond, odd, place, factor, NU, COUNT)
            at = coef + ((i * J + k + r).to(tl.int64) * O)[:, None] + columns[None, :]
            edge += value[:, None] * tl.load(at, mask=inside, other=0.0)
        if BASE > 0:
            value = _base(own, polynomials, BASE, NU)
            edge += value[:, None] * tl.load(scale + i * O + columns, mask=columns < O, other=0.0)[None, :]
        total += tl.sum(edge * pull, 1)
    tl.store(out + rows * I + i, total, mask=rows < B)


@triton.jit
def to_coef(
    x,
    h,
    g,
    knots,
    table,
    polynomials,
    out,
    out_scale,
    B,
    I,
    O,
    J,
    grid,
    span,  # noqa: E741
    P: constexpr,
    NU: constexpr,
    TERMS: constexpr,
    COUNT: constexpr,
    UNIFORM: constexpr,
    STEPS: constexpr,
    BASE: constexpr,
    HAS_H: constexpr,
    DOT: constexpr,
    BM: constexpr,
    BJ: constexpr,
    BN: constexpr,
):
    """out (part, i, j, o) and out_scale (part, i, o): one input node, block of basis functions, block of outputs and
    `span` rows per program.

    The block's basis values stand in registers only; DOT multiplies them with g on the matrix units (in full
    precision).
    """
    blocks = tl.cdiv(J, BJ)
    i, first = tl.program_id(0) // blocks, (tl.program_id(0) % blocks) * BJ
    columns, part = tl.program_id(1) * BN + tl.arange(0, BN), tl.program_id(2)
    functions = first + tl.arange(0, BJ)
    line = knots + i * (J + P + 1) + P
    factor = _factor(line, grid, NU, UNIFORM)
    total = tl.zeros([BJ, BN], out.dtype.element_ty)
    total_scale = tl.zeros([BN], out.dtype.element_ty)
    for start in range(part * span, tl.minimum(part * span + span, B), BM):
        rows = start + tl.arange(0, BM).to(tl.int64)
        present = (rows < B) & (rows < part * span + span)
        own = tl.load(x + rows * I + i, mask=present, other=0.0)
        weight = tl.load(h + rows * I + i, mask=present, other=0.0) if HAS_H else present.to(own.dtype)
        pull = tl.load(
            g + rows[:, None] * O + columns[None, :], mask=present[:, None] & (columns < O)[None, :], other=0.0
        )
        k, u, beyond, odd = _locate(own, line, grid, UNIFORM, STEPS)
        basis = tl.zeros([BM, BJ], out.dtype.element_ty)
        for r in tl.static_range(TERMS):
            place = table + r * COUNT if UNIFORM else table + ((i * grid + k) * TERMS + r) * COUNT
            value = _piece(own, u, beyond, odd, place, factor, NU, COUNT) * weight
            basis = tl.where((k + r)[:, None] == functions[None, :], value[:, None], basis)
        if DOT:
            total = tl.dot(tl.trans(basis), pull, total, input_precision="ieee")
        else:
            total += tl.sum(basis[:, :, None] * pull[:, None, :], 0)
        if BASE > 0 and first == 0:
            total_scale += tl.sum((_base(own, polynomials, BASE, NU) * weight)[:, None] * pull, 0)
    place = ((part * I + i) * J + functions).to(tl.int64)[:, None] * O + columns[None, :]
    tl.store(out + place, total, mask=(functions < J)[:, None] & (columns < O)[None, :])
    if BASE > 0 and first == 0:
        tl.store(out_scale + (part * I + i) * O + columns, total_scale, mask=columns < O)
