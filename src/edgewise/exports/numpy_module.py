"""A network as a Python module that needs numpy, and scipy for special functions."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Any

from ..discovery.laws import Law
from ..errors import SymbolicError, shown
from ..model import KAN
from .pieces import Pieces
from .statements import Statements, form_of, printed, statements

RESERVED = {"np", "numpy", "scipy", "X"}
BASES = {
    "silu": "lambda u: u / (1 + np.exp(-u))",
    "identity": "lambda u: u",
    "none": "lambda u: 0 * u",
}
EDGE = """
def _edge(x, shift, scale, breaks, centres, coefficients, weight, base):
    u = (np.asarray(x, dtype=float) - shift) / scale
    inner = np.clip(u, breaks[0], breaks[-1])
    piece = np.clip(np.searchsorted(breaks, inner, side="right") - 1, 0, len(centres) - 1)
    t, c = inner - centres[piece], coefficients[piece]
    value, slope = np.zeros_like(t), np.zeros_like(t)
    for k in range(c.shape[-1] - 1, -1, -1):
        slope = slope * t + value
        value = value * t + c[..., k]
    return value + slope * (u - inner) + weight * base(u)
"""


def numpy_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """A module with one function `predict(X)`: X (rows, columns) -> (rows, outputs). Arguments as for `export`.

    A row on which the formula is undefined gives nan. Edges without closed form become tables of polynomials.

    >>> import edgewise as ew
    >>> code = numpy_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}))
    >>> space = {}
    >>> exec(code, space)
    >>> space["predict"]([[3.0]]).tolist()
    [[4.5]]
    """
    parts = statements(model, inputs, outputs, RESERVED | {python_name(function)})
    printer = _printer(parts)
    body = [f"    {name} = X[:, {column}]" for _, name, column in parts.columns]
    body += [f"    {name} = {printed(printer, e, list(parts.edges))}" for name, e in parts.steps]
    tables = [_table(name, pieces, printer) for name, pieces in parts.edges.items()]
    text = "\n".join(body)
    special = "scipy.special" in text + "".join(tables)
    returned = ", ".join(f"np.broadcast_to({name}, (len(X),))" for name in parts.results)
    code = [
        f'"""Made by edgewise: {parts.title}."""',
        "",
        "import numpy as np",
        *(["import scipy.special"] if special else []),
        *([EDGE] if tables else []),
        *tables,
        "",
        f"def {function}(X):",
        f'    """X (rows, {parts.features}) -> (rows, {len(parts.results)})."""',
        "    X = np.asarray(X, dtype=float)",
        text,
        f"    return np.stack([{returned}], axis=1)",
        "",
    ]
    return "\n".join(code)


def python_name(function: str) -> str:
    """The name itself. Raises `SymbolicError` for one that a Python function cannot have."""
    if (
        not isinstance(function, str)
        or not re.fullmatch(r"[A-Za-z]\w*", function, flags=re.ASCII)
        or keyword.iskeyword(function)
    ):
        raise SymbolicError(f"the function needs a name of letters, digits and _, no keyword, got {shown(function)}")
    return function


def _printer(parts: Statements) -> Any:
    from sympy.printing.numpy import SciPyPrinter

    class Printer(SciPyPrinter):
        _module = "np"

        def _print_Max(self, expr: Any) -> str:
            text, *rest = (self._print(arg) for arg in expr.args)
            for other in rest:
                text = f"np.maximum({text}, {other})"
            return text

        def _print_sinc(self, expr: Any) -> str:
            return f"np.sinc(({self._print(expr.args[0])})/np.pi)"

        def _print_Float(self, expr: Any) -> str:
            return repr(float(expr))  # every digit; sympy writes 15

        def _print_Pi(self, expr: Any) -> str:
            return "np.pi"

        def _module_format(self, fqn: str, register: bool = True) -> str:
            return re.sub(r"^numpy\.", "np.", super()._module_format(fqn, register))

    return Printer({"fully_qualified_modules": True, "user_functions": {name: name for name in parts.edges}})


def _table(name: str, pieces: Pieces, printer: Any) -> str:
    form = form_of(pieces)
    more = "" if form is None else f" + {printed(printer, form)}"
    rows = ",\n    ".join("[" + ", ".join(map(repr, row)) + "]" for row in pieces.coefficients)
    arguments = f"x, {pieces.shift!r}, {pieces.scale!r}, *_{name}, {pieces.base_scale!r}, {BASES[pieces.base]}"
    return f"""
_{name} = (
    np.array({pieces.breaks!r}),
    np.array({pieces.centres!r}),
    np.array([
    {rows}]),
)


def {name}(x):
    return _edge({arguments}){more}
"""
