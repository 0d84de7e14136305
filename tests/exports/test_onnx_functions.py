"""Functions written in few operators are as exact as those of numpy and scipy, and lose no NaN."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import special

from edgewise.exports import onnx_functions

OPERATORS = SimpleNamespace(
    Abs=np.abs,
    Add=np.add,
    Cos=np.cos,
    Div=np.divide,
    Equal=np.equal,
    Exp=np.exp,
    Greater=np.greater,
    Less=np.less,
    Log=np.log,
    Mul=np.multiply,
    Neg=np.negative,
    Reciprocal=np.reciprocal,
    Sin=np.sin,
    Sqrt=np.sqrt,
    Sub=np.subtract,
    Tanh=np.tanh,
    Where=np.where,
)  # those of ONNX, as numpy has them
TINY = np.logspace(-20, -1, 200)
LINE = np.concatenate([np.linspace(-20, 20, 4001), TINY, -TINY, [np.nan]])
LONG = np.concatenate([LINE, np.logspace(1, 200, 200), -np.logspace(1, 200, 200)])
INSIDE = np.concatenate([np.linspace(-1, 1, 2001), TINY, -TINY, [np.nan]])

CASES: dict[str, tuple[np.ndarray, Callable[..., Any]]] = {
    "tan": (np.append(np.linspace(-1.5, 1.5, 1001), np.nan), np.tan),
    "sinh": (LINE, np.sinh),
    "cosh": (LINE, np.cosh),
    "arcsin": (INSIDE, np.arcsin),
    "arccos": (INSIDE, np.arccos),
    "arctan": (LONG, np.arctan),
    "arcsinh": (LONG, np.arcsinh),
    "arccosh": (1 + np.abs(LONG), np.arccosh),
    "arctanh": (0.999 * INSIDE, np.arctanh),
    "sigmoid": (LONG, special.expit),
    "softplus": (LONG, lambda z: np.logaddexp(0, z)),
    "erf": (LONG, special.erf),
}


@pytest.mark.parametrize("name", CASES)
def test_values_are_exact_to_their_last_digits_near_zero_and_far_away(name: str) -> None:
    z, exact = CASES[name]
    with np.errstate(all="ignore"):
        got, want = getattr(onnx_functions, name)(OPERATORS, z), exact(z)
    assert np.array_equal(np.isnan(got), np.isnan(z))
    there = np.isfinite(z)
    assert np.all(np.abs(got - want)[there] <= 1e-13 * np.abs(want)[there] + 1e-300)


def test_waves_are_exact_beside_their_zeros_too() -> None:
    z = LONG[~(np.abs(LONG) > 100)]
    for wave, exact in ((onnx_functions.bessel_j0, special.j0), (onnx_functions.sinc, lambda z: np.sinc(z / np.pi))):
        with np.errstate(all="ignore"):
            got = wave(OPERATORS, z)
        assert np.array_equal(np.isnan(got), np.isnan(z))
        assert np.nanmax(np.abs(got - exact(z))) < 1e-13
