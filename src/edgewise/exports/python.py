"""A network as a Python module that needs the standard library only: one row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..discovery.judging.laws import Law
from ..model import KAN
from ..primitives.core import PLAIN_POWER
from .numpy_module import python_name
from .pieces import Pieces
from .stable import compared, with_default
from .statements import Statements, form_of, printed, statements

RESERVED: set[str] = set("math bisect float len max min abs sum range int reversed any x".split())
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
# Functions that raise in `math` where floats overflow, or lose nan: name -> code. 709.78 is the log of the largest
# float; half of exp(z) fits up to log 2 more.
HELPERS = {
    "_exp": """
def _exp(z):
    return math.inf if z > 709.78 else math.exp(z)
""",
    "_sinh": """
def _sinh(z):
    return math.copysign(math.inf, z) if abs(z) > 710.47 else math.sinh(z)
""",
    "_cosh": """
def _cosh(z):
    return math.inf if abs(z) > 710.47 else math.cosh(z)
""",
    "_softplus": """
def _softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
""",
    "_power": """
def _power(z, exponent):
    try:
        return math.pow(z, exponent)
    except OverflowError:
        return math.copysign(math.inf, z) if exponent % 2 == 1 else math.inf
""",
    "_larger": """
def _larger(*values):
    return math.nan if any(value != value for value in values) else max(values)
""",
    "_smaller": """
def _smaller(*values):
    return math.nan if any(value != value for value in values) else min(values)
""",
    "_sign": """
def _sign(z):
    return z if z != z else float((z > 0) - (z < 0))
""",
    "_heaviside": """
def _heaviside(z, at_zero):
    return z if z != z else at_zero if z == 0 else float(z > 0)
""",
    "_sinc": """
def _sinc(z):
    return math.sin(z) / z if z else 1.0
""",
    # Bessel's integral over one period by equal steps, exact to round-off: Trefethen & Weideman,
    # doi:10.1137/130932132. Far out Hankel's expansion: DLMF 10.17.3, to the last digit from there on.
    "_besselj": """
def _besselj(order, z):
    size = abs(z)
    if size > 60 + order * order:
        term, waves = 1.0, [1.0, 0.0]
        for k in range(1, 20):
            term *= (4 * order * order - (2 * k - 1) ** 2) / (8 * k * size)
            waves[k % 2] += -term if k % 4 > 1 else term
        turn, c, s = math.pi * (order / 2 + 0.25), math.cos(size), math.sin(size)  # size - turn would round off
        across, along = c * math.cos(turn) + s * math.sin(turn), s * math.cos(turn) - c * math.sin(turn)
        value = math.sqrt(2 / (math.pi * size)) * (waves[0] * across - waves[1] * along)
        return -value if z < 0 and order % 2 else value
    if z != z:
        return z
    steps = 60 + 2 * int(size + order)
    turns = [2 * math.pi * k / steps for k in range(steps)]
    return sum(math.cos(order * t - z * math.sin(t)) for t in turns) / steps
""",
}
CALLS = {  # functions of sympy that are written as calls of these
    "exp": "_exp",
    "sinh": "_sinh",
    "cosh": "_cosh",
    "softplus": "_softplus",
    "Max": "_larger",
    "Min": "_smaller",
    "sign": "_sign",
    "sinc": "_sinc",
    "Heaviside": "_heaviside",
}


def python_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """A module with one function `predict(row)`: the columns of one row -> a list of outputs. Arguments as for
    `export`.

    Where the formula is undefined, the function raises as `math` does. A missing value, nan, gives nan. Edges without
    closed form become tables of polynomials.

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
    helpers = [code for name, code in HELPERS.items() if f"{name}(" in text]
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

    class Printer(PythonCodePrinter):
        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))  # every digit; sympy writes 15

        def _print_Piecewise(self, expr: Any) -> str:
            missing = " or ".join(f"({v}) != ({v})" for v in map(self._print, compared(expr))) or "False"
            return f"(math.nan if {missing} else {super()._print_Piecewise(with_default(expr))})"

        def _print_besselj(self, expr: Any) -> str:
            order, z = expr.args
            if not (order.is_Integer and order >= 0):
                raise NotImplementedError(f"besselj of order {order}")
            return f"_besselj({order}, {self._print(z)})"

        def _print_Pow(self, expr: Any, rational: bool = False) -> str:
            base, power = expr.args
            whole = power.is_Integer and (int(power) == -1 or base.is_Symbol and abs(int(power)) <= PLAIN_POWER)
            if whole or 2 * abs(power) == 1 or expr.is_number:
                return super()._print_Pow(expr, rational=rational)
            return f"_power({self._print(base)}, {self._print(power)})"  # ** raises, or gives a complex number

    for name, helper in CALLS.items():
        setattr(Printer, f"_print_{name}", _called(helper))
    return Printer({"fully_qualified_modules": True, "user_functions": {name: name for name in parts.edges}})


def _called(helper: str) -> Any:
    """The rule by which a function is written as a call of this helper."""
    return lambda self, expr: f"{helper}({', '.join(map(self._print, expr.args))})"


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
