"""The mathematics behind the closed forms: values and first derivatives in plain torch, differentiable to any order.

Each function takes a tensor z and returns one of the same shape and dtype. Nothing here guards a domain: that is
`Primitive.safe`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

# ------------------------------------------------------------------ powers


def power(exponent: float) -> tuple:
    """Value and slope of z**exponent."""
    if float(exponent).is_integer():
        n = int(exponent)
        return (lambda z: _integer(z, n)), (lambda z: float(n) * _integer(z, n - 1))
    return (lambda z: torch.pow(z, exponent)), (lambda z: exponent * torch.pow(z, exponent - 1))


def _integer(z: Tensor, n: int) -> Tensor:
    """z**n by repeated squaring: torch.pow is several times slower and less exact for n > 3."""
    if n < 0:
        return _integer(z, -n).reciprocal()
    result = None
    square = z
    while n:
        if n & 1:
            result = square if result is None else result * square
        n >>= 1
        if n:
            square = square * square
    return torch.ones_like(z) if result is None else result


def sqrt_slope(z: Tensor) -> Tensor:
    """1 / (2 sqrt z)."""
    return 0.5 * torch.rsqrt(z)


def rsqrt_slope(z: Tensor) -> Tensor:
    """-1 / (2 z sqrt z)."""
    return -0.5 * torch.rsqrt(z) / z


# ------------------------------------------------------------------ exponential and logistic


def softplus(z: Tensor) -> Tensor:
    """log(1 + e^z). torch's softplus is linear past 20, an error of 2e-9; past 40 nothing is lost."""
    return torch.nn.functional.softplus(z, threshold=40.0)


def sigmoid_slope(z: Tensor) -> Tensor:
    """sigmoid(z) sigmoid(-z), exact in both tails."""
    return torch.sigmoid(z) * torch.sigmoid(-z)


def gaussian(z: Tensor) -> Tensor:
    """exp(-z^2)."""
    return torch.exp(-z * z)


def gaussian_slope(z: Tensor) -> Tensor:
    """-2 z exp(-z^2)."""
    return -2 * z * torch.exp(-z * z)


def erf_slope(z: Tensor) -> Tensor:
    """2 / sqrt(pi) exp(-z^2)."""
    return (2 / math.sqrt(math.pi)) * torch.exp(-z * z)


# ------------------------------------------------------------------ circular and hyperbolic, and their inverses


def cos_slope(z: Tensor) -> Tensor:
    """-sin z."""
    return -torch.sin(z)


def tan_slope(z: Tensor) -> Tensor:
    """1 / cos^2 z."""
    return torch.cos(z).square().reciprocal()


def tanh_slope(z: Tensor) -> Tensor:
    """1 / cosh^2 z, which overflows to the right limit 0."""
    return 4 * sigmoid_slope(2 * z)


def arcsin_slope(z: Tensor) -> Tensor:
    """1 / sqrt(1 - z^2), without cancellation near the ends."""
    return torch.rsqrt((1 - z) * (1 + z))


def arccos_slope(z: Tensor) -> Tensor:
    """-1 / sqrt(1 - z^2)."""
    return -arcsin_slope(z)


def arctan_slope(z: Tensor) -> Tensor:
    """1 / (1 + z^2)."""
    return (1 + z * z).reciprocal()


def arcsinh_slope(z: Tensor) -> Tensor:
    """1 / sqrt(1 + z^2)."""
    return torch.rsqrt(1 + z * z)


def arccosh_slope(z: Tensor) -> Tensor:
    """1 / sqrt(z^2 - 1)."""
    return torch.rsqrt((z - 1) * (z + 1))


def arctanh_slope(z: Tensor) -> Tensor:
    """1 / (1 - z^2)."""
    return ((1 - z) * (1 + z)).reciprocal()


def sinc(z: Tensor) -> Tensor:
    """sin(z) / z, with its Taylor series near zero."""
    small = z.abs() < 0.25
    far = torch.where(small, 1.0, z)
    near = torch.where(small, z, 0.0)
    return torch.where(small, _horner(near * near, _SINC), torch.sin(far) / far)


def sinc_slope(z: Tensor) -> Tensor:
    """(cos z - sinc z) / z, with its Taylor series near zero."""
    small = z.abs() < 0.25
    far = torch.where(small, 1.0, z)
    near = torch.where(small, z, 0.0)
    return torch.where(small, near * _horner(near * near, _SINC_SLOPE), (torch.cos(far) - torch.sin(far) / far) / far)


_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(8)]
_SINC_SLOPE = [2 * k * (-1) ** k / math.factorial(2 * k + 1) for k in range(1, 9)]


# ------------------------------------------------------------------ piecewise


def zero(z: Tensor) -> Tensor:
    """0, whatever z."""
    return torch.zeros_like(z)


def one(z: Tensor) -> Tensor:
    """1, whatever z."""
    return torch.ones_like(z)


def identity(z: Tensor) -> Tensor:
    """z."""
    return z


def relu_slope(z: Tensor) -> Tensor:
    """1 where z > 0."""
    return (z > 0).to(z.dtype)


# ------------------------------------------------------------------ Bessel functions of order 0 and 1
# torch.special.bessel_j0 is off by 4e-7 between 2 and 10 (torch 2.13) and has no derivative. Here: the power series up
# to 6, and beyond it sqrt(2 / (pi z)) (P cos - Q sin) with P, Q interpolated in (6/z)^2 from 50-digit values. Error
# below 4e-15 everywhere.


def _horner(t: Tensor, coefficients: Sequence[float]) -> Tensor:
    total = torch.full_like(t, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = torch.addcmul(torch.full_like(t, c), total, t)
    return total


def _bessel(z: Tensor, order: int, near: Sequence[float], p: Sequence[float], q: Sequence[float]) -> Tensor:
    size = z.abs()
    small = size < 6
    z_near = torch.where(small, z, 0.0)
    series = _horner(z_near * z_near / 4, near)
    if order:
        series = series * z_near / 2
    far = torch.where(small, 6.0, size)
    t = (6 / far).square()
    angle = far - math.pi * (order / 2 + 0.25)
    wave = torch.sqrt(2 / (math.pi * far)) * (
        _horner(t, p) * torch.cos(angle) - _horner(t, q) * (6 / far) * torch.sin(angle)
    )
    if order:
        wave = wave * torch.sign(z)
    return torch.where(small, series, wave)


def bessel_j0(z: Tensor) -> Tensor:
    """The Bessel function J0."""
    return _bessel(z, 0, _NEAR0, _P0, _Q0)


def bessel_j1(z: Tensor) -> Tensor:
    """The Bessel function J1."""
    return _bessel(z, 1, _NEAR1, _P1, _Q1)


def bessel_j0_slope(z: Tensor) -> Tensor:
    """-J1(z)."""
    return -bessel_j1(z)


_NEAR0 = [(-1) ** k / (math.factorial(k) * math.factorial(k)) for k in range(24)]
_NEAR1 = [(-1) ** k / (math.factorial(k) * math.factorial(k + 1)) for k in range(24)]
_P0 = (
    0.9999999999999978,
    -0.0019531249993438864,
    8.653708171618806e-05,
    -1.2270058461445104e-05,
    3.609668993374182e-06,
    -1.7763193371532558e-06,
    1.2056872101166283e-06,
    -9.000780768384904e-07,
    5.974097052701794e-07,
    -2.9730026356077795e-07,
    9.35408004531802e-08,
    -1.3637426334895382e-08,
)
_Q0 = (
    -0.020833333333330484,
    0.000339084200562913,
    -2.9206235332883326e-05,
    6.171062620834096e-06,
    -2.4107535373390086e-06,
    1.463918018202143e-06,
    -1.1478356291606493e-06,
    9.350270179605587e-07,
    -6.520743824504797e-07,
    3.3384998732158203e-07,
    -1.0685883620947747e-07,
    1.575152234139824e-08,
)
_P1 = (
    1.0000000000000024,
    0.00325520833263335,
    -0.00011126196925384387,
    1.4501051314938163e-05,
    -4.091406602445753e-06,
    1.9650256834254108e-06,
    -1.3148557072519665e-06,
    9.739255351901122e-07,
    -6.437585675024478e-07,
    3.1964525733627735e-07,
    -1.0043971105531113e-07,
    1.463127811333209e-08,
)
_Q1 = (
    0.06249999999999697,
    -0.00047471788106545685,
    3.569651627490319e-05,
    -7.120529256042337e-06,
    2.694833718487984e-06,
    -1.6051597766323856e-06,
    1.244300418308485e-06,
    -1.0072890570950431e-06,
    7.001250883058954e-07,
    -3.577864508365436e-07,
    1.1439449329285727e-07,
    -1.685055897073629e-08,
)
