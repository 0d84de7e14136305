"""Sums of outer products, a tile of the result at a time in registers: most of the time of the normal equations."""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .instructions import apart
from .rows import fast_apart
from .vectors import each

TILE_LINES = 8  # that are summed at a time


@intrinsic
def gather(typingctx, place, distance, height, length, order, count, rows, row_distance, factors, factor_distance):
    """`height` lines of `length` numbers, `distance` apart, += the sum over `count` samples b in `order` of factors[b,
    line] rows[b]."""

    def codegen(context, builder, signature, arguments):
        place_, distance_, height_, length_, order_, count_, rows_, row_distance_, factors_, factor_distance_ = (
            arguments
        )
        index = height_.type

        def part(lanes, offset, line, lines):
            """A tile of so many lines and as many numbers as there are lanes, held in registers."""
            top = builder.gep(place_, [builder.add(builder.mul(line, distance_), offset)])
            ends = [builder.gep(top, [builder.mul(distance_, index(n))]) for n in range(lines)]
            sums = [cgutils.alloca_once_value(builder, lanes.load(end, index(0))) for end in ends]
            source, own = builder.gep(rows_, [offset]), builder.gep(factors_, [line])
            with cgutils.for_range(builder, count_, intp=index) as loop:
                b = builder.load(builder.gep(order_, [loop.index]))
                held = lanes.load(source, builder.mul(b, row_distance_))
                mine = builder.gep(own, [builder.mul(b, factor_distance_)])
                for n, total in enumerate(sums):
                    factor = lanes.broadcast(builder.load(builder.gep(mine, [index(n)])))
                    builder.store(lanes.multiply_add(factor, held, builder.load(total)), total)
            for end, total in zip(ends, sums, strict=True):
                lanes.store(builder.load(total), end, index(0))

        def step(lanes, offset):
            whole = builder.udiv(height_, index(TILE_LINES))
            with cgutils.for_range(builder, whole, intp=index) as loop:
                part(lanes, offset, builder.mul(loop.index, index(TILE_LINES)), TILE_LINES)
            done, lines = builder.mul(whole, index(TILE_LINES)), TILE_LINES
            while lines > 1:
                lines //= 2
                present = builder.icmp_signed("!=", builder.and_(height_, index(lines)), index(0))
                with builder.if_then(present):
                    part(lanes, offset, done, lines)
                done = builder.add(done, builder.and_(height_, index(lines)))

        each(context, builder, place.dtype, length_, step)
        return context.get_dummy_value()

    kinds = place, distance, height, length, order, count, rows, row_distance, factors, factor_distance
    return types.none(*kinds), codegen


@fast_apart
def gather_rows(place, distance, height, length, order, count, rows, row_distance, factors):
    """`gather` where the lines of a sample lie one after the other; once in the machine code, not at each use."""
    apart()
    gather(place, distance, height, length, order, count, rows, row_distance, factors, height)
