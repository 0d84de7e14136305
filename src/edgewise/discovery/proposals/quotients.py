"""Products over a sum of two terms, as x y / (y^2 + z^2): all of them are compared at once, so that noise hides none.

Letters: n rows, d columns, K products above the line, M sums below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from ..formulas.tree import Node, Num, Var, monomial, number, power, product, total, values
from ..formulas.yardstick import bits
from ..linear_algebra.polynomials import exponents
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .question import Question, sorted_by
from .tuning import PROPOSALS


@dataclass(frozen=True)
class _Below:
    """Sums of two terms, one + weight other, that have no zero near the rows: their places, weights and values."""

    pairs: tuple[tuple[int, int, float], ...]
    inverse: Tensor  # (n, M)


def quotients(asked: Question) -> list[Node]:
    """c P / (A + b B) + m, the best first: P of degree two at most, A and B columns, their squares or one.

    A linear problem for the coefficients, `g (A + b B) = c P`, has noise on both sides, which bends it. So `b` goes
    through a few values, and least squares for the constants do the rest.
    """
    n, d = asked.X.shape
    if d > PROPOSALS.quotient_columns or n < 2:
        return []
    above = [monomial(map(Var, range(d)), powers) for powers in exponents(d, 2)]
    terms = [number(1.0), *(power(Var(i), p) for p in (1.0, 2.0) for i in range(d))]
    P = torch.stack([values(node, asked.X) for node in above], 1)
    below = _below(torch.stack([values(node, asked.X) for node in terms], 1))
    if not below.pairs:
        return []
    slope, mean, off = _fits(P, below.inverse, asked)
    lengths = asked.X.new_tensor([bits(node) for node in above])[:, None]
    own = asked.X.new_tensor([bits(terms[i]) + bits(terms[j]) for i, j, _ in below.pairs])
    floor = math.hypot(asked.yardstick.floor, asked.yardstick.noise)
    price = lengths + own + asked.yardstick.rows * off.clamp(min=max(floor, 1e-300)).log2()
    found: list[Node] = []
    for places, (low, high) in _of_each_pair(below.pairs):
        best = int(price[:, low:high].argmin())
        k, m = best // (high - low), low + best % (high - low)
        quotient = product(
            Num(float(slope[k, m])),
            above[k],
            power(total(terms[places[0]], product(Num(below.pairs[m][2]), terms[places[1]])), -1.0),
        )
        found += [quotient, total(Num(float(mean[k, m])), quotient)]
    return sorted_by(asked, found)[: PROPOSALS.quotients]


def _below(terms: Tensor) -> _Below:
    """All sums of two of these terms (n, .), their weights in units of the terms' sizes, of both signs."""
    sizes = terms.square().mean(0).sqrt()
    pairs, inverse = [], []
    for i, j in combinations(range(terms.shape[1]), 2):
        if not float(sizes[j]) > 0:
            continue
        for scale in PROPOSALS.quotient_scales:
            for weight in (scale * float(sizes[i] / sizes[j]), -scale * float(sizes[i] / sizes[j])):
                both = terms[:, i] + weight * terms[:, j]
                if float(both.abs().min()) > PROPOSALS.quotient_zero * float(both.square().mean().sqrt()):
                    pairs.append((i, j, weight))
                    inverse.append(1 / both)
    return _Below(tuple(pairs), torch.stack(inverse, 1) if inverse else terms[:, :0])


def _fits(P: Tensor, inverse: Tensor, asked: Question) -> tuple[Tensor, Tensor, Tensor]:
    """The least squares c and m of g = c P / (A + b B) + m, and what they leave, in units of y: three times (K, M)."""
    w, g = asked.factor.square(), asked.g
    one, both = w.sum(), (w * g).sum()
    first = (w[:, None] * P).T @ inverse
    second = (w[:, None] * P.square()).T @ inverse.square()
    cross = ((w * g)[:, None] * P).T @ inverse
    apart = second - first.square() / one
    alive = apart > LINEAR_ALGEBRA.same * second
    slope = torch.where(alive, (cross - first * both / one) / apart.where(alive, torch.ones_like(apart)), 0.0)
    mean = (both - slope * first) / one
    spread = (w * (g - both / one).square()).sum()
    left = (spread - slope.square() * apart).clamp(min=0.0)
    return slope, mean, (left / len(g)).sqrt()


def _of_each_pair(pairs: tuple[tuple[int, int, float], ...]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The places of the weights of each pair of terms, which stand side by side."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for place, (i, j, _) in enumerate(pairs):
        found[i, j] = (found.get((i, j), (place, place))[0], place + 1)
    return list(found.items())
