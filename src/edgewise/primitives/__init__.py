"""Closed forms by name: look one up, list them, add your own.

>>> get("sin").complexity
2
>>> evaluate("x^3", torch.tensor([2.0]), derivative=2)
tensor([12.])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ..errors import MOST, SymbolicError, as_list, clipped, did_you_mean, few, problems, shown
from .core import INF, Function, Primitive
from .library import ALIASES, BUILT_IN, RANKED, power

__all__ = ["Primitive", "add_primitive", "evaluate", "get", "names", "ranked", "remove_primitive", "resolve"]

_added: dict[str, Primitive] = {}
_POWER = re.compile(r"(1/)?x\^\(?(-?\d+(?:\.\d+)?|-?\d+/\d+)\)?")


def get(name: str | Primitive) -> Primitive:
    """The closed form of this name; powers such as "x^6", "x^2.5" or "x^(1/3)" exist without being listed.

    Raises `SymbolicError` for an unknown name.

    >>> get("x^2.5").domain
    (0.0, inf)
    """
    if isinstance(name, Primitive):
        return name
    if not isinstance(name, str):
        raise SymbolicError(f"a closed form has a name such as 'sin' or is a Primitive, got {shown(name)}")
    found = _added.get(name) or BUILT_IN.get(name)
    if found is None and name in ALIASES:
        found = BUILT_IN[ALIASES[name]]
    if found is None and (match := _POWER.fullmatch(name)):
        found = _power(name, match[1] is not None, match[2])
    if found is None:
        raise SymbolicError(
            f"no closed form is called {shown(name)} (add_primitive(...) adds yours); {did_you_mean(name, names())}"
        )
    return found


@lru_cache(maxsize=256)
def _power(name: str, inverse: bool, text: str) -> Primitive:
    try:
        exponent = float(Fraction(text)) * (-1 if inverse else 1)
    except (ZeroDivisionError, OverflowError, ValueError) as error:  # ValueError: more digits than Python reads
        raise SymbolicError(
            f"the closed form {shown(name)} has an exponent that is no number: {clipped(error)}"
        ) from error
    for known in BUILT_IN.values():
        if (
            known.exponent == exponent
            and known.either_sign == exponent.is_integer()
            and known.name not in ("abs", "relu", "sign")
        ):
            return known
    return power(name, exponent, 4 if exponent.is_integer() else 5)


def names() -> tuple[str, ...]:
    """All names that are listed, the added ones last."""
    return (*BUILT_IN, *_added)


def ranked() -> tuple[Primitive, ...]:
    """The forms that are tried when none are named: one of each family of equal functions, and every added one."""
    return (*(BUILT_IN[name] for name in RANKED), *_added.values())


def resolve(primitives: Iterable[str | Primitive] | None) -> tuple[Primitive, ...]:
    """The closed forms named, or those that are tried by default. Raises one `SymbolicError` for all unknown names."""
    if primitives is None:
        return ranked()
    if isinstance(primitives, str):
        primitives = (primitives,)
    if (listed := as_list(primitives)) is None:
        raise SymbolicError(f"primitives must be names of closed forms, got {shown(primitives)}")
    found, wrong = [], []
    for name in listed:
        try:
            found.append(get(name))
        except SymbolicError as error:
            wrong.append(str(error))
            if len(wrong) == MOST:
                break
    problems(wrong, SymbolicError)
    return tuple(dict.fromkeys(found))


def evaluate(name: str | Primitive, z: Tensor, derivative: int = 0) -> Tensor:
    """The domain-safe value of a closed form, or its derivative of any order, at z."""
    return get(name).derivative(z, derivative)


def add_primitive(
    name: str,
    value: Function,
    *,
    derivative: Function | None = None,
    sympy: Callable[[ModuleType, Any], Any] | None = None,
    complexity: int = 5,
    domain: tuple[float, float] = (-INF, INF),
    poles: tuple[float, ...] = (),
    mirror: tuple[float, float] | None = None,
    period: float | None = None,
    steep: bool = False,
) -> Primitive:
    """Add a closed form of your own; models and checkpoints refer to it by name, so add it again before loading them
    elsewhere.

    value: elementwise torch function, right inside `domain`; derivative: its slope (default: by autograd);
    sympy(module, z): its symbol (default: an undefined function of that name). For the other settings see `Primitive`.
    Raises `SymbolicError` for a name in use or a function that does not fit.

    >>> p = add_primitive("xlogx", lambda z: z * torch.log(z), sympy=lambda s, z: z * s.log(z), domain=(0.0, INF))
    >>> p.derivative(torch.tensor([1.0])).item()
    1.0
    >>> remove_primitive("xlogx")
    """
    if not isinstance(name, str) or not name:
        raise SymbolicError(f"a closed form needs a name, got {shown(name)}")
    if name in names() or name in ALIASES or _POWER.fullmatch(name):
        raise SymbolicError(
            f"the name {shown(name)} is in use; take another, or remove_primitive({shown(name)}) first if you added it"
        )
    try:
        start, end = (float(bound) for bound in domain)
    except Exception:  # of the values' own methods
        start = end = 0.0
    if not start < end:
        raise SymbolicError(f"the domain of {shown(name)} must be (low, high) with low < high, got {shown(domain)}")
    if not callable(value):
        raise SymbolicError(f"the value of {shown(name)} must be a function of a tensor, got {shown(value)}")
    symbol = sympy or (lambda s, z: s.Function(name)(z))
    slope = derivative or _slope_by_autograd(value)
    new = Primitive(
        name,
        value,
        slope,
        symbol,
        complexity,
        domain=(start, end),
        poles=poles,
        mirror=mirror,
        period=period,
        steep=steep,
    )
    low, high = max(start, -1.0), min(end, 1.0)
    low, high = (low, high) if low < high else (start, start + 1) if start > -INF else (end - 1, end)
    probe = torch.linspace(low, high, 9, dtype=torch.float64)[1:-1].reshape(1, -1)
    shapes = _called(name, value, probe).shape, _called(name, slope, probe).shape
    if shapes != (probe.shape, probe.shape):
        raise SymbolicError(
            f"{shown(name)} must keep the shape of its argument (1, 7), got {tuple(shapes[0])} and slope"
            f" {tuple(shapes[1])}"
        )
    _added[name] = new
    return new


def _called(name: str, function: Function, z: Tensor) -> Tensor:
    """The user's own function at z. It may raise anything; that stays the cause of the `SymbolicError`."""
    try:
        found = torch.as_tensor(function(z))
        _ = found.shape  # which nested tensors do not have
        return found
    except Exception as error:
        raise SymbolicError(
            f"{shown(name)} cannot be evaluated on a tensor of shape {tuple(z.shape)}: {clipped(error)}"
        ) from error


def remove_primitive(name: str) -> None:
    """Forget a closed form that was added. Raises `SymbolicError` when there is none of that name."""
    if not isinstance(name, str) or name not in _added:
        raise SymbolicError(f"no added closed form is called {shown(name)}; added: {few(list(_added)) or 'none'}")
    del _added[name]


def _slope_by_autograd(value: Function) -> Function:
    def slope(z: Tensor) -> Tensor:
        pulled: Any = torch.func.vjp(value, z)
        return pulled[1](torch.ones_like(pulled[0]))[0]

    return slope
