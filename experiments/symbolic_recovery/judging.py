"""Whether a formula is the law: on fresh rows, inside the ranges and beyond them, where noise was with constants fitted
to clean rows."""

from __future__ import annotations

import math

import numpy as np
import sympy

from .equations import Equation, evaluate

EXACT = 1e-9  # relative error, root mean square, on rows that no search has seen
FRESH = 2000
WIDER = 1.5  # the second set of rows reaches so far, in widths of the ranges


def off_by(expression: sympy.Expr, equation: Equation) -> float:
    """The larger of the relative errors on fresh rows in the ranges and beyond them. Infinite where the formula has no
    value on a row on which the law has one."""
    worst = 0.0
    for wider in (1.0, WIDER):
        X, y = equation.rows(FRESH, f"fresh {wider}", wider)
        rest = evaluate(expression, equation.variables, X) - y
        worst = max(worst, float(np.sqrt((rest**2).mean() / (y**2).mean())))
    return worst if math.isfinite(worst) else math.inf


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
