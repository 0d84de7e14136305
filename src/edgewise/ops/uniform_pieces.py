"""Equidistant B-splines as polynomials between two knots: tables for the kernels."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb, factorial


@cache
def pieces(degree: int, nu: int) -> tuple[tuple[float, ...], ...]:
    """Uniform B-splines: the nu-th derivative by u of each of the p+1 pieces that meet in an interval, as coefficients
    in u (ascending).

    Function r of an interval is the cardinal B-spline at u + p - r, that is sum_k (-1)^k C(p+1, k) (u + p - r - k)_+^p
    / p!.

    >>> pieces(1, 0)
    ((1.0, -1.0), (0.0, 1.0))
    """
    p, rows = degree, []
    for r in range(p + 1):
        row = [Fraction(0)] * (p + 1)
        for k in range(p - r + 1):
            place = p - r - k
            for power in range(p + 1):
                row[power] += Fraction((-1) ** k * comb(p + 1, k) * comb(p, power) * place ** (p - power), factorial(p))
        for _ in range(nu):
            row = [power * value for power, value in enumerate(row)][1:]
        rows.append(tuple(float(value) for value in row))
    return tuple(rows)
