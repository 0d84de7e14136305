"""Formulas of one column with a number that is not linear: waves with a phase, bells, steps, kinks, poles and powers.

Least squares for the constants find a scale, a place or a power only from near. So all are tried on a grid, at once.

Letters: n rows, B columns that every sum has, L terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..formulas.tree import Apply, Node, Num, Power, Var, number, power, product, total, values
from ..linear_algebra.pairs import solved
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .outputs import OUTPUTS, Output
from .question import Question, sorted_by
from .tuning import PROPOSALS

Z = Var(0)
LARGEST_EXPONENT = 700.0  # of which a float64 still holds the exponential
OUTER = ("y", "y^-1", "y^2", "log y")  # under which they are looked for


@dataclass(frozen=True)
class _Column:
    """Moved to [-1, 1] by its middle and half its width."""

    middle: float
    half: float

    @staticmethod
    def of(column: Tensor) -> _Column:
        low, high = float(column.min()), float(column.max())
        return _Column((low + high) / 2, (high - low) / 2)


def waves(asked: Question) -> list[Node]:
    """a exp(b z) sin(k z + c) + d, also with a multiple of z, or times a power of z as in `sin(z)/z`."""
    found = _each(asked, _waves_under)
    for p in PROPOSALS.wave_powers:
        before = power(Z, p)
        size = values(before, asked.X) if asked.X.shape[1] == 1 else asked.g.new_zeros(0)
        if len(size) and bool(torch.isfinite(size).all()) and float(size.abs().min()) > 0:
            inner = Question(asked.X, asked.g / size, asked.factor * size, asked.yardstick)
            found += [product(before, node) for node in _each(inner, _waves_under, ("y",))]
    return sorted_by(asked, found)


def located(asked: Question) -> list[Node]:
    """a shape(k z + c) + d, also with a multiple of z; of waves that have no phase, a J0(k z) + d."""
    return _each(asked, _located_under)


def offset_powers(asked: Question) -> list[Node]:
    """a z^p + d, also with a multiple of z: p is any number, and z is positive."""
    return _each(asked, _powers_under) if asked.X.shape[1] == 1 and float(asked.X.min()) > 0 else []


Target = tuple[Output, Tensor, Tensor, Tensor, bool]  # T, T(g), the weight of rows, base columns (n, B), with z


def _each(
    asked: Question, search: Callable[[Question, _Column, Target], Iterator[Node]], outer: Sequence[str] = OUTER
) -> list[Node]:
    if asked.X.shape[1] != 1:
        return []
    z = asked.X[:, 0]
    column = _Column.of(z)
    if not column.half > LINEAR_ALGEBRA.least_spread * max(abs(column.middle), 1e-300):
        return []
    found: list[Node] = []
    for output in OUTPUTS:
        if output.name not in outer or not output.allowed(asked.g):
            continue
        image, weight = output.value(asked.g), asked.factor / output.slope(asked.g)
        if not bool(torch.isfinite(weight).all() & torch.isfinite(image).all()):
            continue
        for line in (False, True):
            base = torch.stack([torch.ones_like(z), z] if line else [torch.ones_like(z)], 1)
            found += search(asked, column, (output, image, weight, base, line))
    return sorted_by(asked, found)


def _with_base(weights: tuple[float, ...], line: bool) -> list[Node]:
    return [Num(weights[0]), *([product(Num(weights[1]), Z)] if line else [])]


# ------------------------------------------------------------------ waves


def _waves_under(asked: Question, column: _Column, target: Target) -> Iterator[Node]:
    output, image, weight, base, line = target
    z = asked.X[:, 0]
    rates, k = (z.new_tensor(numbers) for numbers in zip(*_rates_and_frequencies(column), strict=True))
    envelope, angle = torch.exp(rates * (z - column.middle)[:, None]), k * z[:, None]
    sines, cosines = envelope * angle.sin(), envelope * angle.cos()
    explained = _explained_by_two(sines * weight[:, None], cosines * weight[:, None], base, image, weight)
    best = torch.topk(explained, min(PROPOSALS.followed, len(explained))).indices.tolist()
    for place in best:
        rate, frequency = float(rates[place]), float(k[place])
        design = torch.stack([sines[:, place], cosines[:, place]], 1) * weight[:, None]
        choice = solved((0, 1), design, base * weight[:, None], image * weight)
        a, b = choice.weights
        growing = Apply("exp", product(Num(rate), Z)) if rate else number(1.0)
        head = Num(math.hypot(a, b) * math.exp(-rate * column.middle))
        wave = Apply("sin", total(product(Num(frequency), Z), Num(math.atan2(b, a))))
        yield output.inverse(total(*_with_base(choice.base, line), product(head, growing, wave)))


def _explained_by_two(one: Tensor, other: Tensor, base: Tensor, image: Tensor, weight: Tensor) -> Tensor:
    """What each pair of columns (n, L) explains of the squares that the base leaves."""
    q = torch.linalg.qr(base * weight[:, None]).Q
    left = image * weight
    left, one, other = (part - q @ (q.T @ part) for part in (left, one, other))
    a, b, c = one.square().sum(0), (one * other).sum(0), other.square().sum(0)
    u, v = one.T @ left, other.T @ left
    apart = a * c - b * b
    whole = (c * u * u - 2 * b * u * v + a * v * v) / apart.clamp(min=1e-300)
    return torch.where(apart > LINEAR_ALGEBRA.same * a * c, whole, 0.0)


def _rates_and_frequencies(column: _Column) -> Iterator[tuple[float, float]]:
    """How waves grow, and their scales: of waves that do not grow, many more."""
    far = abs(column.middle) + column.half
    for growth in PROPOSALS.growths:
        rate = growth / column.half
        if abs(rate) * far < LARGEST_EXPONENT:
            count = PROPOSALS.frequencies[1] if rate else PROPOSALS.far_waves
            yield from ((rate, frequency) for frequency in _frequencies(column, count))


def _frequencies(column: _Column, count: int) -> list[float]:
    """Scales of waves: neighbours differ by what least squares overcome."""
    step = PROPOSALS.frequencies[0]
    return [step * n / (2 * column.half) for n in range(1, count + 1)]


# ------------------------------------------------------------------ shapes with a place


def _at(k: float, c: float) -> Node:
    return total(product(Num(k), Z), Num(-k * c))


def _minus(c: float) -> Node:
    return total(Z, Num(-c))


INSIDE: dict[str, Callable[[float, float], Node]] = {
    "gauss": lambda k, c: Apply("exp", product(Num(-k * k), power(_minus(c), 2.0))),
    "tanh": lambda k, c: Apply("tanh", _at(k, c)),
    "bell": lambda k, c: power(total(number(1.0), power(_at(k, c), 2.0)), -1.0),
    "erf": lambda k, c: Apply("erf", _at(k, c)),
    "arctan": lambda k, c: Apply("arctan", _at(k, c)),
    "bow": lambda k, c: Apply("sqrt", total(number(1.0), power(_at(k, c), 2.0))),
}
OUTSIDE: dict[str, Callable[[float], Node]] = {
    "1/z": lambda c: power(_minus(c), -1.0),
    "1/z2": lambda c: power(_minus(c), -2.0),
}
ABOVE: dict[str, Callable[[float], Node]] = {
    "log": lambda c: Apply("log", _minus(c)),
    "sqrt": lambda c: power(_minus(c), 0.5),
    "1/sqrt": lambda c: power(_minus(c), -0.5),
    "z^1.5": lambda c: power(_minus(c), 1.5),
}


def _grid(column: _Column) -> Iterator[Node]:
    """All shapes at all places and scales."""
    inside = [column.middle + column.half * place for place in PROPOSALS.places]
    beyond = [column.half * (1 + gap) for gap in PROPOSALS.gaps]
    for make in INSIDE.values():
        for k in PROPOSALS.steepness:
            yield from (make(k / column.half, c) for c in inside)
    yield from (Apply("abs", _minus(c)) for c in inside)
    for make in OUTSIDE.values():
        yield from (make(column.middle + side * gap) for gap in beyond for side in (-1.0, 1.0))
    for make in ABOVE.values():
        yield from (make(column.middle - gap) for gap in beyond)
    yield from (Apply("J0", product(Num(k), Z)) for k in _frequencies(column, PROPOSALS.frequencies[1]))


def _located_under(asked: Question, column: _Column, target: Target) -> Iterator[Node]:
    yield from _best(list(_grid(column)), asked, target, PROPOSALS.followed)


def _best(nodes: list[Node], asked: Question, target: Target, most: int) -> Iterator[Node]:
    """The shapes that explain most of what the base leaves, each with its weights."""
    output, image, weight, base, line = target
    design = torch.stack([values(node, asked.X) for node in nodes], 1) * weight[:, None]
    design = torch.where(torch.isfinite(design).all(0), design, 0.0)
    q = torch.linalg.qr(base * weight[:, None]).Q
    left = image * weight
    left, rest = (part - q @ (q.T @ part) for part in (left, design))
    norms = rest.norm(dim=0)
    alive = norms > LINEAR_ALGEBRA.same**0.5 * design.norm(dim=0)
    explained = torch.where(alive, (rest.T @ left).abs() / norms.clamp(min=1e-300), 0.0)
    for place in torch.topk(explained, min(most, len(nodes))).indices.tolist():
        choice = solved((place,), design, base * weight[:, None], image * weight)
        yield output.inverse(total(*_with_base(choice.base, line), product(Num(choice.weights[0]), nodes[place])))


# ------------------------------------------------------------------ powers


def _powers_under(asked: Question, column: _Column, target: Target) -> Iterator[Node]:
    """The best of them alone: from its neighbours least squares come to the same power."""
    low, high, count = PROPOSALS.exponents
    step = (high - low) / (count - 1)
    yield from _best([Power(Z, Num(low + step * n)) for n in range(count)], asked, target, 1)
