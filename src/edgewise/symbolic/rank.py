"""Which closed form does a one-dimensional function have? All forms fitted to all edges at once, ranked by error and
complexity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ..errors import DataError, clipped
from ..primitives import Primitive, get, resolve
from .initial_guesses import Dictionary
from .projection import Fits, descend
from .tuning import TUNED


@dataclass(frozen=True)
class FittedForm:
    """One closed form of an edge, y ~ c f(a x + b) + d, in the units of x and y, with canonical constants.

    error: root of the mean squared error, in units of y. relative: the same as a share of the deviation of y. inside:
    whether every sample lies in the form's domain. score: complexity plus the cost of the error; lower is better.
    """

    primitive: str
    a: float
    b: float
    c: float
    d: float
    error: float
    relative: float
    complexity: int
    score: float
    inside: bool = True

    @property
    def r2(self) -> float:
        """Share of the variance that the form explains."""
        return 1.0 - self.relative**2

    @property
    def constants(self) -> tuple[float, float, float, float]:
        """(a, b, c, d)."""
        return self.a, self.b, self.c, self.d

    def __call__(self, x: Any) -> Tensor:
        """The form at x, domain-safe."""
        x = torch.as_tensor(x, dtype=torch.float64)
        return self.c * get(self.primitive).safe(self.a * x + self.b) + self.d

    def __str__(self) -> str:
        return f"{self.c:.6g}*{self.primitive}({self.a:.6g}*x + {self.b:.6g}) + {self.d:.6g}"


def rank(
    x: Any,
    y: Any,
    primitives: Iterable[str | Primitive] | None = None,
    *,
    weights: Any = None,
    tolerance: float | None = None,
) -> list[FittedForm]:
    """Closed forms of the function with samples x, y (n,), best first. Shift and scale do not matter.

    Args:
        x (n,), y (n,): the samples.
        primitives: names or objects to choose from. Default: all that `edgewise.primitives.ranked` lists.
        weights (n,): what each sample counts.
        tolerance (share of the deviation of y): the error to which the samples are known. Below it, only complexity
            counts. None: their errors are independent noise of unknown size, or there are none.

    Raises:
        DataError: unusable samples.
        SymbolicError: unknown names.

    >>> x = torch.linspace(0, 3, 200, dtype=torch.float64)
    >>> best = rank(x, 1e-4 * torch.sin(2 * x) + 7)[0]
    >>> best.primitive, round(best.a, 9), round(best.c, 12)
    ('sin', 2.0, 0.0001)
    """
    x, y = _samples(x, "x"), _samples(y, "y")
    if x.ndim != 1 or x.shape != y.shape or len(x) < 3:
        raise DataError(
            f"x and y must be samples of one function, both (n,) with n >= 3; got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    if weights is not None:
        weights = _samples(weights, "weights")[None]
    return rank_many(x[None], y[None], primitives, weights=weights, tolerance=tolerance)[0]


def rank_many(
    x: Tensor,
    y: Tensor,
    primitives: Iterable[str | Primitive] | None = None,
    *,
    weights: Tensor | None = None,
    tolerance: float | Sequence[float] | None = None,
) -> list[list[FittedForm]]:
    """As `rank`, for many edges at once: x, y and weights (e, n), one list of candidates per edge."""
    forms = resolve(primitives)
    x, y = _samples(x, "x"), _samples(y, "y")
    if x.ndim != 2 or x.shape != y.shape or (weights is not None and weights.shape != x.shape):
        raise DataError(f"x, y and weights must all be (edges, samples), got {tuple(x.shape)} and {tuple(y.shape)}")
    edges, count = x.shape
    w = torch.full_like(x, 1.0 / count)
    if weights is not None:
        if bool((weights < 0).any()) or not bool((weights.sum(1) > 0).all()):
            raise DataError("weights must be at least 0, and not all 0")
        w = weights / weights.sum(1, keepdim=True)
    scaled = _Scaled.of(x, y, w)
    with torch.no_grad():
        fits = _fit(forms, scaled)
    every = tolerance if isinstance(tolerance, Sequence) else [tolerance] * edges
    return [order([*_constant(forms, scaled, e), *fits[e]], tolerance=every[e], samples=count) for e in range(edges)]


def order(
    candidates: Iterable[FittedForm],
    *,
    tolerance: float | None = None,
    samples: int = 200,
    evidence: float | None = None,
) -> list[FittedForm]:
    """The candidates with their scores, best first: complexity + evidence * log(error beside the best error), errors
    blurred by the tolerance."""
    found = list(candidates)
    blur = TUNED.exact_fit if tolerance is None else max(tolerance, TUNED.exact_fit)
    if evidence is None:
        unknown = min(samples * TUNED.evidence_per_sample, TUNED.evidence_most)
        evidence = unknown if tolerance is None else TUNED.evidence_known
    best = min((c.relative for c in found if c.inside), default=0.0)
    floor = math.hypot(best, blur)
    scored = [replace(c, score=cost(c) + evidence * math.log(math.hypot(c.relative, blur) / floor)) for c in found]
    return sorted(scored, key=lambda c: (c.score, c.relative))


def cost(candidate: FittedForm) -> float:
    """What a candidate costs: its form, and more for samples outside the domain."""
    return cost_of(get(candidate.primitive)) + (0 if candidate.inside else TUNED.outside_cost)


def cost_of(p: Primitive) -> float:
    """What a form costs: its complexity, and something for each free constant of its argument."""
    return p.complexity + TUNED.argument_cost * ((not p.scale_free) + (not p.shift_free))


# ------------------------------------------------------------------ standardised samples


def _samples(values: Any, name: str) -> Tensor:
    try:
        values = torch.as_tensor(values).detach().to(device="cpu", dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name} cannot be read as numbers: {clipped(error)}") from error
    if not bool(torch.isfinite(values).all()):
        raise DataError(f"{name} holds NaN or infinite values; leave these samples out")
    return values


@dataclass(frozen=True)
class _Scaled:
    """Samples moved to u in [-1, 1] and y to mean 0 and deviation 1, sorted by u.

    u, y, weights (e, n); the four scales (e, 1).
    """

    u: Tensor
    y: Tensor
    weights: Tensor
    middle: Tensor
    half: Tensor
    mean: Tensor
    deviation: Tensor
    constant: Tensor

    @staticmethod
    def of(x: Tensor, y: Tensor, w: Tensor) -> _Scaled:
        x, place = x.sort(dim=1)
        y, w = y.gather(1, place), w.gather(1, place)
        low, high = x[:, :1], x[:, -1:]
        middle, half = (low + high) / 2, (high - low) / 2
        half = torch.where(half > 0, half, 1.0)
        mean = (w * y).sum(1, keepdim=True)
        centred = y - mean
        deviation = (w * centred.square()).sum(1, keepdim=True).sqrt()
        rounding = TUNED.constant_digits * torch.finfo(y.dtype).eps * y.abs().amax(1, keepdim=True)
        constant = (deviation <= rounding) | (low == high)
        return _Scaled(
            (x - middle) / half,
            centred / torch.where(constant, 1.0, deviation),
            w,
            middle,
            half,
            mean,
            deviation,
            constant,
        )

    def thinned(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """u, y, weights at `count` samples spread over the sorted ones, both ends among them, standardised again."""
        n = self.u.shape[1]
        if n <= count:
            return self.u, self.y, self.weights
        place = torch.linspace(0, n - 1, count, dtype=torch.float64).round().long()
        u, y, w = self.u[:, place], self.y[:, place], self.weights[:, place]
        w = w + TUNED.thin_weight * w.amax(1, keepdim=True)
        w = w / w.sum(1, keepdim=True)
        y = y - (w * y).sum(1, keepdim=True)
        size = (w * y.square()).sum(1, keepdim=True).sqrt()
        return u, y / torch.where(size > 0, size, 1.0), w


@lru_cache(maxsize=8)
def _dictionary(forms: tuple[Primitive, ...]) -> Dictionary:
    return Dictionary.build(forms)


# ------------------------------------------------------------------ fitting


def _fit(forms: tuple[Primitive, ...], scaled: _Scaled) -> list[list[FittedForm]]:
    """Every form on every edge: starts from the dictionary, refined on few samples, the good ones refined again on
    many."""
    edges = scaled.u.shape[0]
    edge, form, ab = _dictionary(forms).best(*scaled.thinned(TUNED.polish_points), TUNED.starts)
    if not len(form):
        return [[] for _ in range(edges)]
    for number, p in enumerate(forms):
        if p.jumps:  # no slope to follow: the best place for the jump is found at once
            ab[form == number] = torch.stack([torch.ones(edges, dtype=torch.float64), -_jump(scaled)], 1)[
                edge[form == number]
            ]
    if any(p.poles for p in forms):
        edge, form, ab = _with_poles(forms, scaled, edge, form, ab)
    u, y, w = scaled.thinned(TUNED.screen_points)
    found = descend(forms, form, ab, u[edge], y[edge], w[edge], TUNED.screen_steps)
    keep = _best_of_each(found.loss, edge, form, len(forms))
    edge, form, ab, loss = edge[keep], form[keep], found.ab[keep], found.loss[keep]
    best = torch.full((edges,), torch.inf, dtype=torch.float64).scatter_reduce_(0, edge, loss, "amin")
    near = loss <= TUNED.polish_within * best[edge] + TUNED.polish_exact
    rough, fine = (~near).nonzero()[:, 0], near.nonzero()[:, 0]
    u, y, w = scaled.thinned(TUNED.polish_points)
    results: list[list[FittedForm]] = [[] for _ in range(edges)]
    for chosen, steps in ((fine, TUNED.polish_steps), (rough, 0)):
        if len(chosen):
            on = edge[chosen]
            fits = descend(forms, form[chosen], ab[chosen], u[on], y[on], w[on], steps)
            for e, found_form in _collected(forms, scaled, on, form[chosen], fits):
                results[e].append(found_form)
    return results


def _jump(scaled: _Scaled) -> Tensor:
    """Where to split the sorted samples so that two constants fit them best: u (e,), the middle of a gap."""
    w, wy = scaled.weights.cumsum(1)[:, :-1], (scaled.weights * scaled.y).cumsum(1)[:, :-1]
    gain = wy.square() / (w * (1 - w)).clamp(min=TUNED.smallest)
    gain = torch.where((scaled.u[:, 1:] > scaled.u[:, :-1]) & (w > 0) & (w < 1), gain, -1.0)
    k = gain.argmax(1, keepdim=True)
    return (scaled.u.gather(1, k) + scaled.u.gather(1, k + 1))[:, 0] / 2


def _with_poles(
    forms: tuple[Primitive, ...], scaled: _Scaled, edge: Tensor, form: Tensor, ab: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The starts, with a pole on either side of the farthest sample too: no descent crosses a sample to get there."""
    edges = scaled.u.shape[0]
    k = scaled.y.abs().argmax(1, keepdim=True).clamp(1, scaled.u.shape[1] - 2)
    left, middle, right = (scaled.u.gather(1, k + step)[:, 0] for step in (-1, 0, 1))
    poles = torch.cat([left + middle, middle + right]) / 2
    rows = torch.stack([torch.ones_like(poles), -poles], 1)
    numbers = [number for number, p in enumerate(forms) if p.poles]
    edge = torch.cat([edge, *[torch.arange(edges).repeat(2)] * len(numbers)])
    form = torch.cat([form, *[torch.full((2 * edges,), number) for number in numbers]])
    ab = torch.cat([ab, *[rows] * len(numbers)])
    place = form.argsort(stable=True)
    return edge[place], form[place], ab[place]


def _best_of_each(loss: Tensor, edge: Tensor, form: Tensor, forms: int) -> Tensor:
    """Positions of the lowest loss of every (edge, form) that has a finite one, sorted by form."""
    key = form * (int(edge.max()) + 1) + edge
    by_loss = loss.argsort(stable=True)
    by_key = by_loss[key[by_loss].argsort(stable=True)]
    first = torch.ones_like(by_key, dtype=torch.bool)
    first[1:] = key[by_key][1:] != key[by_key][:-1]
    chosen = by_key[first]
    return chosen[torch.isfinite(loss[chosen])]


def _collected(
    forms: tuple[Primitive, ...],
    scaled: _Scaled,
    edge: Tensor,
    form: Tensor,
    fits: Fits,
) -> Iterator[tuple[int, FittedForm]]:
    """(edge, fitted form) of every fit, in the units of x and y."""
    ends = torch.addcmul(fits.ab[:, 1:], fits.ab[:, :1], scaled.u[edge][:, [0, -1]])  # arguments at both ends
    for n, (e, number) in enumerate(zip(edge.tolist(), form.tolist(), strict=True)):
        if scaled.constant[e]:
            continue
        p, (a, b), (c, d) = forms[number], fits.ab[n].tolist(), fits.cd[n].tolist()
        loss, deviation, half = float(fits.loss[n]), float(scaled.deviation[e]), float(scaled.half[e])
        if not math.isfinite(loss + c + d):
            continue
        inside = bool(p.contains(ends[n]).all())
        raw = a / half, b - a * float(scaled.middle[e]) / half, c * deviation, d * deviation + float(scaled.mean[e])
        a, b, c, d = p.canonical(*raw)
        if not math.isfinite(a + b + c + d):  # units in which the form cannot be written
            continue
        relative = math.sqrt(max(loss, 0.0))
        yield e, FittedForm(p.name, a, b, c, d, relative * deviation, relative, p.complexity, 0.0, inside)


def _constant(forms: tuple[Primitive, ...], scaled: _Scaled, e: int) -> list[FittedForm]:
    """The constant: exact where y does not vary beyond rounding, otherwise the form that explains nothing."""
    if not bool(scaled.constant[e]) and get("0") not in forms:
        return []
    relative = 0.0 if bool(scaled.constant[e]) else 1.0
    return [FittedForm("0", 0.0, 0.0, 0.0, float(scaled.mean[e]), float(scaled.deviation[e]), relative, 0, 0.0)]
