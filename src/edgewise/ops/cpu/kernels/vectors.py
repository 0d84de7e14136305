"""The inner loops of the CPU kernels, written as vector instructions so that every compiler version makes the same good
code of them.

A group of rows (the coefficients of the p+1 basis functions that x touches, and the base scale as one more row) is
combined along the outputs:

    axpy   out[o] += sum_r v_r row_r[o]
    dot    sum_o g[o] sum_r v_r row_r[o]
    push   row_r[o] += v_r g[o]

Written in Python, each call would first compare the addresses of all rows (they might overlap) and walk the last
outputs one by one: with 64 outputs that takes more time than the sums themselves.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

VECTOR_BYTES = 64  # of a vector; narrower machines split it
VECTORS = 4  # of each row that are summed at a time


class Lanes:
    """Code over `lanes` neighbouring numbers of one type."""

    def __init__(self, context, builder, number_type, lanes):
        self.builder, self.lanes, self.scalar = builder, lanes, context.get_value_type(number_type)
        self.bits = 32 if number_type == types.float32 else 64
        self.vector = ir.VectorType(self.scalar, lanes)
        self.zero = ir.Constant(self.vector, None)

    def broadcast(self, value):
        nothing, position = ir.Constant(self.vector, ir.Undefined), ir.IntType(32)
        wide = self.builder.insert_element(nothing, value, position(0))
        return self.builder.shuffle_vector(
            wide, nothing, ir.Constant(ir.VectorType(position, self.lanes), [0] * self.lanes)
        )

    def multiply_add(self, a, b, c):
        return self.builder.fadd(self.builder.fmul(a, b, flags=("contract",)), c, flags=("contract",))

    def _at(self, start, offset):
        return self.builder.bitcast(self.builder.gep(start, [offset]), self.vector.as_pointer())

    def load(self, start, offset):
        return self.builder.load(self._at(start, offset), align=self.bits // 8)

    def store(self, value, start, offset):
        self.builder.store(value, self._at(start, offset), align=self.bits // 8)

    def expect(self, start, offset):
        """Bring the numbers that a vector will hold near, meanwhile."""
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = self.builder.bitcast(self.builder.gep(start, [offset]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        prefetch = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0")
        self.builder.call(prefetch, [place, word(0), word(3), word(1)])  # to read, in every cache, data

    def total(self, value):
        kind = ir.FunctionType(self.scalar, [self.scalar, self.vector])
        add = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.vector.reduce.fadd.v{self.lanes}f{self.bits}"
        )
        return self.builder.call(add, [self.scalar(0.0), value], fastmath=("reassoc",))


def each(context, builder, number_type, count, step):
    """step(lanes, offset) over `count` numbers: whole vectors, then halves of halves for the rest.

    A masked vector would be shorter, but its store cannot be forwarded to the load of the next row: 20 ns instead of 4
    for 5 outputs.
    """
    index, lanes = count.type, VECTOR_BYTES // (4 if number_type == types.float32 else 8)
    whole = builder.udiv(count, index(lanes))
    vectors = Lanes(context, builder, number_type, lanes)
    with cgutils.for_range(builder, whole, intp=index) as loop:
        step(vectors, builder.mul(loop.index, index(lanes)))
    done = builder.mul(whole, index(lanes))
    while lanes > 1:
        lanes //= 2
        present = builder.icmp_signed("!=", builder.and_(count, index(lanes)), index(0))
        with builder.if_then(present):
            step(Lanes(context, builder, number_type, lanes), done)
        done = builder.add(done, builder.and_(count, index(lanes)))


def _lines(builder, start, distance, extra, terms, base):
    rows = [builder.gep(start, [builder.mul(distance, distance.type(r))]) for r in range(terms)]
    return rows + ([extra] if base else [])


def _weights(builder, values, distance, count):
    return [builder.load(builder.gep(values, [builder.mul(distance, distance.type(r))])) for r in range(count)]


def make_axpy(terms: int, base: bool):
    """axpy(out, rows, row distance, base row, values, value distance, count): out += sum of values times rows."""

    @intrinsic
    def axpy(typingctx, out, rows, distance, extra, values, value_distance, count):
        def codegen(context, builder, signature, arguments):
            out_, rows_, distance_, extra_, values_, value_distance_, count_ = arguments
            places = _lines(builder, rows_, distance_, extra_, terms, base)
            weights = _weights(builder, values_, value_distance_, len(places))

            def step(lanes, offset):
                total = lanes.load(out_, offset)
                for place, weight in zip(places, weights, strict=True):
                    total = lanes.multiply_add(lanes.broadcast(weight), lanes.load(place, offset), total)
                lanes.store(total, out_, offset)

            each(context, builder, out.dtype, count_, step)
            return context.get_dummy_value()

        return types.none(out, rows, distance, extra, values, value_distance, count), codegen

    return axpy


def make_dot(terms: int, base: bool):
    """dot(g, rows, row distance, base row, values, value distance, count): sum over outputs of g times the sum of
    values times rows."""

    @intrinsic
    def dot(typingctx, g, rows, distance, extra, values, value_distance, count):
        def codegen(context, builder, signature, arguments):
            g_, rows_, distance_, extra_, values_, value_distance_, count_ = arguments
            places = _lines(builder, rows_, distance_, extra_, terms, base)
            weights = _weights(builder, values_, value_distance_, len(places))
            widest = Lanes(context, builder, g.dtype, VECTOR_BYTES // (4 if g.dtype == types.float32 else 8))
            total = cgutils.alloca_once_value(builder, widest.zero)
            rest = cgutils.alloca_once_value(builder, widest.scalar(0.0))

            def step(lanes, offset):
                edge = lanes.zero
                for place, weight in zip(places, weights, strict=True):
                    edge = lanes.multiply_add(lanes.broadcast(weight), lanes.load(place, offset), edge)
                gradient = lanes.load(g_, offset)
                if lanes.lanes == widest.lanes:
                    builder.store(lanes.multiply_add(edge, gradient, builder.load(total)), total)
                else:
                    builder.store(builder.fadd(builder.load(rest), lanes.total(builder.fmul(edge, gradient))), rest)

            each(context, builder, g.dtype, count_, step)
            return builder.fadd(widest.total(builder.load(total)), builder.load(rest))

        return g.dtype(g, rows, distance, extra, values, value_distance, count), codegen

    return dot


def make_push(terms: int, base: bool):
    """push(g, rows, row distance, base row, values, value distance, count): each row += its value times g."""

    @intrinsic
    def push(typingctx, g, rows, distance, extra, values, value_distance, count):
        def codegen(context, builder, signature, arguments):
            g_, rows_, distance_, extra_, values_, value_distance_, count_ = arguments
            places = _lines(builder, rows_, distance_, extra_, terms, base)
            weights = _weights(builder, values_, value_distance_, len(places))

            def step(lanes, offset):
                gradient = lanes.load(g_, offset)
                for place, weight in zip(places, weights, strict=True):
                    lanes.store(
                        lanes.multiply_add(lanes.broadcast(weight), gradient, lanes.load(place, offset)), place, offset
                    )

            each(context, builder, g.dtype, count_, step)
            return context.get_dummy_value()

        return types.none(g, rows, distance, extra, values, value_distance, count), codegen

    return push


def _in_parts(context, builder, number_type, width, part):
    """part(lanes, offset, vectors) over `width` numbers: several vectors at a time, then single ones, then what is
    left."""
    index, most = width.type, VECTOR_BYTES // (4 if number_type == types.float32 else 8)
    full = index(most * VECTORS)
    whole = builder.udiv(width, full)
    with cgutils.for_range(builder, whole, intp=index) as loop:
        part(Lanes(context, builder, number_type, most), builder.mul(loop.index, full), VECTORS)
    done = builder.mul(whole, full)
    each(
        context,
        builder,
        number_type,
        builder.sub(width, done),
        lambda lanes, offset: part(lanes, builder.add(done, offset), 1),
    )


def make_group(kind: str, lines: int):
    """axpy, slopes or push for `count` rows b in `order` that touch the same `lines` lines of coefficients, which stay
    in registers meanwhile:

    group(start, line distance, last, base, order, count, rows, width, values, value distance, pulls), where `rows` are
    outputs (axpy) or their gradients, `width` numbers each. Lines follow each other from `start` on, but for the last,
    which lies at `last`: the next one, or that of the base function, as the flag `base` says. slopes is dot with the
    differences of neighbouring lines in the place of the lines (the base function's stays itself), added to the b-th
    vector (VECTOR_BYTES) of `pulls`, the sum of which is the result.
    """

    @intrinsic
    def group(typingctx, start, distance, last, base, order, count, rows, width, values, value_distance, pulls):
        def codegen(context, builder, signature, arguments):
            start_, distance_, last_, base_, order_, count_, rows_, width_, values_, value_distance_, pulls_ = arguments
            places = _lines(builder, start_, distance_, last_, lines - 1, True)
            widest = VECTOR_BYTES // (4 if rows.dtype == types.float32 else 8)

            def differences(lanes, offsets):
                """What `slopes` holds: every line less the one before it, and the base function's line."""
                before = _lines(builder, start_, distance_, None, lines, False)
                after = [*before[1:], last_]
                held = []
                for k, (low, high) in enumerate(zip(before, after, strict=True)):
                    less = [lanes.load(low, at) for at in offsets]
                    if k == lines - 1:
                        less = [builder.select(base_, lanes.zero, value) for value in less]
                    pairs = zip(offsets, less, strict=True)
                    held.append([builder.fsub(lanes.load(high, at), value) for at, value in pairs])
                return held

            def part(lanes, offset, vectors):
                index = offset.type
                offsets = [builder.add(offset, index(lanes.lanes * v)) for v in range(vectors)]
                coming = builder.gep(start_, [builder.mul(distance_, distance_.type(lines))])
                for at in offsets:
                    lanes.expect(coming, at)  # for the next interval, or the one after it
                if kind == "slopes":
                    held = differences(lanes, offsets)
                else:
                    held = [[lanes.load(place, at) for at in offsets] for place in places]
                if kind == "push":
                    held = [[cgutils.alloca_once_value(builder, value) for value in line] for line in held]
                with cgutils.for_range(builder, count_, intp=count_.type) as loop:
                    b = builder.sext(builder.load(builder.gep(order_, [loop.index])), index)
                    row = builder.gep(rows_, [builder.mul(b, width_)])
                    weights = [
                        lanes.broadcast(w)
                        for w in _weights(builder, builder.gep(values_, [b]), value_distance_, len(held))
                    ]
                    own = [lanes.load(row, at) for at in offsets]
                    if kind == "push":
                        for weight, line in zip(weights, held, strict=True):
                            for total, gradient in zip(line, own, strict=True):
                                builder.store(lanes.multiply_add(weight, gradient, builder.load(total)), total)
                    else:
                        edge = own if kind == "axpy" else [lanes.zero] * vectors
                        for weight, line in zip(weights, held, strict=True):
                            edge = [
                                lanes.multiply_add(weight, value, total)
                                for value, total in zip(line, edge, strict=True)
                            ]
                        if kind == "axpy":
                            for at, value in zip(offsets, edge, strict=True):
                                lanes.store(value, row, at)
                        else:
                            pull = builder.mul(b, index(widest))
                            total = lanes.load(pulls_, pull)
                            for gradient, value in zip(own, edge, strict=True):
                                total = lanes.multiply_add(gradient, value, total)
                            lanes.store(total, pulls_, pull)
                if kind == "push":
                    for place, line in zip(places, held, strict=True):
                        for at, total in zip(offsets, line, strict=True):
                            lanes.store(builder.load(total), place, at)

            _in_parts(context, builder, rows.dtype, width_, part)
            return context.get_dummy_value()

        given = (start, distance, last, base, order, count, rows, width, values, value_distance, pulls)
        return types.none(*given), codegen

    return group


@intrinsic
def transpose(typingctx, source, source_distance, target, target_distance):
    """target[c, r] = source[r, c], as many rows and columns as a vector has numbers; rows are `distance` apart.

    Rows are shuffled into each other, as single numbers that are far apart are slow to reach.
    """

    def codegen(context, builder, signature, arguments):
        source_, source_distance_, target_, target_distance_ = arguments
        lanes = Lanes(context, builder, source.dtype, VECTOR_BYTES // (4 if source.dtype == types.float32 else 8))
        count, index = lanes.lanes, source_distance_.type
        rows = [lanes.load(source_, builder.mul(source_distance_, index(k))) for k in range(count)]
        lower = [number for k in range(count // 2) for number in (k, count + k)]
        masks = [
            ir.Constant(ir.VectorType(ir.IntType(32), count), [number + half for number in lower])
            for half in (0, count // 2)
        ]
        size = 1
        while size < count:  # the k-th row and that half of them later share two, their numbers in turn
            pairs = zip(rows[: count // 2], rows[count // 2 :], strict=True)
            rows = [builder.shuffle_vector(a, b, mask) for a, b in pairs for mask in masks]
            size *= 2
        for k, row in enumerate(rows):
            lanes.store(row, target_, builder.mul(target_distance_, index(k)))
        return context.get_dummy_value()

    return types.none(source, source_distance, target, target_distance), codegen


@intrinsic
def sums(typingctx, vectors, count, out):
    """out[k] = sum of the k-th of `count` vectors of VECTOR_BYTES; both arrays go on to a multiple of as many as a
    vector has numbers."""

    def codegen(context, builder, signature, arguments):
        vectors_, count_, out_ = arguments
        lanes = Lanes(context, builder, out.dtype, VECTOR_BYTES // (4 if out.dtype == types.float32 else 8))
        index = count_.type

        def every_second(a, b, start):
            mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes.lanes), list(range(start, 2 * lanes.lanes, 2)))
            return builder.shuffle_vector(a, b, mask)

        blocks = builder.udiv(builder.add(count_, index(lanes.lanes - 1)), index(lanes.lanes))
        with cgutils.for_range(builder, blocks, intp=index) as loop:
            begin = builder.mul(loop.index, index(lanes.lanes))
            held = [
                lanes.load(vectors_, builder.mul(builder.add(begin, index(k)), index(lanes.lanes)))
                for k in range(lanes.lanes)
            ]
            while len(held) > 1:  # neighbours are added within each of two vectors, and both results share one
                held = [
                    builder.fadd(every_second(a, b, 0), every_second(a, b, 1))
                    for a, b in zip(held[::2], held[1::2], strict=True)
                ]
            lanes.store(held[0], out_, begin)
        return context.get_dummy_value()

    return types.none(vectors, count, out), codegen
