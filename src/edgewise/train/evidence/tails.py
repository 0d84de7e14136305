"""How far the values of a column are out, beside those of a normal distribution."""

from __future__ import annotations

from torch import Tensor


def excess_kurtosis(x: Tensor, share: Tensor) -> float:
    """The fourth moment of values x (n,) over the square of the second, less the 3 of a normal distribution; that of a
    constant is 0. share (n,): what a row counts, of one."""
    square = (x - share @ x).square()
    variance = float(share @ square)
    return float(share @ square.square()) / variance**2 - 3 if variance**2 > 0 else 0.0
