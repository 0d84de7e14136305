"""The functions that a formula may call, by the names that people write."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from ..discovery.formulas.tree import Apply, Node, Num, Power, product, total
from ..errors import SymbolicError, clipped, did_you_mean, few
from ..primitives import get, names
from ..primitives.library import ALIASES

MOST_POWER = 100.0  # a closed form of a higher power is cut off at arguments of ordinary size: 300 ** 100 is 5e247
ONE, TWO, HALF = Num(1.0), Num(2.0), Num(0.5)


class Spoken(NamedTuple):
    """A function of a formula: how many arguments it takes at least and at most, and what it is made of."""

    least: int
    most: int
    make: Callable[..., Node]


def applied(form: str, argument: Node) -> Node:
    """A closed form of an argument: a number where the argument is one.

    Raises `SymbolicError` for a number at which it has no finite real value.

    >>> applied("exp", Num(0.0))
    Num(value=1.0, name=None)
    """
    if not isinstance(argument, Num):
        return Apply(form, argument)
    z = torch.tensor(argument.value, dtype=torch.float64, device="cpu")
    return _finite(float(get(form).value(z)), f"{form}({argument.value:g})")


def added(parts: list[Node]) -> Node:
    """The sum of the parts, a number where all are numbers."""
    if all(isinstance(part, Num) for part in parts):
        return _finite(sum(part.value for part in parts if isinstance(part, Num)), "a sum of numbers")
    return total(*parts)


def multiplied(parts: list[Node]) -> Node:
    """The product of the parts, a number where all are numbers."""
    if all(isinstance(part, Num) for part in parts):
        return _finite(math.prod(part.value for part in parts if isinstance(part, Num)), "a product of numbers")
    return product(*parts)


def raised(base: Node, exponent: Node) -> Node:
    """A base to any power; by exponential and logarithm where the exponent is no number.

    Raises `SymbolicError` for a number without finite real value, and for a power beyond `MOST_POWER`.

    >>> raised(Num(2.0), Num(3.0))
    Num(value=8.0, name=None)
    """
    if isinstance(base, Num) and isinstance(exponent, Num):
        return _number_power(base.value, exponent.value)
    if isinstance(exponent, Num):
        check_power(exponent.value)
        return Power(base, exponent)
    if not isinstance(base, Num):
        return applied("exp", multiplied([exponent, applied("log", base)]))
    if base.value <= 0:
        raise SymbolicError(f"({base.value:g}) to a power that varies has no real value; the base must be above zero")
    return applied("exp", exponent if base.value == math.e else multiplied([exponent, Num(math.log(base.value))]))


def check_power(exponent: float) -> None:
    """Raise `SymbolicError` for a power that no edge holds."""
    if not abs(exponent) <= MOST_POWER:
        raise SymbolicError(f"the power {exponent:g} is beyond {MOST_POWER:g}, the highest that an edge holds")


def _number_power(base: float, exponent: float) -> Num:
    """A number to the power of another. Raises `SymbolicError` where that is no finite real number."""
    what = f"({base:g})**({exponent:g})"
    if base == 0 and exponent < 0:
        raise SymbolicError(f"{what} is a division by zero")
    try:
        value = base**exponent
    except OverflowError:
        value = math.inf
    return _finite(math.nan if isinstance(value, complex) else value, what)


def _finite(value: float, what: str) -> Num:
    """The number, if it is one. Raises `SymbolicError` for NaN and infinity."""
    if not math.isfinite(value):
        raise SymbolicError(f"{what} has no finite real value")
    return Num(value)


def inverse(node: Node) -> Node:
    """One divided by it."""
    return raised(node, Num(-1.0))


def larger(*parts: Node) -> Node:
    """The largest of the parts, by pairs, so that the depth grows with the logarithm of their number."""
    left = list(parts)
    while len(left) > 1:
        left = [_larger(*left[k : k + 2]) for k in range(0, len(left), 2)]
    return left[0]


def _larger(one: Node, other: Node | None = None) -> Node:
    """b + relu(a - b); of x and 0 it is relu(x), which adds nothing."""
    if other is None:
        return one
    a, b = (other, one) if isinstance(one, Num) else (one, other)
    return added([b, applied("relu", added([a, _negative(b)]))])


def smaller(*parts: Node) -> Node:
    """The smallest."""
    return _negative(larger(*map(_negative, parts)))


def _negative(node: Node) -> Node:
    return multiplied([Num(-1.0), node])


def _scaled(form: str, factor: float) -> Callable[[Node], Node]:
    return lambda z: multiplied([Num(factor), applied(form, z)])


def _beyond(form: str) -> Callable[[Node], Node]:
    return lambda z: inverse(applied(form, z))


COMPOSED: dict[str, Spoken] = {
    "sqrt": Spoken(1, 1, lambda z: raised(z, HALF)),
    "cbrt": Spoken(1, 1, lambda z: multiplied([applied("sign", z), raised(applied("abs", z), Num(1 / 3))])),
    "square": Spoken(1, 1, lambda z: raised(z, TWO)),
    "pow": Spoken(2, 2, raised),
    "hypot": Spoken(2, 2, lambda x, y: raised(added([raised(x, TWO), raised(y, TWO)]), HALF)),
    "ln": Spoken(1, 1, lambda z: applied("log", z)),
    "log10": Spoken(1, 1, _scaled("log", 1 / math.log(10))),
    "log2": Spoken(1, 1, _scaled("log", 1 / math.log(2))),
    "log1p": Spoken(1, 1, lambda z: applied("log", added([ONE, z]))),
    "exp2": Spoken(1, 1, lambda z: raised(TWO, z)),
    "expm1": Spoken(1, 1, lambda z: added([applied("exp", z), Num(-1.0)])),
    "sec": Spoken(1, 1, _beyond("cos")),
    "csc": Spoken(1, 1, _beyond("sin")),
    "cot": Spoken(1, 1, _beyond("tan")),
    "sech": Spoken(1, 1, _beyond("cosh")),
    "csch": Spoken(1, 1, _beyond("sinh")),
    "coth": Spoken(1, 1, _beyond("tanh")),
    "erfc": Spoken(1, 1, lambda z: added([ONE, _scaled("erf", -1.0)(z)])),
    "expit": Spoken(1, 1, lambda z: applied("sigmoid", z)),
    "Abs": Spoken(1, 1, lambda z: applied("abs", z)),
    "Heaviside": Spoken(1, 1, lambda z: added([HALF, _scaled("sign", 0.5)(z)])),
    "max": Spoken(1, 100, larger),
    "min": Spoken(1, 100, smaller),
    "Max": Spoken(1, 100, larger),
    "Min": Spoken(1, 100, smaller),
}


def forms() -> list[str]:
    """Names of closed forms that can be called as functions, added ones among them."""
    known = [name for name in (*names(), *ALIASES) if name.isidentifier()]
    return [name for name in known if name not in ("x", "identity", "constant")]


def is_spoken(name: str) -> bool:
    """Whether a formula can call a function of this name.

    >>> is_spoken("asin"), is_spoken("gamma")
    (True, False)
    """
    return name in COMPOSED or name in forms()


def spoken(name: str) -> Spoken:
    """The function of this name. Raises `SymbolicError` for one that edges cannot hold.

    >>> spoken("asin").make(Num(0.0))
    Num(value=0.0, name=None)
    """
    if name in COMPOSED:
        return COMPOSED[name]
    if not is_spoken(name):
        near = did_you_mean(name, {*COMPOSED, *forms()})
        listed = sorted(known for known in {*COMPOSED, *forms()} if known.islower() and known not in ALIASES)
        hint = f"{near} " if near.startswith("did") else ""
        raise SymbolicError(f"no edge holds a function {clipped(name, 80)!r}; {hint}there are {few(listed, 99)}")
    return Spoken(1, 1, lambda z: applied(get(name).name, z))
