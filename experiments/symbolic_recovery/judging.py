"""Whether a formula is the law: on fresh rows, inside the ranges and beyond them, where noise was with constants fitted
to clean rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import sympy

from edgewise.discovery.formulas.simplify import simplified
from edgewise.discovery.formulas.tree import Node, columns_of, to_sympy
from edgewise.discovery.polishing.least_squares import error, fitted
from edgewise.discovery.polishing.polish import finished
from edgewise.discovery.polishing.tuning import POLISHING
from edgewise.discovery.tables.law_task import LawTask
from edgewise.discovery.tables.split_rows import as_task

from .equations import Equation, evaluate

EXACT = 1e-9  # relative error, root mean square, on rows that no search has seen
FRESH = 2000
WIDER = 1.5  # the second set of rows reaches so far, in widths of the ranges
NEAR = 1e-4  # relative error of fitted constants above which no simpler numbers and fewer terms make a formula exact


def off_by(expression: sympy.Expr, equation: Equation) -> float:
    """The larger of the relative errors on fresh rows in the ranges and beyond them. Infinite where the formula has no
    value on a row on which the law has one."""
    worst = 0.0
    for wider in (1.0, WIDER):
        X, y = equation.rows(FRESH, f"fresh {wider}", wider)
        rest = evaluate(expression, equation.variables, X) - y
        off = float(np.sqrt((rest**2).mean() / (y**2).mean()))
        if not math.isfinite(off):
            return math.inf
        worst = max(worst, off)
    return worst


def refitted(expression: sympy.Expr, equation: Equation) -> sympy.Expr:
    """The formula with its decimal constants fitted to rows without noise; exponents that are decimals, too."""
    from scipy.optimize import least_squares

    floats = sorted(expression.atoms(sympy.Float), key=str)
    if not floats:
        return expression
    free = sympy.symbols(f"free:{len(floats)}")
    form = expression.subs(dict(zip(floats, free, strict=True)))
    call = sympy.lambdify([free, [sympy.Symbol(name) for name in equation.variables]], form, ["numpy", "scipy"])
    X, y = equation.rows(FRESH, "refit")
    scale = float(np.sqrt((y**2).mean()))

    def rest(theta: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = (np.broadcast_to(np.asarray(call(theta, list(X.T)), float), len(y)) - y) / scale
        return np.nan_to_num(found, nan=1e3, posinf=1e3, neginf=-1e3)

    start = np.array([float(value) for value in floats])
    best = least_squares(rest, start, x_scale=np.abs(start), ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=500)
    return form.subs({symbol: sympy.Float(value, 17) for symbol, value in zip(free, best.x, strict=True)})


def best_of(models: Iterable[Node], equation: Equation) -> tuple[sympy.Expr | None, float]:
    """The first formula of these models that is exact, else the nearest, and what it is off by; None and infinity where
    there is none.

    It is judged by what a model says at best. Its constants are fitted to rows without noise, in float64. Then they
    become simple numbers, and idle terms go, by what finishes the formulas of `ew.discover`.
    """
    X, y = equation.rows(FRESH, "refit")
    task = as_task(X, y, equation.variables, None, 0)
    symbols = [sympy.Symbol(name) for name in equation.variables]
    nearest: tuple[sympy.Expr | None, float] = None, math.inf
    for model in models:
        if not columns_of(model) or max(columns_of(model)) >= len(symbols):  # a constant, or one with an idle column
            continue
        for form in _forms(model, task):
            expression = to_sympy(form, symbols)
            off = off_by(expression, equation)
            if off <= EXACT:
                return expression, off
            if off < nearest[1]:
                nearest = expression, off
    return nearest


def _forms(model: Node, task: LawTask) -> Iterator[Node]:
    """The model with fitted constants; the same in its shortest form, if it is near."""
    node = fitted(simplified(model), task.fitting, steps=POLISHING.steps)
    yield node
    if error(node, task.fitting) <= NEAR * task.size:
        yield from (one.node for one in finished([node], task))
