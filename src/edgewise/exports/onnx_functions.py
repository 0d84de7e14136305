"""Functions that onnxruntime has in float32 alone, or to fewer digits, written in operators that it has in float64.

Each takes and gives values of the graph that is being written. `op` are the operators of ONNX, as `onnx_graph.Graph`
has them. NaN gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitives import functions

SMALL = 0.25  # arguments up to which differences of nearly equal numbers are avoided by a series
TERMS = 14  # of these series: 0.25**(2 * 14) is below the round-off of float64
ERF_NEAR, ERF_FAR = 2.0, 6.0  # where erf is a polynomial times z; from where on it is 1 to the last digit
ERF_DEGREE = 24  # of both polynomials: their error is below 1e-14
ARCTAN = [(-1) ** k / (2 * k + 1) for k in range(TERMS)]
ARCTANH = [1 / (2 * k + 1) for k in range(TERMS)]
LARGEST_SOFTPLUS = 40.0  # from where on it is z to the last digit, as in `primitives.functions.softplus`


def at_least(op: Any, z: Any, low: float) -> Any:
    """The larger of the two; Max of onnxruntime may lose NaN."""
    return op.Where(op.Less(z, low), low, z)


def at_most(op: Any, z: Any, high: float) -> Any:
    """The smaller of the two."""
    return op.Where(op.Greater(z, high), high, z)


def tan(op: Any, z: Any) -> Any:
    """sin / cos."""
    return op.Div(op.Sin(z), op.Cos(z))


def sinh(op: Any, z: Any) -> Any:
    """By exponentials, and near zero by t = tanh(z / 2), as 2 t / (1 - t^2)."""
    t = op.Tanh(op.Mul(z, 0.5))
    near = op.Div(op.Mul(t, 2.0), op.Sub(1.0, op.Mul(t, t)))
    far = op.Mul(op.Sub(op.Exp(z), op.Exp(op.Neg(z))), 0.5)
    return op.Where(op.Less(op.Abs(z), SMALL), near, far)


def cosh(op: Any, z: Any) -> Any:
    """By exponentials."""
    return op.Mul(op.Add(op.Exp(z), op.Exp(op.Neg(z))), 0.5)


def arctan(op: Any, z: Any) -> Any:
    """A series, after 1/z for large z and two times arctan z = 2 arctan(z / (1 + sqrt(1 + z^2)))."""
    size = op.Abs(z)
    large = op.Greater(size, 1.0)
    t = op.Where(large, op.Reciprocal(at_least(op, size, 1.0)), size)
    for _ in range(2):
        t = op.Div(t, op.Add(op.Sqrt(op.Add(op.Mul(t, t), 1.0)), 1.0))
    angle = op.Mul(_odd(op, t, ARCTAN), 4.0)
    return _signed(op, z, op.Where(large, op.Sub(math.pi / 2, angle), angle))


def arcsin(op: Any, z: Any) -> Any:
    """arctan(z / sqrt(1 - z^2))."""
    return arctan(op, op.Div(z, op.Sqrt(op.Mul(op.Sub(1.0, z), op.Add(z, 1.0)))))


def arccos(op: Any, z: Any) -> Any:
    """2 arctan(sqrt((1 - z) / (1 + z)))."""
    return op.Mul(arctan(op, op.Sqrt(op.Div(op.Sub(1.0, z), op.Add(z, 1.0)))), 2.0)


def arctanh(op: Any, z: Any) -> Any:
    """log((1 + z) / (1 - z)) / 2, and a series near zero."""
    far = op.Mul(op.Log(op.Div(op.Add(z, 1.0), op.Sub(1.0, z))), 0.5)
    return op.Where(op.Less(op.Abs(z), SMALL), _odd(op, z, ARCTANH), far)


def arcsinh(op: Any, z: Any) -> Any:
    """log|z| + log(1 + sqrt(1 + 1/z^2)), which does not overflow; near zero 2 arctanh(z / (1 + sqrt(1 + z^2)))."""
    size = op.Abs(z)
    inner = at_most(op, size, SMALL)
    near = op.Mul(_odd(op, op.Div(inner, op.Add(op.Sqrt(op.Add(op.Mul(inner, inner), 1.0)), 1.0)), ARCTANH), 2.0)
    part = op.Reciprocal(at_least(op, size, SMALL))
    far = op.Add(op.Log(size), op.Log(op.Add(op.Sqrt(op.Add(op.Mul(part, part), 1.0)), 1.0)))
    return _signed(op, z, op.Where(op.Less(size, SMALL), near, far))


def arccosh(op: Any, z: Any) -> Any:
    """2 arcsinh(sqrt((z - 1) / 2))."""
    return op.Mul(arcsinh(op, op.Sqrt(op.Mul(op.Sub(z, 1.0), 0.5))), 2.0)


def sigmoid(op: Any, z: Any) -> Any:
    """1 / (1 + exp(-z)). Below zero, Sigmoid of onnxruntime is 1 minus that of -z: nothing from -37 on."""
    return op.Reciprocal(op.Add(op.Exp(op.Neg(z)), 1.0))


def softplus(op: Any, z: Any) -> Any:
    """log(1 + u) of u = e^z, and z itself where it is large; where u is small, 2 arctanh(u / (2 + u))."""
    u = op.Exp(at_most(op, z, LARGEST_SOFTPLUS))
    near = op.Mul(_odd(op, op.Div(u, op.Add(u, 2.0)), ARCTANH), 2.0)
    value = op.Where(op.Less(u, SMALL), near, op.Log(op.Add(u, 1.0)))
    return op.Where(op.Greater(z, LARGEST_SOFTPLUS), z, value)


def erf(op: Any, z: Any) -> Any:
    """z P(z^2) near zero, and 1 - exp(-z^2) Q(z) further out, with polynomials through exact values."""
    size = op.Abs(z)
    inner = at_most(op, size, ERF_NEAR)
    near = op.Mul(inner, _horner(op, op.Sub(op.Mul(op.Mul(inner, inner), 2 / ERF_NEAR**2), 1.0), _erf_over_z()))
    outer = at_most(op, at_least(op, size, ERF_NEAR), ERF_FAR)
    middle, half = (ERF_FAR + ERF_NEAR) / 2, (ERF_FAR - ERF_NEAR) / 2
    rest = _horner(op, op.Mul(op.Sub(outer, middle), 1 / half), _scaled_rest(middle, half))
    far = op.Sub(1.0, op.Mul(op.Exp(op.Neg(op.Mul(outer, outer))), rest))
    return _signed(op, z, op.Where(op.Less(size, ERF_NEAR), near, far))


def sinc(op: Any, z: Any) -> Any:
    """sin(z) / z, and 1 at zero."""
    zero = op.Equal(z, 0.0)
    return op.Where(zero, 1.0, op.Div(op.Sin(z), op.Where(zero, 1.0, z)))


def bessel_j0(op: Any, z: Any) -> Any:
    """The Bessel function J0, as `primitives.functions` has it: its power series, and waves from 6 on."""
    size = op.Abs(z)
    inner = at_most(op, size, 6.0)
    near = _horner(op, op.Mul(op.Mul(inner, inner), 0.25), functions._NEAR0)
    far = at_least(op, size, 6.0)
    part, angle = op.Mul(op.Reciprocal(far), 6.0), op.Sub(far, math.pi / 4)
    t = op.Mul(part, part)
    cosine = op.Mul(_horner(op, t, functions._P0), op.Cos(angle))
    sine = op.Mul(op.Mul(_horner(op, t, functions._Q0), part), op.Sin(angle))
    wave = op.Mul(op.Sqrt(op.Mul(op.Reciprocal(far), 2 / math.pi)), op.Sub(cosine, sine))
    return op.Where(op.Less(size, 6.0), near, wave)


def _signed(op: Any, z: Any, size: Any) -> Any:
    """The value of an odd function from that of |z|."""
    return op.Where(op.Less(z, 0.0), op.Neg(size), size)


def _odd(op: Any, t: Any, coefficients: Sequence[float]) -> Any:
    """t times a polynomial in t^2."""
    return op.Mul(t, _horner(op, op.Mul(t, t), coefficients))


def _horner(op: Any, t: Any, coefficients: Sequence[float]) -> Any:
    """The polynomial in t with these coefficients, the constant first."""
    total = op.Add(op.Mul(t, coefficients[-1]), coefficients[-2])
    for c in reversed(coefficients[:-2]):
        total = op.Add(op.Mul(total, t), c)
    return total


def _erf_over_z() -> list[float]:
    """erf(z) / z over t, with z^2 from 0 to `ERF_NEAR`^2 as t runs from -1 to 1."""
    from scipy.special import erf as exact

    def function(t: np.ndarray) -> np.ndarray:
        z = ERF_NEAR * np.sqrt((t + 1) / 2)
        return exact(z) / z

    return _polynomial(function)


def _scaled_rest(middle: float, half: float) -> list[float]:
    """(1 - erf(z)) exp(z^2) over t, with z = middle + half t."""
    from scipy.special import erfcx

    return _polynomial(lambda t: erfcx(middle + half * t))


def _polynomial(function: Callable[[np.ndarray], np.ndarray]) -> list[float]:
    """Coefficients of the polynomial through the function at Chebyshev's points of -1 to 1, the constant first."""
    chebyshev: Any = np.polynomial.chebyshev
    return chebyshev.cheb2poly(chebyshev.chebinterpolate(function, ERF_DEGREE)).tolist()
