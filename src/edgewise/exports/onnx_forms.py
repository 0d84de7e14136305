"""Closed forms in operators of ONNX, as safe outside their domains as in a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ..errors import SymbolicError, shown
from ..primitives import Primitive, get
from ..primitives.library import BUILT_IN
from . import onnx_functions as f

Written = Callable[[Any, Any], Any]

FORMS: dict[str, Written] = {
    "0": lambda op, z: op.Mul(z, 0.0),
    "x": lambda op, z: z,
    "sqrt": lambda op, z: op.Sqrt(z),
    "1/sqrt": lambda op, z: op.Reciprocal(op.Sqrt(z)),
    "exp": lambda op, z: op.Exp(z),
    "log": lambda op, z: op.Log(z),
    "sin": lambda op, z: op.Sin(z),
    "cos": lambda op, z: op.Cos(z),
    "tan": f.tan,
    "sinh": f.sinh,
    "cosh": f.cosh,
    "tanh": lambda op, z: op.Tanh(z),
    "arcsin": f.arcsin,
    "arccos": f.arccos,
    "arctan": f.arctan,
    "arcsinh": f.arcsinh,
    "arccosh": f.arccosh,
    "arctanh": f.arctanh,
    "gaussian": lambda op, z: op.Exp(op.Neg(op.Mul(z, z))),
    "sigmoid": f.sigmoid,
    "softplus": f.softplus,
    "abs": lambda op, z: op.Abs(z),
    "relu": lambda op, z: f.at_least(op, z, 0.0),
    "sign": lambda op, z: op.Sign(z),
    "erf": f.erf,
    "sinc": f.sinc,
    "J0": f.bessel_j0,
}


def value(op: Any, form: Primitive, z: Any) -> Any:
    """f(z), right inside the domain of the form. Raises `SymbolicError` for a form that was added: ONNX has operators
    for the built-in ones alone."""
    if form.name in FORMS and BUILT_IN.get(form.name) is form:
        return FORMS[form.name](op, z)
    if form.exponent is None or form.name not in BUILT_IN and get(form.name) is not form:
        raise SymbolicError(f"the closed form {shown(form.name)} is one of your own, which ONNX has no operators for")
    return op.Pow(z, float(form.exponent))


def safe(op: Any, form: Primitive, z: Any, dtype: torch.dtype) -> Any:
    """f(z) as `Primitive.safe` has it: outside the domain the value at its end, and never NaN or infinite."""
    if form.free:
        return value(op, form, z)
    inner, gap = z, form.gap(dtype)
    for pole in form.poles:
        near = op.Less(op.Abs(op.Sub(inner, pole)), gap)
        inner = op.Where(near, op.Where(op.Less(inner, pole), pole - gap, pole + gap), inner)
    low, high = form.ends(dtype)
    inner = f.at_least(op, inner, low) if low > -math.inf else inner
    found = value(op, form, f.at_most(op, inner, high) if high < math.inf else inner)
    for bound, beyond in zip(form.domain, (op.LessOrEqual, op.GreaterOrEqual), strict=True):
        end = float(form.value(torch.tensor(bound, dtype=dtype))) if math.isfinite(bound) else math.nan
        found = op.Where(beyond(z, bound), end, found) if math.isfinite(end) else found
    return found
