"""A network as C99 that needs the standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..discovery.judging.laws import Law
from ..errors import SymbolicError, shown
from ..model import KAN
from .array_code import pairs_of
from .pieces import Pieces
from .stable import compared, with_default
from .statements import STEP, Statements, form_of, printed, statements

RESERVED = set(
    "x y u auto break case char const continue default do double else enum extern float for goto if inline int long"
    " register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while acos"
    " acosh asin asinh atan atanh cbrt cos cosh erf exp expm1 fabs fmax fmin gamma j0 j1 jn log log1p pow round sin"
    " sinh sqrt tan tanh y0 y1 yn main signgam alignas alignof asm bool constexpr false nullptr static_assert"
    " thread_local true typeof typeof_unqual linux unix i386 HUGE_VAL INFINITY NAN NULL MAXFLOAT OVERFLOW UNDERFLOW"
    " DOMAIN SING PLOSS TLOSS M_E M_LOG2E M_LOG10E M_LN2 M_LN10 M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI M_SQRT2"
    " edgewise_edge edgewise_larger edgewise_smaller edgewise_sign edgewise_heaviside edgewise_softplus"
    " edgewise_sinc"
    " M_SQRT1_2 FP_NAN FP_INFINITE FP_ZERO FP_SUBNORMAL FP_NORMAL FP_ILOGB0 FP_ILOGBNAN FP_FAST_FMA MATH_ERRNO"
    " MATH_ERREXCEPT math_errhandling".split()
)
BASES = {
    "silu": "u / (1.0 + exp(-u))",
    "identity": "u",
    "none": "0.0",
}
EDGE = """
static double edgewise_edge(double u, int pieces, int terms, const double *breaks, const double *centres,
                            const double *coefficients)
{
    double inner = u < breaks[0] ? breaks[0] : u > breaks[pieces] ? breaks[pieces] : u, value = 0.0, slope = 0.0, t;
    int low = 0, high = pieces, k;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (breaks[middle] <= inner) low = middle; else high = middle;
    }
    t = inner - centres[low];
    for (k = terms - 1; k >= 0; k--) {
        slope = slope * t + value;
        value = value * t + coefficients[low * terms + k];
    }
    return value + slope * (u - inner);
}
"""
HELPERS = {  # name -> code: nan stays nan, and nothing overflows on the way
    "edgewise_larger": "double a, double b)\n{\n    return a > b || a != a ? a : b;",
    "edgewise_smaller": "double a, double b)\n{\n    return a < b || a != a ? a : b;",
    "edgewise_sign": "double z)\n{\n    return z > 0.0 ? 1.0 : z < 0.0 ? -1.0 : z;",
    "edgewise_heaviside": "double z, double at_zero)\n{\n"
    "    return z > 0.0 ? 1.0 : z < 0.0 ? 0.0 : z == 0.0 ? at_zero : z;",
    "edgewise_sinc": "double z)\n{\n    return z == 0.0 ? 1.0 : sin(z) / z;",
    "edgewise_softplus": "double z)\n{\n    return (z > 0.0 ? z : 0.0) + log1p(exp(-fabs(z)));",
}


def c_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """C99 source of `void predict(const double *x, double *y)`: x holds all columns of one row, y the outputs.
    Arguments as for `export`.

    Needs math.h only, with j0 of POSIX for Bessel functions.

    >>> import edgewise as ew
    >>> "y[0] =" in c_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("sin", 1.0, 0.0, 0.5, 0.0)}))
    True
    """
    if not isinstance(function, str) or not re.fullmatch(r"[A-Za-z_]\w*", function, flags=re.ASCII):
        raise SymbolicError(f"the function needs a name of letters, digits and _, got {shown(function)}")
    if function in RESERVED or STEP.fullmatch(function):
        raise SymbolicError(f"the function cannot be called {function}, which means something else in the code")
    parts = statements(model, inputs, outputs, RESERVED | {function})
    printer = _printer(parts)
    tables = [_table(name, pieces, printer) for name, pieces in parts.edges.items()]
    body = [f"    const double {name} = x[{column}];  /* {label} */" for label, name, column in parts.columns]
    if not parts.columns:
        body.append("    (void)x;  /* the outputs are constants */")
    for name, expression in parts.steps:
        target = f"y[{parts.results.index(name)}]" if name in parts.results else f"const double {name}"
        body.append(f"    {target} = {printed(printer, expression, list(parts.edges))};")
    text = "\n".join([*tables, *body])
    helpers = [f"static double {name}({code}\n}}\n" for name, code in HELPERS.items() if f"{name}(" in text]
    return "\n".join(
        [
            f"/* Made by edgewise: {parts.title}. x: {parts.features} inputs, y: {len(parts.results)} outputs. */",
            "#define _USE_MATH_DEFINES",
            "#define _XOPEN_SOURCE 700",
            "#include <math.h>",
            "",
            *helpers,
            *([EDGE] if tables else []),
            *tables,
            f"void {function}(const double *x, double *y)",
            "{",
            *body,
            "}",
            "",
        ]
    )


def _printer(parts: Statements) -> Any:
    from sympy import Rational
    from sympy.printing.c import C99CodePrinter

    class Printer(C99CodePrinter):
        def _print_besselj(self, expr: Any) -> str:
            order, z = expr.args
            name = {"0": "j0(", "1": "j1("}.get(str(order), f"jn({order}, ")
            return f"{name}{self._print(z)})"

        def _print_sinc(self, expr: Any) -> str:
            return f"edgewise_sinc({self._print(expr.args[0])})"

        def _print_sign(self, expr: Any) -> str:
            return f"edgewise_sign({self._print(expr.args[0])})"

        def _print_softplus(self, expr: Any) -> str:
            return f"edgewise_softplus({self._print(expr.args[0])})"

        def _print_Heaviside(self, expr: Any) -> str:
            return f"edgewise_heaviside({', '.join(map(self._print, expr.args))})"

        def _print_Max(self, expr: Any) -> str:
            return pairs_of("edgewise_larger({}, {})")(self, expr)

        def _print_Min(self, expr: Any) -> str:
            return pairs_of("edgewise_smaller({}, {})")(self, expr)

        def _print_Piecewise(self, expr: Any) -> str:
            missing = " || ".join(f"({v}) != ({v})" for v in map(self._print, compared(expr))) or "0"
            return f"({missing} ? NAN : ({super()._print_Piecewise(with_default(expr))}))"

        def _print_Pow(self, expr: Any) -> str:
            base, power = expr.args
            if power == Rational(1, 3) and not base.is_nonnegative:  # not cbrt, which has values below zero
                return f"pow({self._print(base)}, {self._print(power)})"
            return super()._print_Pow(expr)

    return Printer({"user_functions": {name: name for name in parts.edges}, "reserved_word_suffix": ""})


def _table(name: str, pieces: Pieces, printer: Any) -> str:
    form = form_of(pieces)
    more = "" if form is None else f" + {printed(printer, form)}"
    base = f"{pieces.base_scale!r} * ({BASES[pieces.base]})"
    flat = [value for line in pieces.coefficients for value in line]
    size = f"{len(pieces.centres)}, {len(pieces.coefficients[0])}"
    return f"""static double {name}(double x)
{{
    static const double breaks[] = {_row(pieces.breaks)};
    static const double centres[] = {_row(pieces.centres)};
    static const double coefficients[] = {_row(flat)};
    const double u = (x - {pieces.shift!r}) / {pieces.scale!r};
    return edgewise_edge(u, {size}, breaks, centres, coefficients) + {base}{more};
}}
"""


def _row(values: Sequence[float]) -> str:
    return "{" + ", ".join(map(repr, values)) + "}"
