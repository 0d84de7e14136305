"""The closed forms themselves, one entry each."""

from __future__ import annotations

import math
from fractions import Fraction
from types import ModuleType
from typing import Any

import torch

from . import functions as f
from .core import INF, Primitive


def power(name: str, exponent: float, complexity: int) -> Primitive:
    """The primitive z**exponent, with the domain and the symmetries that follow from the exponent."""
    value, slope = f.power(exponent)
    whole = float(exponent).is_integer()
    ratio = Fraction(exponent).limit_denominator(1000)

    def build(sympy: ModuleType, z: Any) -> Any:
        exact = float(ratio) == float(exponent)
        return z ** (sympy.Rational(ratio.numerator, ratio.denominator) if exact else sympy.Float(exponent))

    return Primitive(
        name,
        value,
        slope,
        build,
        complexity,
        domain=(-INF, INF) if whole else (0.0, INF),
        poles=(0.0,) if whole and exponent < 0 else (),
        exponent=float(exponent),
        either_sign=whole,
        mirror=((-1.0) ** int(exponent), 0.0) if whole else None,
    )


def _table() -> tuple[Primitive, ...]:
    half, even, odd = math.pi, (1.0, 0.0), (-1.0, 0.0)
    return (
        Primitive("0", f.zero, f.zero, lambda s, z: s.Integer(0), 0, exponent=0.0, either_sign=True, mirror=even),
        Primitive("x", f.identity, f.one, lambda s, z: z, 1, exponent=1.0, either_sign=True, mirror=odd),
        power("x^2", 2, 2),
        power("x^3", 3, 3),
        power("x^4", 4, 3),
        power("x^5", 5, 4),
        power("1/x", -1, 2),
        power("1/x^2", -2, 3),
        power("1/x^3", -3, 4),
        power("1/x^4", -4, 5),
        Primitive("sqrt", torch.sqrt, f.sqrt_slope, lambda s, z: s.sqrt(z), 2, domain=(0.0, INF), exponent=0.5),
        power("x^1.5", 1.5, 4),
        Primitive(
            "1/sqrt", torch.rsqrt, f.rsqrt_slope, lambda s, z: 1 / s.sqrt(z), 3, domain=(0.0, INF), exponent=-0.5
        ),
        Primitive("exp", torch.exp, torch.exp, lambda s, z: s.exp(z), 2, exponential=True, steep=True),
        Primitive("log", torch.log, torch.reciprocal, lambda s, z: s.log(z), 2, domain=(0.0, INF), logarithm=True),
        Primitive("sin", torch.sin, torch.cos, lambda s, z: s.sin(z), 2, mirror=odd, period=half, flip=-1.0),
        Primitive("cos", torch.cos, f.cos_slope, lambda s, z: s.cos(z), 2, mirror=even, period=half, flip=-1.0),
        Primitive(
            "tan",
            torch.tan,
            f.tan_slope,
            lambda s, z: s.tan(z),
            3,
            mirror=odd,
            period=half,
            branch=(-half / 2, half / 2),
        ),
        Primitive("sinh", torch.sinh, torch.cosh, lambda s, z: s.sinh(z), 3, mirror=odd, steep=True),
        Primitive("cosh", torch.cosh, torch.sinh, lambda s, z: s.cosh(z), 3, mirror=even, steep=True),
        Primitive("tanh", torch.tanh, f.tanh_slope, lambda s, z: s.tanh(z), 3, mirror=odd),
        Primitive("arcsin", torch.asin, f.arcsin_slope, lambda s, z: s.asin(z), 4, domain=(-1.0, 1.0), mirror=odd),
        Primitive(
            "arccos", torch.acos, f.arccos_slope, lambda s, z: s.acos(z), 4, domain=(-1.0, 1.0), mirror=(-1.0, math.pi)
        ),
        Primitive("arctan", torch.atan, f.arctan_slope, lambda s, z: s.atan(z), 4, mirror=odd),
        Primitive("arcsinh", torch.asinh, f.arcsinh_slope, lambda s, z: s.asinh(z), 4, mirror=odd),
        Primitive("arccosh", torch.acosh, f.arccosh_slope, lambda s, z: s.acosh(z), 4, domain=(1.0, INF)),
        Primitive("arctanh", torch.atanh, f.arctanh_slope, lambda s, z: s.atanh(z), 4, domain=(-1.0, 1.0), mirror=odd),
        Primitive("gaussian", f.gaussian, f.gaussian_slope, lambda s, z: s.exp(-(z**2)), 3, mirror=even),
        Primitive("sigmoid", torch.sigmoid, f.sigmoid_slope, lambda s, z: 1 / (1 + s.exp(-z)), 4, mirror=(-1.0, 1.0)),
        Primitive("softplus", f.softplus, torch.sigmoid, lambda s, z: s.log(1 + s.exp(z)), 5),
        Primitive("abs", torch.abs, torch.sign, lambda s, z: s.Abs(z), 3, mirror=even, exponent=1.0),
        Primitive("relu", torch.relu, f.relu_slope, lambda s, z: s.Max(0, z), 4, exponent=1.0),
        Primitive("sign", torch.sign, f.zero, lambda s, z: s.sign(z), 3, mirror=odd, exponent=0.0),
        Primitive("erf", torch.erf, f.erf_slope, lambda s, z: s.erf(z), 4, mirror=odd),
        Primitive("sinc", f.sinc, f.sinc_slope, lambda s, z: s.sinc(z), 5, mirror=even, waves=True),
        Primitive("J0", f.bessel_j0, f.bessel_j0_slope, lambda s, z: s.besselj(0, z), 5, mirror=even, waves=True),
    )


BUILT_IN: dict[str, Primitive] = {p.name: p for p in _table()}

# Other names under which a form is known, among them those of pykan.
ALIASES = {
    "x^0.5": "sqrt",
    "x^-0.5": "1/sqrt",
    "1/sqrt(x)": "1/sqrt",
    "1/x^0.5": "1/sqrt",
    "x^1": "x",
    "x^-1": "1/x",
    "x^0": "0",
    "sgn": "sign",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "j0": "J0",
    "besselj0": "J0",
    "identity": "x",
    "constant": "0",
}

# Ranked without being asked for: each says something that no other one in the list says with other constants.
RANKED = tuple(name for name in BUILT_IN if name not in ("cos", "arccos", "1/x^4", "sinc"))
