"""The inner loops of the CPU kernels, written as vector instructions so that every compiler version makes the same good code of them.

A group of rows (the coefficients of the p+1 basis functions that x touches, and the base scale as one more row) is combined along the outputs:

    axpy   out[o] += sum_r v_r row_r[o]            dot    sum_o g[o] sum_r v_r row_r[o]            push   row_r[o] += v_r g[o]

Written in Python, each call would first compare the addresses of all rows (they might overlap) and walk the last outputs one by one: with 64
outputs that takes more time than the sums themselves.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

MAX_TERMS = 4  # basis functions combined in one pass
WIDTH = 64  # bytes of a vector; narrower machines split it


@intrinsic
def pointer(typingctx, address, one):
    """The address (an integer) as a pointer to numbers of the type of `one`."""
    kind = types.CPointer(one)

    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(kind))

    return kind(address, one), codegen


@intrinsic
def retype(typingctx, start, one):
    """The pointer as one to numbers of the type of `one`."""
    kind = types.CPointer(one)

    def codegen(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(kind))

    return kind(start, one), codegen


@intrinsic
def shift(typingctx, start, count):
    """The pointer `count` elements further."""

    def codegen(context, builder, signature, arguments):
        return builder.gep(arguments[0], [arguments[1]])

    return start(start, count), codegen


@intrinsic
def fixed(typingctx, start, index):
    """start[index] from memory that nobody writes to while the kernel runs: without this promise no loop with such a load becomes vector code."""

    def codegen(context, builder, signature, arguments):
        value = builder.load(builder.gep(arguments[0], [arguments[1]]))
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
        return value

    return start.dtype(start, index), codegen


@intrinsic
def smaller(typingctx, a, b):
    """a if a < b else b, so b where a is NaN; written as an expression in Python it becomes a branch that is mispredicted half of the time."""

    def codegen(context, builder, signature, arguments):
        return builder.select(builder.fcmp_ordered("<", *arguments), *arguments)

    return a(a, b), codegen


@intrinsic
def larger(typingctx, a, b):
    """a if a > b else b, so b where a is NaN."""

    def codegen(context, builder, signature, arguments):
        return builder.select(builder.fcmp_ordered(">", *arguments), *arguments)

    return a(a, b), codegen


@intrinsic
def next_number(typingctx, counter):
    """The counter's value, which is one more for whoever asks next, on any thread."""

    def codegen(context, builder, signature, arguments):
        return builder.atomic_rmw("add", arguments[0], ir.IntType(64)(1), "seq_cst")

    return types.int64(counter), codegen


@intrinsic
def real(typingctx, value, one):
    """`value` in the type of `one`: a bare 0.5 or an integer would turn float32 sums into float64 ones."""

    def codegen(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], value, one)

    return one(value, one), codegen


@intrinsic
def power_of_two(typingctx, exponent, one):
    """2**exponent, for an integer within the range of normal numbers, in the type of `one`."""
    bits, bias, mantissa = (32, 127, 23) if one == types.float32 else (64, 1023, 52)

    def codegen(context, builder, signature, arguments):
        kind = ir.IntType(bits)
        number = context.cast(builder, arguments[0], exponent, types.Integer(f"int{bits}"))
        number = builder.shl(builder.add(number, kind(bias)), kind(mantissa))
        return builder.bitcast(number, context.get_value_type(one))

    return one(exponent, one), codegen


class _Lanes:
    """Code over `lanes` neighbouring numbers of one type."""

    def __init__(self, context, builder, number_type, lanes):
        self.builder, self.lanes, self.scalar = builder, lanes, context.get_value_type(number_type)
        self.bits = 32 if number_type == types.float32 else 64
        self.vector = ir.VectorType(self.scalar, lanes)
        self.zero = ir.Constant(self.vector, None)

    def broadcast(self, value):
        nothing, position = ir.Constant(self.vector, ir.Undefined), ir.IntType(32)
        wide = self.builder.insert_element(nothing, value, position(0))
        return self.builder.shuffle_vector(wide, nothing, ir.Constant(ir.VectorType(position, self.lanes), [0] * self.lanes))

    def multiply_add(self, a, b, c):
        return self.builder.fadd(self.builder.fmul(a, b, flags=("contract",)), c, flags=("contract",))

    def _at(self, start, offset):
        return self.builder.bitcast(self.builder.gep(start, [offset]), self.vector.as_pointer())

    def load(self, start, offset):
        return self.builder.load(self._at(start, offset), align=self.bits // 8)

    def store(self, value, start, offset):
        self.builder.store(value, self._at(start, offset), align=self.bits // 8)

    def total(self, value):
        kind = ir.FunctionType(self.scalar, [self.scalar, self.vector])
        add = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.vector.reduce.fadd.v{self.lanes}f{self.bits}")
        return self.builder.call(add, [self.scalar(0.0), value], fastmath=("reassoc",))


def _each(context, builder, number_type, count, step):
    """step(lanes, offset) over `count` numbers: whole vectors, then halves of halves for the rest.

    A masked vector would be shorter, but its store cannot be forwarded to the load of the next row: 20 ns instead of 4 for 5 outputs.
    """
    index, lanes = count.type, WIDTH // (4 if number_type == types.float32 else 8)
    whole = builder.udiv(count, index(lanes))
    vectors = _Lanes(context, builder, number_type, lanes)
    with cgutils.for_range(builder, whole, intp=index) as loop:
        step(vectors, builder.mul(loop.index, index(lanes)))
    done = builder.mul(whole, index(lanes))
    while lanes > 1:
        lanes //= 2
        present = builder.icmp_signed("!=", builder.and_(count, index(lanes)), index(0))
        with builder.if_then(present):
            step(_Lanes(context, builder, number_type, lanes), done)
        done = builder.add(done, builder.and_(count, index(lanes)))


def _rows(builder, start, distance, extra, terms, base):
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
            places = _rows(builder, rows_, distance_, extra_, terms, base)
            weights = _weights(builder, values_, value_distance_, len(places))

            def step(lanes, offset):
                total = lanes.load(out_, offset)
                for place, weight in zip(places, weights, strict=True):
                    total = lanes.multiply_add(lanes.broadcast(weight), lanes.load(place, offset), total)
                lanes.store(total, out_, offset)

            _each(context, builder, out.dtype, count_, step)
            return context.get_dummy_value()

        return types.none(out, rows, distance, extra, values, value_distance, count), codegen

    return axpy


def make_dot(terms: int, base: bool):
    """dot(g, rows, row distance, base row, values, value distance, count): sum over outputs of g times the sum of values times rows."""

    @intrinsic
    def dot(typingctx, g, rows, distance, extra, values, value_distance, count):
        def codegen(context, builder, signature, arguments):
            g_, rows_, distance_, extra_, values_, value_distance_, count_ = arguments
            places = _rows(builder, rows_, distance_, extra_, terms, base)
            weights = _weights(builder, values_, value_distance_, len(places))
            widest = _Lanes(context, builder, g.dtype, WIDTH // (4 if g.dtype == types.float32 else 8))
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

            _each(context, builder, g.dtype, count_, step)
            return builder.fadd(widest.total(builder.load(total)), builder.load(rest))

        return g.dtype(g, rows, distance, extra, values, value_distance, count), codegen

    return dot


def make_push(terms: int, base: bool):
    """push(g, rows, row distance, base row, values, value distance, count): each row += its value times g."""

    @intrinsic
    def push(typingctx, g, rows, distance, extra, values, value_distance, count):
        def codegen(context, builder, signature, arguments):
            g_, rows_, distance_, extra_, values_, value_distance_, count_ = arguments
            places = _rows(builder, rows_, distance_, extra_, terms, base)
            weights = _weights(builder, values_, value_distance_, len(places))

            def step(lanes, offset):
                gradient = lanes.load(g_, offset)
                for place, weight in zip(places, weights, strict=True):
                    lanes.store(lanes.multiply_add(lanes.broadcast(weight), gradient, lanes.load(place, offset)), place, offset)

            _each(context, builder, g.dtype, count_, step)
            return context.get_dummy_value()

        return types.none(g, rows, distance, extra, values, value_distance, count), codegen

    return push


@intrinsic
def smallest_exponent(typingctx, one):
    """The most negative whole number whose exponential is a normal number of the type of `one`."""
    lowest = -87.0 if one == types.float32 else -708.0
    return one(one), lambda context, builder, signature, arguments: context.get_constant(one, lowest)
