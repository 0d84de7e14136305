"""A network as a Python module that needs torch: differentiable, on the device and in the dtype of its input."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

import torch

from ..discovery.judging.laws import Law
from ..model import KAN
from ..primitives import functions
from .array_code import pairs_of, printer_of, steps_of, table_of
from .numpy_module import python_name
from .stable import compared, with_default
from .statements import Statements, statements

RESERVED = {"math", "torch", "X", "len", "zero"}
BASES = {
    "silu": "lambda u: u * torch.sigmoid(u)",
    "identity": "lambda u: u",
    "none": "lambda u: 0 * u",
}
EDGE = """
def _edge(x, shift, scale, breaks, centres, coefficients, weight, base):
    breaks, centres, coefficients = (x.new_tensor(table) for table in (breaks, centres, coefficients))
    u = (x - shift) / scale
    inner = u.clamp(breaks[0], breaks[-1])
    piece = (torch.searchsorted(breaks, inner.detach().contiguous(), right=True) - 1).clamp(0, len(centres) - 1)
    t, c = inner - centres[piece], coefficients[piece]
    value, slope = torch.zeros_like(t), torch.zeros_like(t)
    for k in range(c.shape[-1] - 1, -1, -1):
        slope = slope * t + value
        value = value * t + c[..., k]
    return value + slope * (u - inner) + weight * base(u)
"""
HELPERS = {  # what torch gives another value for nan, or takes tensors only: name -> code
    "_like": """
def _like(z, value):
    return value if torch.is_tensor(value) else torch.full_like(z, value)
""",
    "_larger": """
def _larger(a, b):
    return torch.maximum(_like(b, a), _like(a, b))
""",
    "_smaller": """
def _smaller(a, b):
    return torch.minimum(_like(b, a), _like(a, b))
""",
    "_sign": """
def _sign(z):
    return torch.where(torch.isnan(z), z, torch.sign(z))
""",
    "_heaviside": """
def _heaviside(z, at_zero):
    return torch.where(torch.isnan(z), z, torch.where(z == 0, at_zero, (torch.sign(z) + 1) / 2))
""",
}
BESSEL = {0: ("_NEAR0", "_P0", "_Q0"), 1: ("_NEAR1", "_P1", "_Q1")}


def torch_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """A module with one function `predict(X)`: X (rows, columns) -> (rows, outputs). Arguments as for `export`.

    Gradients flow through it. Whole numbers and truth values are taken in the dtype of the network, as by `predict`. A
    row on which the formula is undefined gives nan. Edges without closed form become tables of polynomials.

    >>> import edgewise as ew, torch
    >>> code = torch_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}))
    >>> space = {}
    >>> exec(code, space)
    >>> space["predict"](torch.tensor([[3.0]])).tolist()
    [[4.5]]
    """
    parts = statements(model, inputs, outputs, RESERVED | {python_name(function, RESERVED)})
    printer, dtype = _printer(parts), model.dtype if isinstance(model, KAN) else torch.float64
    body = steps_of(parts, printer, "zero + {}")  # torch's functions take tensors only
    tables = [table_of(name, pieces, printer, BASES) for name, pieces in parts.edges.items()]
    returned = ", ".join(parts.results)
    text = "".join([*body, *tables])
    bessel = _bessel(text)
    called = [name for name in HELPERS if f"{name}(" in text]
    called = ["_like", *called] if {"_larger", "_smaller"} & {*called} and "_like" not in called else called
    code = [
        f'"""Made by edgewise: {parts.title}."""',
        "",
        *(["from __future__ import annotations", "", "import math", ""] if bessel else []),
        "import torch",
        *bessel,
        *(HELPERS[name] for name in called),
        *([EDGE] if tables else []),
        *tables,
        "",
        f"def {function}(X):",
        f'    """X (rows, {parts.features}) -> (rows, {len(parts.results)})."""',
        f"    X = X if X.is_floating_point() else X.to({dtype})",
        "    zero = X.new_zeros(len(X))",
        *body,
        f"    return torch.stack([{returned}], dim=1)",
        "",
    ]
    return "\n".join(code)


def _bessel(text: str) -> list[str]:
    """Bessel functions with a derivative and every digit, which torch's own lack, where the text calls them."""
    orders = [order for order in BESSEL if f"_bessel_j{order}(" in text]
    if not orders:
        return []
    shared = (functions._horner, functions._bessel)
    code = ["", "", *(inspect.getsource(one).replace("Tensor", "torch.Tensor") + "\n" for one in shared)]
    for order in orders:
        code += [f"{name} = {list(getattr(functions, name))!r}" for name in BESSEL[order]]
        code += ["", "", f"def _bessel_j{order}(z):", f"    return _bessel(z, {order}, {', '.join(BESSEL[order])})", ""]
    return code


def _printer(parts: Statements) -> Any:
    from sympy.printing.numpy import NumPyPrinter

    def printed(self: Any, expr: Any, **settings: Any) -> str:
        if getattr(expr, "is_number", False) and not expr.is_Number:
            return repr(float(expr))
        return NumPyPrinter._print(self, expr, **settings)

    def bessel(self: Any, expr: Any) -> str:
        order, argument = expr.args
        if order not in BESSEL:
            raise NotImplementedError(f"besselj of order {order}")
        return f"_bessel_j{order}({self._print(argument)})"

    def called(helper: str) -> Any:
        return lambda self, expr: f"{helper}({', '.join(map(self._print, expr.args))})"

    def piecewise(self: Any, expr: Any) -> str:
        sides = [self._print(value) for value in compared(expr)]
        if not sides:
            raise NotImplementedError(f"{expr.func.__name__} without a comparison")
        *pieces, last = [
            (f"_like({sides[0]}, {self._print(value)})", where) for value, where in with_default(expr).args
        ]
        text = last[0]
        for value, where in reversed(pieces):
            text = f"torch.where({self._print(where)}, {value}, {text})"
        for side in sides:
            text = f"torch.where(torch.isnan({side}), torch.nan, {text})"
        return text

    def relation(self: Any, expr: Any) -> str:
        left, right = map(self._print, expr.args)
        return f"(({left}) {expr.rel_op} ({right}))"

    def joined(sign: str) -> Any:
        return lambda self, expr: f"({sign.join(map(self._print, expr.args))})"

    return printer_of(  # numpy's names are torch's too, but for these
        NumPyPrinter,
        parts,
        "torch",
        _print=printed,
        _print_Max=pairs_of("_larger({}, {})"),
        _print_Min=pairs_of("_smaller({}, {})"),
        _print_Heaviside=called("_heaviside"),
        _print_Piecewise=piecewise,
        _print_Relational=relation,
        _print_And=joined(" & "),
        _print_Or=joined(" | "),
        _print_Not=lambda self, expr: f"(~{self._print(expr.args[0])})",
        _print_besselj=bessel,
        _print_erf=lambda self, expr: f"torch.erf({self._print(expr.args[0])})",
        _print_sign=called("_sign"),
        _print_softplus=lambda self, expr: f"torch.nn.functional.softplus({self._print(expr.args[0])}, threshold=40.0)",
        _print_sinc=lambda self, expr: f"torch.sinc(({self._print(expr.args[0])})/{math.pi!r})",
    )
