"""A network as a Python module that needs torch: differentiable, on the device and in the dtype of its input."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

from ..discovery.laws import Law
from ..model import KAN
from ..primitives import functions
from .array_code import larger_of, printer_of, steps_of, table_of
from .numpy_module import python_name
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
BESSEL = {0: ("_NEAR0", "_P0", "_Q0"), 1: ("_NEAR1", "_P1", "_Q1")}


def torch_source(
    model: KAN | Law,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    *,
    function: str = "predict",
) -> str:
    """A module with one function `predict(X)`: X (rows, columns) -> (rows, outputs). Arguments as for `export`.

    Gradients flow through it. A row on which the formula is undefined gives nan. Edges without closed form become
    tables of polynomials.

    >>> import edgewise as ew, torch
    >>> code = torch_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}))
    >>> space = {}
    >>> exec(code, space)
    >>> space["predict"](torch.tensor([[3.0]])).tolist()
    [[4.5]]
    """
    parts = statements(model, inputs, outputs, RESERVED | {python_name(function, RESERVED)})
    printer = _printer(parts)
    body = steps_of(parts, printer)
    tables = [table_of(name, pieces, printer, BASES) for name, pieces in parts.edges.items()]
    returned = ", ".join(f"{name} + zero" for name in parts.results)
    helpers = _bessel("".join([*body, *tables]))
    code = [
        f'"""Made by edgewise: {parts.title}."""',
        "",
        *(["from __future__ import annotations", "", "import math", ""] if helpers else []),
        "import torch",
        *helpers,
        *([EDGE] if tables else []),
        *tables,
        "",
        f"def {function}(X):",
        f'    """X (rows, {parts.features}) -> (rows, {len(parts.results)})."""',
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
            return repr(float(expr))  # torch's functions take tensors only
        return NumPyPrinter._print(self, expr, **settings)

    def bessel(self: Any, expr: Any) -> str:
        order, argument = expr.args
        if order not in BESSEL:
            raise NotImplementedError(f"besselj of order {order}")
        return f"_bessel_j{order}({self._print(argument)})"

    def sign(self: Any, expr: Any) -> str:
        z = self._print(expr.args[0])
        return f"torch.where(torch.isnan({z}), {z}, torch.sign({z}))"  # which alone makes 0 of NaN

    return printer_of(  # numpy's names are torch's too, but for these
        NumPyPrinter,
        parts,
        "torch",
        _print=printed,
        _print_Max=larger_of("torch.maximum({} + zero, {} + zero)"),
        _print_Min=larger_of("torch.minimum({} + zero, {} + zero)"),
        _print_besselj=bessel,
        _print_erf=lambda self, expr: f"torch.erf({self._print(expr.args[0])})",
        _print_sign=sign,
        _print_sinc=lambda self, expr: f"torch.sinc(({self._print(expr.args[0])})/{math.pi!r})",
    )
