"""Numbers that people write down: integers, small fractions, short decimals (with a power of ten, too), multiples of
pi, square roots, e."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from .tuning import TUNED


class NamedNumber(NamedTuple):
    """A number with a name: `symbol` in sympy's words, what it costs to write, how many denominators are tried."""

    symbol: str
    value: float
    cost: float
    denominators: int


NAMED_NUMBERS = (
    NamedNumber("1", 1.0, 0.0, 23),
    NamedNumber("pi", math.pi, 1.5, 13),
    NamedNumber("sqrt(2)", math.sqrt(2), 2.0, 8),
    NamedNumber("sqrt(3)", math.sqrt(3), 2.5, 8),
    NamedNumber("1/pi", 1 / math.pi, 3.0, 8),
    NamedNumber("E", math.e, 3.0, 6),
    NamedNumber("sqrt(5)", math.sqrt(5), 3.0, 6),
    NamedNumber("pi**2", math.pi**2, 3.0, 8),
    NamedNumber("sqrt(pi)", math.sqrt(math.pi), 3.5, 5),
    NamedNumber("1/sqrt(pi)", 1 / math.sqrt(math.pi), 3.5, 5),
    NamedNumber("1/sqrt(2*pi)", 1 / math.sqrt(2 * math.pi), 3.5, 3),
    NamedNumber("sqrt(2*pi)", math.sqrt(2 * math.pi), 3.5, 3),
    NamedNumber("log(2)", math.log(2), 4.0, 3),
    NamedNumber("exp(-1)", math.exp(-1), 4.0, 3),
    NamedNumber("sqrt(6)", math.sqrt(6), 4.0, 4),
    NamedNumber("sqrt(7)", math.sqrt(7), 4.0, 4),
)
_FAMILIES = sorted(
    (
        (cost + TUNED.denominator_cost * math.log2(q), symbol, base, q)
        for symbol, base, cost, count in NAMED_NUMBERS
        for q in TUNED.denominators[:count]
    ),
    key=lambda family: family[0],
)
_ANGLES = sorted(
    ((cost - TUNED.angle_bonus if symbol == "pi" else cost, symbol, base, q) for cost, symbol, base, q in _FAMILIES),
    key=lambda family: family[0],
)


@dataclass(frozen=True)
class SimpleNumber:
    """p/q times a symbol; `cost` grows with what it takes to write it down."""

    ratio: Fraction
    symbol: str
    value: float
    cost: float

    def expr(self) -> Any:
        """The exact number in sympy; far from 1 in decimals, as it is written."""
        import sympy

        if self.ratio and _far_from_one(abs(self.ratio)):
            return sympy.Float(self.value)
        return sympy.Rational(self.ratio.numerator, self.ratio.denominator) * sympy.sympify(self.symbol)


ZERO = SimpleNumber(Fraction(0), "1", 0.0, 0.0)


def nearest(
    value: float, tolerance: float, chance: float = TUNED.chance, *, angle: bool = False
) -> SimpleNumber | None:
    """The simplest number that people write down within `tolerance` of a value.

    None where there is none, and where so many are near that one is there by chance alone. angle: whether the value
    multiplies into the argument of a periodic function, where multiples of pi are as common as whole numbers.

    >>> nearest(3.1415926536, 1e-9).symbol
    'pi'
    >>> nearest(0.3333, 1e-3).ratio
    Fraction(1, 3)
    >>> nearest(0.33, 0.2) is None
    True
    >>> nearest(6.6700000001e-11, 1e-18).value
    6.67e-11
    """
    if not math.isfinite(value) or not math.isfinite(tolerance):
        return None
    if abs(value) <= tolerance:
        return ZERO
    tolerance = max(tolerance, TUNED.least_reach * abs(value))
    expected = 0.0
    for cost, symbol, base, q in _ANGLES if angle else _FAMILIES:
        expected += 2 * tolerance * q / base
        if expected > chance:
            return None
        p = round(value / base * q)
        if p and abs(p * base / q - value) <= tolerance and abs(p) < TUNED.power_of_ten:
            ratio = Fraction(p, q)
            return SimpleNumber(ratio, symbol, _exact(ratio, base), cost + TUNED.numerator_cost * math.log2(abs(p)))
    return _decimal(value, tolerance, chance) if _far_from_one(abs(value)) else None


def _far_from_one(size: float | Fraction) -> bool:
    """Whether a number is written with a power of ten."""
    return not 1 / TUNED.denominators[-1] <= size < TUNED.power_of_ten


def _decimal(value: float, tolerance: float, chance: float) -> SimpleNumber | None:
    """The number of fewest digits within `tolerance` of a value far from 1, such as 6.67e-11."""
    for digits in range(TUNED.power_digits):
        text = f"{value:.{digits}e}"
        last = 10.0 ** (int(text.split("e")[1]) - digits)  # the unit of the last digit
        if last == 0 or 2 * tolerance > chance * last:  # 0: below the smallest number
            return None
        if abs(float(text) - value) <= tolerance:
            ratio = Fraction(text)
            cost = TUNED.power_cost + TUNED.numerator_cost * math.log2(abs(float(text) / last))
            return SimpleNumber(ratio, "1", float(text), cost)
    return None


def _exact(ratio: Fraction, base: float) -> float:
    return ratio.numerator / ratio.denominator if base == 1.0 else ratio.numerator * base / ratio.denominator


def exact(value: float) -> SimpleNumber | None:
    """The simple number that this double is, to its last digits; None when it is none.

    >>> exact(math.pi / 2).expr()
    pi/2
    >>> exact(0.7310585786300049) is None
    True
    """
    return nearest(value, TUNED.exact_reach * abs(value)) if value else ZERO
