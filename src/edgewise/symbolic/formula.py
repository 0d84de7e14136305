"""formula: a network written down in sympy, in the units of X and y, and how well the written-down formula does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..data import as_target
from ..errors import knows_keywords, require
from ..model import KAN, Fitted, as_kan
from ..prediction import as_mean as mean_of_outputs
from ..transforms import edge
from .given_rows import input_rows
from .task import present_forms
from .tuning import TUNED
from .written import Writer, edge_name, input_symbols


@knows_keywords
def formula(model: KAN | Fitted, inputs: Sequence[Any] | None = None) -> list[Any]:
    """The network as one sympy expression per output, in the units of X and y, through sums and products of any kind.

    Args:
        model: a KAN, or the result of a fit. An edge without a closed form stands by name: `phi_0_1_2(x)` is
            `ew.edge(model, (0, 1, 2))`.
        inputs (columns of X): a name or a sympy Symbol for every column, pruned ones too. Any name is a plain Symbol,
            be it I, E, S, beta or lambda. Default: the model's own names, else x1, x2, ...

    Returns:
        One expression per output: of the mean, where outputs are its logarithms or logits. A constant that
            equals a simple number (3/2, pi/2, sqrt(2)) to its last digit is written as that number.

    Raises:
        ConfigError: a wrong number of names, or one name twice.
        SymbolicError: constants that are not finite.
        StructureError: for anything but a KAN.

    >>> import edgewise as ew
    >>> forms = {(0, 0, 0): ("sin", 3.0, 0.0, 2.0, 0.0), (0, 1, 0): ("x^2", 1.0, 0.0, 1.0, 0.5)}
    >>> model = ew.set_symbolic(ew.KAN((2, 1)), forms)
    >>> formula(model, inputs=("E", "lambda"))
    [lambda**2 + 2*sin(3*E) + 1/2]
    """
    model = as_kan(model, "formula")
    symbols, writer = input_symbols(model, inputs), Writer(model)
    values: list[Any] = [symbols[column] for column in model.topology.node_ids[0]]
    for number in range(model.topology.depth):
        values = writer.layer(number, values)
    return [as_mean(_shortest(writer.sympy, value), model) for value in values]


def as_mean(expression: Any, model: KAN) -> Any:
    """The mean that an output stands for, where that is its logarithm or logit, as an expression."""
    sympy, link = require("sympy"), model.metadata.link
    return sympy.exp(expression) if link == "log" else 1 / (1 + sympy.exp(-expression)) if link else expression


def _shortest(sympy: Any, expression: Any) -> Any:
    """The shortest of a few equal ways to write an expression: as built, multiplied out, with addition theorems
    applied, over one denominator."""
    if expression.count_ops() > TUNED.shorten_up_to or expression.atoms(
        sympy.Float
    ):  # addition theorems explode on long sums with unrounded constants
        return expression
    ways = [expression]
    if expression.has(sympy.Add) and not expression.atoms(sympy.Float):
        ways.append(sympy.powsimp(expression))
    inverse = (sympy.asin, sympy.acos, sympy.atan, sympy.asinh, sympy.acosh, sympy.atanh)
    outer = expression.atoms(sympy.sin, sympy.cos, sympy.tan, sympy.sinh, sympy.cosh, sympy.tanh)
    sums = [f for f in outer if any(isinstance(term, inverse) for term in sympy.Add.make_args(f.args[0]))]
    if sums:  # of these only: of a function of 40 x it would make a polynomial of degree 40
        ways.append(
            expression.xreplace({f: sympy.expand_trig(f) for f in sums if not f.args[0].has(sympy.Mul, sympy.Float)})
        )
    if expression.has(sympy.log) and expression.has(sympy.exp):
        ways.append(sympy.expand_power_exp(expression))
    return min(ways, key=lambda way: way.count_ops() + len(way.atoms(sympy.Function)))


# ------------------------------------------------------------------ how well the formula does


@dataclass(frozen=True)
class FormulaError:
    """Root mean squared errors on the same rows: of the written-down formula, and of a network; `difference` between
    the two; edges still splines."""

    formula: float
    model: float
    difference: float
    splines: tuple[tuple[int, int, int], ...] = ()

    def __str__(self) -> str:
        rest = f"; {len(self.splines)} edges have no closed form" if self.splines else ""
        return f"formula rmse {self.formula:.3g}, model rmse {self.model:.3g}{rest}"


def formula_error(model: KAN, X: Any, y: Any, *, original: KAN | None = None) -> FormulaError:
    """The error of `formula(model)`, evaluated as it is written, beside that of the network it came from.

    Args:
        model: a KAN, or the result of a fit.
        X (n, features): rows to compare on.
        y (n,) or (n, outputs): the targets.
        original: the network before it was given closed forms. Default: `model` itself.

    Returns:
        The errors. A formula that is undefined on some row has error NaN.

    Raises:
        DataError, ShapeError: rows that do not fit the model.
        StructureError: for anything but a KAN.
    """
    model = as_kan(model, "formula_error")
    x = input_rows(model, X)
    target = as_target(
        y, rows=x.shape[0], width=len(model.topology.node_ids[-1]), dtype=torch.float64, device="cpu"
    ).numpy()
    beside = model if original is None else as_kan(original, "formula_error")
    with torch.no_grad():
        outputs = beside(x.to(dtype=beside.dtype, device=beside.device)).double().cpu()
    predicted = mean_of_outputs(outputs, beside.metadata.link).numpy()
    written = evaluate(formula(model), x.numpy(), symbols=input_symbols(model), functions=edge_functions(model))
    splines = tuple(e for e in model.active_edges() if model.topology.edge_position(e) not in present_forms(model))
    root = lambda residual: float(np.sqrt(np.mean(np.square(residual))))  # noqa: E731
    return FormulaError(root(written - target), root(predicted - target), root(written - predicted), splines)


def edge_functions(model: KAN) -> dict[str, Callable[..., Any]]:
    """What the named functions of a formula are: phi_l_i_o -> the edge as a callable."""
    forms = present_forms(model)
    places = {e: model.topology.edge_position(e) for e in model.active_edges()}
    return {edge_name(e): edge(model, e) for e, place in places.items() if place not in forms}


def evaluate(
    expressions: Sequence[Any],
    X: Any,
    *,
    symbols: Sequence[Any],
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> np.ndarray:
    """Values (b, k) of expressions at the rows of X (b, len(symbols)), names or Symbols; NaN where one is undefined.

    `functions` give named functions a meaning.
    """
    sympy, X = require("sympy"), np.asarray(X, dtype=np.float64)
    columns, arguments = (
        [],
        [symbol if isinstance(symbol, sympy.Symbol) else sympy.Symbol(str(symbol)) for symbol in symbols],
    )
    for expression in expressions:
        with np.errstate(all="ignore"):
            call = sympy.lambdify(
                arguments, expression, modules=[dict(functions or {}), "scipy", "numpy"], dummify=True
            )
            value = np.asarray(call(*X.T))
        if np.iscomplexobj(value):
            value = np.where(np.imag(value) != 0, np.nan, np.real(value))
        columns.append(np.broadcast_to(value.astype(np.float64), (X.shape[0],)))
    return np.stack(columns, axis=1)
