"""Single instructions that the kernels need and Python has no words for: addresses, numbers of the right type, hints to
the compiler. Each becomes one or a few machine instructions where it is called.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

IMPORTS = ("edgewise_allocate", "edgewise_release")  # what the machine code finds when it is loaded
# the table of slices that an entry point gets, all int64: the next slice to take, how many there are, the numbers of
# each, whether one failed for want of memory; then the slices
HEADER = 4
FAILED = 3


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
    """start[index] from memory that nobody writes to while the kernel runs: without this promise no loop with such a
    load becomes vector code."""

    def codegen(context, builder, signature, arguments):
        value = builder.load(builder.gep(arguments[0], [arguments[1]]))
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
        return value

    return start.dtype(start, index), codegen


@intrinsic
def copy_pair(typingctx, source, index, target, place):
    """target[place], target[place + 1] = source[index], source[index + 1]: one load and one store."""

    def codegen(context, builder, signature, arguments):
        source_, index_, target_, place_ = arguments
        pair = ir.VectorType(context.get_value_type(source.dtype), 2).as_pointer()
        size = 4 if source.dtype == types.float32 else 8
        held = builder.load(builder.bitcast(builder.gep(source_, [index_]), pair), align=size)
        builder.store(held, builder.bitcast(builder.gep(target_, [place_]), pair), align=size)
        return context.get_dummy_value()

    return types.none(source, index, target, place), codegen


@intrinsic
def smaller(typingctx, a, b):
    """a if a < b else b, so b where a is NaN; written as an expression in Python it becomes a branch that is
    mispredicted half of the time."""

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


@intrinsic
def smallest_exponent(typingctx, one):
    """The most negative whole number whose exponential is a normal number of the type of `one`."""
    lowest = -87.0 if one == types.float32 else -708.0
    return one(one), lambda context, builder, signature, arguments: context.get_constant(one, lowest)


@intrinsic
def is_single(typingctx, one):
    """Whether `one` is a float32: known when the code is made, so that a branch on it costs nothing."""
    return types.boolean(one), lambda context, builder, signature, arguments: context.get_constant(
        types.boolean, one == types.float32
    )


@intrinsic
def apart(typingctx):
    """Keeps the function that says so out of its callers: it is compiled once, not at each use."""

    def codegen(context, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def wide_vectors(typingctx):
    """Lets LLVM use 512-bit vectors in the loops of the function that says so, where the processor has them; left alone
    it takes 256 bits. The function stays `apart`, since its callers say no such thing."""

    def codegen(context, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        set.add(
            builder.function.attributes, '"prefer-vector-width"="512"'
        )  # llvmlite's own `add` knows no attributes with values
        return context.get_dummy_value()

    return types.none(), codegen


def make_arguments(count: int):
    """arguments(table, one): the first `count` integers of a table, then `one`: a tuple to call an entry point with."""

    @intrinsic
    def arguments(typingctx, table, one):
        kind = types.Tuple((types.int64,) * count + (one,))

        def codegen(context, builder, signature, given):
            start, number = given
            values = [builder.load(builder.gep(start, [ir.IntType(64)(k)])) for k in range(count)]
            return context.make_tuple(builder, kind, (*values, number))

        return kind(table, one), codegen

    return arguments


def _imported(builder, name, result, argument):
    """A function of IMPORTS."""
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [argument]), name)


@intrinsic
def allocate(typingctx, count):
    """The address of `count` bytes of new memory, or 0 where there are not so many."""

    def codegen(context, builder, signature, arguments):
        place = ir.IntType(8).as_pointer()
        start = builder.call(_imported(builder, IMPORTS[0], place, ir.IntType(64)), arguments)
        return builder.ptrtoint(start, ir.IntType(64))

    return types.int64(types.int64), codegen


@intrinsic
def release(typingctx, address):
    """Give memory of `allocate` back."""

    def codegen(context, builder, signature, arguments):
        place = ir.IntType(8).as_pointer()
        start = builder.inttoptr(arguments[0], place)
        builder.call(_imported(builder, IMPORTS[1], ir.VoidType(), place), [start])
        return context.get_dummy_value()

    return types.none(types.int64), codegen
