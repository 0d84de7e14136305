"""What a closed form is: one frozen object that knows its value, slope, domain, symmetries and symbol."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ..errors import require

Function = Callable[[Tensor], Tensor]
INF = math.inf
# how close to a pole arguments may come at least; higher powers keep further away
NEAREST, NEAREST_SINGLE = 1e-40, 1e-6
NEAREST_END_SINGLE = 1e-12  # how close to a singular end in float32: the slope of 1/sqrt is still finite there
STEEPEST = 0.8  # share of the exponents of a number format that a steep form may use: c and d need the rest
PLAIN_POWER = 8.0  # a power up to this one is finite wherever |z| <= 1e30, and is not bounded further
LARGEST_LOG = 700.0  # logarithm up to which a scale is moved from one constant to another: e**709 is infinite
LARGEST_EXPONENT = 30.0  # logarithm up to which c carries the shift of an exponential


@dataclass(frozen=True, eq=False)
class Primitive:
    """One closed form f(z), used on an edge as c * f(a x + b) + d.

    value, slope: f and f' in torch, right inside `domain` (low, high) and away from `poles`. build(sympy, z): the
    symbol. complexity: what it costs beside a simpler form.

    Symmetries, from which `canonical` takes one representative of all equal (a, b, c, d):
    exponent: f(k z) = k**exponent f(z), for any k if `either_sign`, else for k > 0.
    exponential: f(z + s) = e**s f(z).
    logarithm: f(k z) = f(z) + log k.
    mirror (sign, offset): f(-z) = sign f(z) + offset.
    period: f(z + period) = flip f(z).

    Shapes, by which starts are chosen:
    steep: f grows like e**|z|. branch: two neighbouring poles of a periodic f. waves: f oscillates without being
    periodic.
    """

    name: str
    value: Function
    slope: Function
    build: Callable[[ModuleType, Any], Any]
    complexity: int
    domain: tuple[float, float] = (-INF, INF)
    poles: tuple[float, ...] = ()
    exponent: float | None = None
    either_sign: bool = False
    exponential: bool = False
    logarithm: bool = False
    mirror: tuple[float, float] | None = None
    period: float | None = None
    flip: float = 1.0
    steep: bool = False
    branch: tuple[float, float] | None = None
    waves: bool = False

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple:
        from . import get  # by name, so that checkpoints, copies and other processes need no pickled functions

        return get, (self.name,)

    @property
    def scale_free(self) -> bool:
        """Whether `a` says nothing that c and d do not say."""
        return self.exponent is not None or self.logarithm

    @property
    def shift_free(self) -> bool:
        """Whether `b` says nothing that c and d do not say."""
        return self.exponential or self.exponent in (0, 1) and self.either_sign

    @property
    def jumps(self) -> bool:
        """Whether f is a step, so that its slope is zero wherever it exists."""
        return self.exponent == 0 and not self.either_sign

    # ------------------------------------------------------------------ evaluation

    def contains(self, z: Tensor) -> Tensor:
        """Where z lies in the closed domain and off the poles: bool, the shape of z."""
        inside = (z >= self.domain[0]) & (z <= self.domain[1])
        for pole in self.poles:
            inside = inside & (z != pole)
        return inside

    def _clip(self, z: Tensor) -> Tensor:
        """z moved to the nearest argument at which f and f' are finite."""
        double, gap = z.dtype == torch.float64, self.gap(z.dtype)
        for pole in self.poles:
            kept = torch.tensor([pole - gap, pole + gap], dtype=z.dtype if double else torch.float32, device=z.device)
            z = torch.where((z - pole).abs() < gap, torch.where(z < pole, *kept.unbind()), z)
        low, high = self.ends(z.dtype)
        return z if low == -INF and high == INF else z.clamp(low, high)

    def gap(self, dtype: torch.dtype) -> float:
        """How close arguments may come to a pole."""
        return max(NEAREST if dtype == torch.float64 else NEAREST_SINGLE, self._nearest(dtype))

    def ends(self, dtype: torch.dtype) -> tuple[float, float]:
        """The lowest and the highest argument at which f and f' are finite."""
        low, high = self.domain
        info = torch.finfo(dtype)
        if self.steep:
            reach = STEEPEST * math.log(info.max)
            low, high = max(low, -reach), min(high, reach)
        elif self._high_power:
            n = self.exponent or 1.0
            reach = math.exp(STEEPEST * math.log(info.max) / max(n, -2 * n))
            low, high = max(low, -reach), min(high, reach)
        margin = max(NEAREST if dtype == torch.float64 else NEAREST_END_SINGLE, self._nearest(dtype))
        if math.isfinite(self.domain[0]):
            low = low + (margin if low == 0 else 2 * info.eps * abs(low))
        if math.isfinite(self.domain[1]):
            high = high - (margin if high == 0 else 2 * info.eps * abs(high))
        return low, high

    @property
    def _high_power(self) -> bool:
        return self.exponent is not None and abs(self.exponent) > PLAIN_POWER

    @property
    def free(self) -> bool:
        """Whether f and f' are finite at all arguments of sensible size."""
        return not self.poles and not self.steep and not self._high_power and self.domain == (-INF, INF)

    def _nearest(self, dtype: torch.dtype) -> float:
        """How close to zero a negative power may come: its slope is finite there, and so is its square, which autograd
        makes of a reciprocal. Zero for other forms."""
        if self.exponent is None or self.exponent >= 0:
            return 0.0
        return math.exp(STEEPEST * math.log(torch.finfo(dtype).max) / min(2 * self.exponent, self.exponent - 1))

    def safe(self, z: Tensor) -> Tensor:
        """f(z) inside the domain; outside it the value at the domain's end: never NaN or infinite for finite z of
        sensible size."""
        if self.free:
            return self.value(z)
        inner = self.value(self._clip(z))
        for bound, outside in ((self.domain[0], z <= self.domain[0]), (self.domain[1], z >= self.domain[1])):
            if math.isfinite(bound):
                end = self.value(torch.full((), bound, dtype=z.dtype, device=z.device))
                inner = torch.where(outside & torch.isfinite(end), end, inner)
        return inner

    def derivative(self, z: Tensor, order: int = 1) -> Tensor:
        """The derivative of `safe` of any order: explicit for 1 and for powers, else by differentiating that one. Zero
        outside the domain."""
        if order == 0:
            return self.safe(z)
        if order > 1 and self.free and self.exponent is not None and self.exponent > 0 and self.exponent % 1 == 0:
            n = int(self.exponent)
            return math.perm(n, order) * z ** (n - order) if order <= n else torch.zeros_like(z)
        if order > 1:
            pulled: Any = torch.func.vjp(lambda t: self.derivative(t, order - 1), z)
            return pulled[1](torch.ones_like(pulled[0]))[0]
        if self.free:
            return self.slope(z)
        clipped = self._clip(z)
        return torch.where(clipped == z, self.slope(clipped), 0.0)

    def expr(self, z: Any) -> Any:
        """f(z) as a sympy expression of the sympy expression z.

        >>> from edgewise.primitives import get
        >>> import sympy
        >>> get("gaussian").expr(sympy.Symbol("E"))
        exp(-E**2)
        """
        return self.build(require("sympy"), z)

    # ------------------------------------------------------------------ one representative of equal constants

    def canonical(self, a: float, b: float, c: float, d: float) -> tuple[float, float, float, float]:
        """The representative of all (a, b, c, d) that give the same function c f(a x + b) + d.

        a > 0 where a mirror allows it. b lies within half a period, or antiperiod, of zero. |a| = 1 where c or d can
        hold its scale. b = 0 where c can hold its shift.

        >>> from edgewise.primitives import get
        >>> [round(v, 6) for v in get("exp").canonical(2.0, 1.0, 1.0, 0.0)]
        [2.0, 0.0, 2.718282, 0.0]
        >>> get("x^2").canonical(-2.0, 4.0, 0.5, 0.0)
        (1.0, -2.0, 2.0, 0.0)
        """
        if a == 0 or c == 0:
            return 0.0, 0.0, 0.0, d + (c * float(self.safe(torch.tensor(b, dtype=torch.float64))) if c else 0.0)
        if self.exponent == 0 and self.either_sign:  # the constant
            return 0.0, 0.0, 0.0, d + c * float(self.value(torch.tensor(1.0, dtype=torch.float64)))
        if self.mirror is not None and a < 0:
            sign, offset = self.mirror
            a, b, c, d = -a, -b, sign * c, d + c * offset
        if self.exponent is not None and abs(self.exponent * math.log(abs(a)) + math.log(abs(c))) < LARGEST_LOG:
            scale = a if self.either_sign else abs(a)
            a, b, c = a / scale, b / scale, c * scale**self.exponent
            if self.exponent == 1 and self.either_sign:  # the identity
                return 1.0, 0.0, c, d + c * b
        if self.logarithm:
            a, b, d = math.copysign(1.0, a), b / abs(a), d + c * math.log(abs(a))
        if self.exponential:
            size = math.log(abs(c)) + b
            a, b, c = (
                (a, 0.0, math.copysign(math.exp(size), c))
                if abs(size) < LARGEST_EXPONENT
                else (a, size, math.copysign(1.0, c))
            )
        if self.period is not None:
            turns = math.ceil(b / self.period - 0.5)
            b, c = b - turns * self.period, c * self.flip**turns
        return a, b + 0.0, c, d + 0.0
