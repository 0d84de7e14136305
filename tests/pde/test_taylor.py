"""Taylor polynomials: products, powers and compositions have the derivatives that calculus says."""

from __future__ import annotations

import math

import pytest
import sympy
import torch

from edgewise.pde.indices import Indices
from edgewise.pde.taylor import composed, multiply, powers, pull
from helpers import assert_close

SETS = [[(4,)], [(2, 0), (0, 2)], [(2, 1), (0, 3)], [(1, 1, 1), (2, 0, 0)]]


def expanded(expression: sympy.Expr, symbols: list[sympy.Symbol], at: list[float], indices: Indices) -> torch.Tensor:
    """The Taylor coefficients (a, 1) of an expression at a point."""
    found = []
    for entry, factorial in zip(indices.entries, indices.factorials, strict=True):
        slope = sympy.diff(expression, *zip(symbols, entry, strict=True))
        found.append(float(slope.subs(dict(zip(symbols, at, strict=True)))) / factorial)
    return torch.tensor(found, dtype=torch.float64)[:, None]


@pytest.fixture(params=SETS, ids=str)
def case(request):
    indices = Indices.closing(request.param)
    dims = len(request.param[0])
    symbols = list(sympy.symbols("x y z")[:dims]) if dims > 1 else [sympy.Symbol("x")]
    first = sympy.sin(sum(symbols)) + symbols[0] ** 3
    second = sympy.exp(symbols[-1] * symbols[0])
    return indices, symbols, [0.3, -0.7, 0.5][:dims], first, second


def test_the_product_is_that_of_the_functions(case):
    indices, symbols, at, first, second = case
    got = multiply(expanded(first, symbols, at, indices), expanded(second, symbols, at, indices), indices)
    assert_close(got, expanded(first * second, symbols, at, indices))


def test_composition_is_that_of_the_functions(case):
    indices, symbols, at, first, _ = case
    inner = expanded(first, symbols, at, indices)
    constant = float(inner[0, 0])
    slopes = [
        torch.tensor([math.cos(constant + k * math.pi / 2)], dtype=torch.float64) for k in range(indices.order + 1)
    ]
    got = composed(slopes, powers(inner, indices), indices)
    assert_close(got, expanded(sympy.cos(first), symbols, at, indices))


def test_pull_is_the_transpose_of_multiply(case):
    indices = case[0]
    left, right, cotangent = torch.randn(3, len(indices), 5, dtype=torch.float64)
    there = (cotangent * multiply(left, right, indices)).sum()
    back = (left * pull(cotangent, right, indices)).sum()
    assert_close(there, back)
