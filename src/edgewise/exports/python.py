"""A network as a Python module that needs the standard library only: one row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..discovery.laws import Law
from ..model import KAN
from .array_code import larger_of
from .numpy_module import python_name
from .pieces import Pieces
from .statements import Statements, form_of, printed, statements

RESERVED = {"math", "bisect", "float", "len", "max", "min", "abs", "sum", "range", "int", "reversed", "x"}
BASES = {
    "silu": "u / (1 + _exp(-u))",
    "identity": "u",
    "none": "0.0",
}
EDGE = """
def _edge(u, breaks, centres, coefficients):
    inner = min(max(u, breaks[0]), breaks[-1])
    piece = min(max(bisect.bisect_right(breaks, inner) - 1, 0), len(centres) - 1)
    t, value, slope = inner - centres[piece], 0.0, 0.0
    for c in reversed(coefficients[piece]):
        slope = slope * t + value
        value = value * t + c
    return value + slope * (u - inner)
"""
EXP = """
def _exp(z):
    return math.inf if z >= 709.78 else math.exp(z)
"""
# max and copysign make a number of NaN
LARGER = """
def _larger(a, b):
    return a if a >= b or a != a else b
"""
SIGN = """
def _sign(z):
    return z if z != z else (z > 0) - (z < 0)
"""
# Bessel's integral over one period by equal steps, exact to round-off: Trefethen & Weideman, doi:10.1137/130932132
BESSEL = """
def _besselj(order, z):
    steps = 60 + 2 * int(abs(z) + order)
    turns = [2 * math.pi * k / steps for k in range(steps)]
    return sum(math.cos(order * t - z * math.sin(t)) for t in turns) / steps
"""


def python_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """A module with one function `predict(row)`: the columns of one row -> a list of outputs. Arguments as for
    `export`.

    Where the formula is undefined, the function raises as `math` does. Edges without closed form become tables of
    polynomials.

    >>> import edgewise as ew
    >>> code = python_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}))
    >>> space = {}
    >>> exec(code, space)
    >>> space["predict"]([3.0])
    [4.5]
    """
    parts = statements(model, inputs, outputs, RESERVED | {"row", python_name(function, RESERVED)})
    printer = _printer(parts)
    body = [f"    {name} = float(row[{column}])" for _, name, column in parts.columns]
    body += [f"    {name} = {printed(printer, e, list(parts.edges))}" for name, e in parts.steps]
    tables = [_table(name, pieces, printer) for name, pieces in parts.edges.items()]
    text = "\n".join([*tables, *body])
    known = {"_exp(": EXP, "_besselj(": BESSEL, "_larger(": LARGER, "_sign(": SIGN}
    helpers = [code for name, code in known.items() if name in text]
    code = [
        f'"""Made by edgewise: {parts.title}. Needs the standard library only."""',
        "",
        *(["import bisect"] if tables else []),
        "import math",
        *helpers,
        *([EDGE] if tables else []),
        *tables,
        "",
        f"def {function}(row):",
        f'    """The {parts.features} columns of one row -> a list of {len(parts.results)}."""',
        *body,
        f"    return [{', '.join(f'float({name})' for name in parts.results)}]",
        "",
    ]
    return "\n".join(code)


def _printer(parts: Statements) -> Any:
    from sympy.printing.pycode import PythonCodePrinter

    largest, smallest = larger_of("_larger({}, {})"), larger_of("(-_larger(-({}), -({})))")

    class Printer(PythonCodePrinter):
        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))  # every digit; sympy writes 15

        def _print_exp(self, expr: Any) -> str:
            return f"_exp({self._print(expr.args[0])})"

        def _print_sign(self, expr: Any) -> str:
            return f"_sign({self._print(expr.args[0])})"

        def _print_Max(self, expr: Any) -> str:
            return largest(self, expr)

        def _print_Min(self, expr: Any) -> str:
            return smallest(self, expr)

        def _print_besselj(self, expr: Any) -> str:
            order, z = expr.args
            if not (order.is_Integer and order >= 0):
                raise NotImplementedError(f"besselj of order {order}")
            return f"_besselj({order}, {self._print(z)})"

        def _print_Pow(self, expr: Any, rational: bool = False) -> str:
            base, power = expr.args
            if power.is_Integer or 2 * abs(power) == 1 or base.is_positive:
                return super()._print_Pow(expr, rational=rational)
            return f"math.pow({self._print(base)}, {self._print(power)})"  # ** would give a complex number

    return Printer({"fully_qualified_modules": True, "user_functions": {name: name for name in parts.edges}})


def _table(name: str, pieces: Pieces, printer: Any) -> str:
    form = form_of(pieces)
    more = "" if form is None else f" + {printed(printer, form)}"
    rows = ",\n    ".join("(" + ", ".join(map(repr, row)) + ",)" for row in pieces.coefficients)
    return f"""
_{name} = (
    {pieces.breaks!r},
    {pieces.centres!r},
    [
    {rows}],
)


def {name}(x):
    u = (x - {pieces.shift!r}) / {pieces.scale!r}
    return _edge(u, *_{name}) + {pieces.base_scale!r} * ({BASES[pieces.base]}){more}
"""
