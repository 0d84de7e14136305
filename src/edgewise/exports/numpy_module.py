"""A network as a Python module that needs numpy, and scipy for special functions."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Any

from ..discovery.judging.laws import Law
from ..errors import SymbolicError, shown
from ..model import KAN
from .array_code import pairs_of, printer_of, steps_of, table_of
from .stable import compared, with_default
from .statements import STEP, Statements, statements

RESERVED = {"np", "numpy", "scipy", "X", "float", "len"}
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
# np.logaddexp warns of nan
SOFTPLUS = """

def _softplus(z):
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
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
    parts = statements(model, inputs, outputs, RESERVED | {python_name(function, RESERVED)})
    printer = _printer(parts)
    text = "\n".join(steps_of(parts, printer))
    tables = [table_of(name, pieces, printer, BASES, "np.array({})") for name, pieces in parts.edges.items()]
    whole = text + "".join(tables)
    returned = ", ".join(f"np.broadcast_to({name}, (len(X),))" for name in parts.results)
    code = [
        f'"""Made by edgewise: {parts.title}."""',
        "",
        "import numpy as np",
        *(["import scipy.special"] if "scipy.special" in whole else []),
        *([SOFTPLUS] if "_softplus(" in whole else []),
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


def python_name(function: str, taken: set[str]) -> str:
    """The name itself. Raises `SymbolicError` for one that a Python function cannot have, or that the code uses."""
    if (
        not isinstance(function, str)
        or not re.fullmatch(r"[A-Za-z]\w*", function, flags=re.ASCII)
        or keyword.iskeyword(function)
    ):
        raise SymbolicError(f"the function needs a name of letters, digits and _, no keyword, got {shown(function)}")
    if function in taken or STEP.fullmatch(function):
        raise SymbolicError(f"the function cannot be called {function}, which means something else in the code")
    return function


def _printer(parts: Statements) -> Any:
    from sympy.printing.numpy import SciPyPrinter

    def piecewise(self: Any, expr: Any) -> str:
        text = SciPyPrinter._print_Piecewise(self, with_default(expr))
        for value in map(self._print, compared(expr)):
            text = f"np.where(np.isnan({value}), np.nan, {text})"
        return text

    return printer_of(
        SciPyPrinter,
        parts,
        "np",
        _print_Max=pairs_of("np.maximum({}, {})"),
        _print_Min=pairs_of("np.minimum({}, {})"),
        _print_Piecewise=piecewise,
        _print_softplus=lambda self, expr: f"_softplus({self._print(expr.args[0])})",
        _print_sinc=lambda self, expr: f"np.sinc(({self._print(expr.args[0])})/np.pi)",
        _print_Pi=lambda self, expr: "np.pi",
    )
