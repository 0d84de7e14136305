"""A network as text for elsewhere: LaTeX, a Python module that needs numpy only, C that needs the standard library
only."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SymbolicError, require
from ..model import KAN
from .formula import formula
from .pieces import Pieces
from .task import present_forms
from .written import Writer, edge_name, input_symbols, output_names

_C_WORDS = set(
    "x y u auto break case char const continue default do double else enum extern float for goto if inline int long"
    " register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while acos"
    " acosh asin asinh atan atanh cbrt cos cosh erf exp expm1 fabs fmax fmin gamma j0 j1 jn log log1p pow round sin"
    " sinh sqrt tan tanh y0 y1 yn main signgam".split()
)
WHOLE_UP_TO = 150  # operations up to which a network is written as one expression; larger ones node by node


def latex(model: KAN, inputs: Sequence[Any] | None = None, outputs: Sequence[Any] | None = None) -> str:
    r"""The formula of every output as LaTeX, one equation a line.

    >>> import edgewise as ew
    >>> latex(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}), inputs=["beta"])
    'y = \\frac{\\beta^{2}}{2}'
    """
    sympy = require("sympy")
    lines = []
    for name, expression in zip(output_names(model, outputs), formula(model, inputs), strict=True):
        short = expression.xreplace({number: sympy.Float(number, 7) for number in expression.atoms(sympy.Float)})
        texts = {
            s: rf"\text{{{s.name}}}"
            for s in {*short.free_symbols, sympy.Symbol(name)}
            if not re.fullmatch(r"[A-Za-z]\w*", s.name)
        }
        lines.append(
            f"{sympy.latex(sympy.Symbol(name), symbol_names=texts)} = {sympy.latex(short, symbol_names=texts)}"
        )
    return "\n".join(lines)


@dataclass(frozen=True)
class Statements:
    """A network in steps: columns used (symbol, its name in code, column), then name = expression, the last of them the
    outputs."""

    columns: list[tuple[Any, str, int]]
    steps: list[tuple[str, Any]]
    results: list[str]
    edges: dict[str, Pieces]


def statements(model: KAN, inputs: Sequence[Any] | None, reserved: set[str]) -> Statements:
    """The network as one expression per output where that is short, node by node otherwise."""
    sympy = require("sympy")
    symbols, writer = input_symbols(model, inputs), Writer(model)
    forms = present_forms(model)
    edges = {
        edge_name(e): Pieces.of(model, e) for e in model.active_edges() if model.topology.edge_position(e) not in forms
    }
    used = list(model.topology.node_ids[0])
    names = _identifiers([str(symbols[column]) for column in used], reserved | set(edges))
    plain = [sympy.Symbol(name) for name in names]
    columns = list(zip(plain, names, used, strict=True))
    results = [f"out_{k}" for k in range(len(model.topology.node_ids[-1]))]
    if not edges:
        whole = formula(model, inputs)
        if sum(expression.count_ops() for expression in whole) <= WHOLE_UP_TO:
            swap = dict(zip((symbols[column] for column in used), plain, strict=True))
            return Statements(
                columns, [(name, e.xreplace(swap)) for name, e in zip(results, whole, strict=True)], results, edges
            )
    values: list[Any] = plain
    steps: list[tuple[str, Any]] = []
    for number in range(model.topology.depth):
        last = number == model.topology.depth - 1
        nodes = writer.layer(number, values)
        labels = results if last else [f"node_{number + 1}_{ident}" for ident in model.topology.node_ids[number + 1]]
        steps += zip(labels, nodes, strict=True)
        values = [sympy.Symbol(label) for label in labels]
    return Statements(columns, steps, results, edges)


def _identifiers(names: Sequence[str], taken: set[str]) -> list[str]:
    """Names that both Python and C accept, all different."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "x"
        plain = plain if re.match(r"[A-Za-z]", plain) else "x_" + plain
        while plain in found or plain in taken or keyword.iskeyword(plain) or re.match(r"(out|node|phi)_\d", plain):
            plain += "_"
        found.append(plain)
    return found


# ------------------------------------------------------------------ Python

_PYTHON_EDGE = """
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


def python_source(model: KAN, inputs: Sequence[Any] | None = None, outputs: Sequence[Any] | None = None) -> str:
    """A Python module with one function `predict(X)`: X (rows, columns) -> (rows, outputs). Needs numpy, and scipy for
    special functions.

    Edges without closed form become tables of polynomials. Raises `SymbolicError` for a closed form that numpy and
    scipy do not have.

    >>> import edgewise as ew
    >>> code = python_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x^2", 1.0, 0.0, 0.5, 0.0)}))
    >>> space = {}
    >>> exec(code, space)
    >>> space["predict"]([[3.0]]).tolist()
    [[4.5]]
    """
    parts = statements(model, inputs, {"np", "scipy", "X", "predict", "numpy"})
    printer = _python_printer(parts)
    body = [f"    {name} = X[:, {column}]" for _, name, column in parts.columns]
    body += [f"    {name} = {_printed(printer, e, parts)}" for name, e in parts.steps]
    columns = ", ".join(str(symbol) for symbol in input_symbols(model, inputs))
    tables = [_python_table(name, pieces, printer, parts) for name, pieces in parts.edges.items()]
    text = "\n".join(body)
    heads = ["import numpy as np"] + (["import scipy.special"] if "scipy.special" in text + "".join(tables) else [])
    returned = ", ".join(f"np.broadcast_to({name}, (len(X),))" for name in parts.results)
    code = [
        f'"""Made by edgewise: {_one_line(", ".join(output_names(model, outputs)))} from {_one_line(columns)}."""',
        "",
        *heads,
        *([_PYTHON_EDGE] if tables else []),
        *tables,
        "",
        "def predict(X):",
        f'    """X (rows, {model.topology.features}) -> (rows, {len(parts.results)})."""',
        "    X = np.asarray(X, dtype=float)",
        text,
        f"    return np.stack([{returned}], axis=1)",
        "",
    ]
    return "\n".join(code).replace("numpy.", "np.")


def _python_printer(parts: Statements) -> Any:
    from sympy.printing.numpy import SciPyPrinter

    class Printer(SciPyPrinter):
        def _print_Max(self, expr: Any) -> str:
            text, *rest = (self._print(arg) for arg in expr.args)
            for other in rest:
                text = f"numpy.maximum({text}, {other})"
            return text

        def _print_sinc(self, expr: Any) -> str:
            return f"numpy.sinc(({self._print(expr.args[0])})/numpy.pi)"

    return Printer(
        {
            "fully_qualified_modules": True,
            "user_functions": {name: name for name in parts.edges},
            "allow_unknown_functions": True,
        }
    )


def _one_line(text: str) -> str:
    return re.sub(r'[\\"\s]+|\*/|/\*', " ", text)


def _printed(printer: Any, expression: Any, parts: Statements) -> str:
    sympy = require("sympy")
    try:
        text = printer.doprint(expression)
    except Exception as error:
        raise SymbolicError(f"the formula holds a function that cannot be written in this language: {error}") from error
    unknown = [
        f.func.__name__
        for f in expression.atoms(sympy.core.function.AppliedUndef)
        if f.func.__name__ not in parts.edges
    ]
    if unknown:
        raise SymbolicError(
            f"the closed form {unknown[0]!r} has no sympy symbol to write it by; give add_primitive(..., sympy=...)"
        )
    return text


def _python_table(name: str, pieces: Pieces, printer: Any, parts: Statements) -> str:
    base = {"silu": "lambda u: u / (1 + np.exp(-u))", "identity": "lambda u: u"}.get(pieces.base, "lambda u: 0 * u")
    rows = ",\n    ".join("[" + ", ".join(map(repr, row)) + "]" for row in pieces.coefficients)
    form = ""
    if pieces.form is not None:
        from ..primitives import get

        sympy = require("sympy")
        primitive, a, b, c, d = pieces.form
        form = " + " + _printed(printer, c * get(primitive).expr(a * sympy.Symbol("x") + b) + d, parts)
    return (
        f"\n_{name} = (\n    np.array({pieces.breaks!r}),\n    np.array({pieces.centres!r}),\n    np.array([\n   "
        f" {rows}]),\n)\n\n\ndef {name}(x):\n    return _edge(x, {pieces.shift!r}, {pieces.scale!r}, *_{name},"
        f" {pieces.base_scale!r}, {base}){form}\n"
    )


# ------------------------------------------------------------------ C

_C_EDGE = """
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


def c_source(
    model: KAN, inputs: Sequence[Any] | None = None, outputs: Sequence[Any] | None = None, *, function: str = "predict"
) -> str:
    """C99 source of `void predict(const double *x, double *y)`: x holds all columns of one row, y the outputs. Needs
    math.h (with j0 of POSIX) only.

    Raises `SymbolicError` for a closed form that C does not have.

    >>> import edgewise as ew
    >>> "y[0] =" in c_source(ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("sin", 1.0, 0.0, 0.5, 0.0)}))
    True
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", function, flags=re.ASCII):
        raise SymbolicError(f"the function needs a name that C accepts, got {function!r}")
    parts = statements(model, inputs, _C_WORDS | {function})
    printer = _c_printer(parts)
    tables = [_c_table(name, pieces, printer, parts) for name, pieces in parts.edges.items()]
    body = [
        f"    const double {name} = x[{column}];  /* {_one_line(str(symbol))} */"
        for symbol, name, column in parts.columns
    ]
    for name, expression in parts.steps:
        target = f"y[{parts.results.index(name)}]" if name in parts.results else f"const double {name}"
        body.append(f"    {target} = {_printed(printer, expression, parts)};")
    columns, results = (
        ", ".join(map(str, names)) for names in (input_symbols(model, inputs), output_names(model, outputs))
    )
    sizes = f"x: {model.topology.features} inputs, y: {len(parts.results)} outputs"
    head = f"/* Made by edgewise: {_one_line(results)} from {_one_line(columns)}. {sizes}. */"
    return "\n".join(
        [
            head,
            "#define _USE_MATH_DEFINES",
            "#define _XOPEN_SOURCE 700",
            "#include <math.h>",
            "",
            *([_C_EDGE] if tables else []),
            *tables,
            f"void {function}(const double *x, double *y)",
            "{",
            *body,
            "}",
            "",
        ]
    )


def _c_printer(parts: Statements) -> Any:
    from sympy.printing.c import C99CodePrinter

    class Printer(C99CodePrinter):
        def _print_besselj(self, expr: Any) -> str:
            order, z = expr.args
            name = {"0": "j0(", "1": "j1("}.get(str(order), f"jn({order}, ")
            return f"{name}{self._print(z)})"

        def _print_sinc(self, expr: Any) -> str:
            z = self._print(expr.args[0])
            return f"(({z}) == 0.0 ? 1.0 : sin({z})/({z}))"

        def _print_sign(self, expr: Any) -> str:
            z = self._print(expr.args[0])
            return f"((({z}) > 0) - (({z}) < 0))"

    return Printer({"user_functions": {name: name for name in parts.edges}, "allow_unknown_functions": True})


def _c_table(name: str, pieces: Pieces, printer: Any, parts: Statements) -> str:
    def row(values: Sequence[float]) -> str:
        return "{" + ", ".join(map(repr, values)) + "}"

    flat = [value for line in pieces.coefficients for value in line]
    base = {
        "silu": f" + {pieces.base_scale!r} * (u / (1.0 + exp(-u)))",
        "identity": f" + {pieces.base_scale!r} * u",
    }.get(pieces.base, "")
    form = ""
    if pieces.form is not None:
        from ..primitives import get

        sympy = require("sympy")
        primitive, a, b, c, d = pieces.form
        form = " + " + _printed(printer, c * get(primitive).expr(a * sympy.Symbol("x") + b) + d, parts)
    return (
        f"static double {name}(double x)\n{{\n    static const double breaks[] = {row(pieces.breaks)};\n    static"
        f" const double centres[] = {row(pieces.centres)};\n    static const double coefficients[] = {row(flat)};\n   "
        f" const double u = (x - {pieces.shift!r}) / {pieces.scale!r};\n    return edgewise_edge(u,"
        f" {len(pieces.centres)}, {len(pieces.coefficients[0])}, breaks, centres, coefficients){base}{form};\n}}\n"
    )
