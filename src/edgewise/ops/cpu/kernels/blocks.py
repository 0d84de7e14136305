"""A block of rows at one input node, for the spline kernels: how many rows, their memory, their basis values.

p degree, O outputs, `intervals` of the grid, `size` bytes of a number, `one` the number 1 in their type.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false
# ruff: noqa: E741

from __future__ import annotations

from typing import Any, NamedTuple

from numba import int32

from .columns import EXTRA, base_values, locate, logistic, plain_apart, scale_rows, spline_values, take
from .instructions import pointer, retype, shift, wide_vectors
from .rows import STRIP, fast
from .sorted_rows import PARTS
from .vectors import VECTOR_BYTES

CACHE_BYTES = 262144  # of outputs in a block: they stay in the second-level cache, also of small processors
STRIP_BYTES = 65536  # of outputs in a block and a strip, which are written again for every input node
BLOCK_ROWS = 256  # at most
BLOCK_ROWS_BACK = 512  # backward they are only read, and the more rows, the more of them share an interval
NODES = 16  # input nodes whose points are brought together


class Scratch(NamedTuple):
    """Memory of one block: pointers, from a 64-byte boundary on."""

    values: Any  # (p+2, rows): spline terms, then the base function
    work: Any  # (p+2, rows)
    own_h: Any  # (rows)
    rising: Any  # (2, rows): sigmoid(x) and sigmoid(-x)
    places: Any  # (2p+3, rows): see `locate`
    first: Any  # (rows) int32: interval
    order: Any  # (rows) int32: the order in which rows are visited
    columns: Any  # (NODES, rows): points of neighbouring input nodes
    pulls: Any  # (NODES, rows): sums over outputs
    wide: Any  # (rows): the same as vectors
    strips: Any  # (rows, O) in strips, where there are several
    ends: Any  # (PARTS * intervals) int32: see `by_interval`


@fast
def block_rows(O, size):
    """Rows in a block."""
    rows = min(BLOCK_ROWS, CACHE_BYTES // max(1, O * size), STRIP_BYTES // (min(max(1, O), STRIP) * size))
    return max(16, rows // 16 * 16)


@fast
def block_rows_back(O, size):
    """Rows in a block of the backward pass."""
    return max(16, min(BLOCK_ROWS_BACK, CACHE_BYTES // max(1, O * size)) // 16 * 16)


@fast
def scratch_bytes(p, block, O, intervals, size):
    """Memory for all that `divide` finds in it."""
    lines = (p + 2) + (p + 2) + 3 + (2 * p + EXTRA + 1) + 2 + 2 * NODES + VECTOR_BYTES // size
    return (lines + (O if O > STRIP else 0)) * block * size + 4 * PARTS * intervals + 64


@fast
def divide(start, p, block, O, size, one):
    """The parts of the scratch memory that starts at an address."""
    values, whole = pointer((start + 63) // 64 * 64, one), int32(1)
    work = shift(values, (p + 2) * block)
    own_h = shift(work, (p + 2) * block)
    places = shift(own_h, 3 * block)
    first = shift(places, (2 * p + EXTRA + 1) * block)
    order, columns = shift(first, block), shift(first, 2 * block)
    pulls = shift(columns, NODES * block)
    wide = shift(pulls, NODES * block)
    strips = shift(wide, VECTOR_BYTES // size * block)
    ends = shift(strips, O * block if O > STRIP else 0)
    return Scratch(
        values,
        work,
        own_h,
        shift(own_h, block),
        places,
        retype(first, whole),
        retype(order, whole),
        columns,
        pulls,
        wide,
        strips,
        retype(ends, whole),
    )


@plain_apart
def place(x, h, with_h, stride, n, knots, p, intervals, uniform, base, memory, block, one):
    """Find one block of rows x at one input node: everything that does not depend on the order of derivative. Returns
    whether a row is outside."""
    wide_vectors()
    own_h, rising, places, first = memory.own_h, memory.rising, memory.places, memory.first
    if with_h:
        take(h, stride, n, own_h)
    odd = locate(x, n, knots, p, intervals, uniform, first, places, memory.work, block, one)
    if base == 1:
        logistic(x, n, rising, shift(rising, block), one)
    return odd


@plain_apart
def fill(x, with_h, n, knots, p, nu, intervals, uniform, odd, table, slopes, base, polynomials, memory, block, one):
    """values (terms + base, rows) of order nu, times h, where `place` has been. Returns the number of spline terms:
    p+1, or 0 beyond the degree."""
    wide_vectors()
    values, rising = memory.values, memory.rising
    terms = 0
    if nu <= p:
        terms = p + 1
        spline_values(
            n, knots, p, nu, intervals, uniform, odd, table, slopes, memory.places, memory.work, values, block, one
        )
    if base != 0:
        base_values(x, n, base, nu, polynomials, rising, shift(rising, block), shift(values, terms * block), one)
    if with_h:
        scale_rows(memory.own_h, n, terms + (1 if base != 0 else 0), values, block)
    return terms
