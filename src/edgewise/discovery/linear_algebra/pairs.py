"""The best sums of few terms out of a library: all pairs at once, by one Gram matrix.

Letters: n rows, L terms, B columns that every sum has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..formulas.yardstick import Yardstick
from .tuning import LINEAR_ALGEBRA


@dataclass(frozen=True)
class Choice:
    """A sum: places of its terms, their weights and those of the base columns, and its error, a root mean square."""

    places: tuple[int, ...]
    weights: tuple[float, ...]
    base: tuple[float, ...]
    error: float


def best_sums(
    terms: Tensor, costs: Tensor, base: Tensor, target: Tensor, yardstick: Yardstick, *, singles: int, pairs: int
) -> list[Choice]:
    """The sums of one, two and more terms that describe the target best, each with the base columns.

    One and two terms are searched through completely. The best pairs get further terms, one by one, while these help.

    Args:
        terms (n, L), base (n, B), target (n,): finite columns.
        costs (L,): bits of each term.
        yardstick: what errors cost.
        singles, pairs: sums of one and of two terms that are given back, at most.
    """
    q = torch.linalg.qr(base).Q if base.shape[1] else base
    left = target - q @ (q.T @ target)
    goal = float(left.norm())
    if goal == 0.0 or not terms.shape[1]:
        return [solved((), terms, base, target)]
    units = terms / terms.norm(dim=0).clamp(min=1e-300)
    rest = units - q @ (q.T @ units)
    rest = rest - q @ (q.T @ rest)  # again: round-off
    norms = rest.norm(dim=0)
    alive = norms > LINEAR_ALGEBRA.same**0.5 * 1e-3
    rest = torch.where(alive, rest / norms.clamp(min=1e-300), 0.0)
    cosines = rest.T @ (left / goal)
    share = goal / len(target) ** 0.5
    alone = costs + _bits(yardstick, share, cosines.square())
    firsts = torch.topk(alone, min(singles, len(alone)), largest=False).indices.tolist()
    both = costs[:, None] + costs + _bits(yardstick, share, _explained(rest, cosines))
    chosen = _lowest(both, pairs)
    found = [solved(places, terms, base, target) for places in [(place,) for place in firsts] + chosen]
    return found + _longer(chosen[: LINEAR_ALGEBRA.extended], rest, left, terms, base, target)


def _bits(yardstick: Yardstick, share: float, explained: Tensor) -> Tensor:
    """What the errors cost where this part of `share` squared is explained."""
    off = share * (1 - explained).clamp(min=0.0).sqrt()
    return yardstick.rows * torch.hypot(off.clamp(min=yardstick.floor), off.new_tensor(yardstick.noise)).log2()


def _explained(rest: Tensor, cosines: Tensor) -> Tensor:
    """What each pair of unit columns (L, L) explains of a unit target with these cosines; 0 for a pair of one term."""
    gram = rest.T @ rest
    apart = 1 - gram.square()
    both = cosines.square()[:, None] + cosines.square() - 2 * gram * cosines[:, None] * cosines
    return torch.where(apart > LINEAR_ALGEBRA.same, both / apart.clamp(min=LINEAR_ALGEBRA.same), 0.0)


def _lowest(both: Tensor, most: int) -> list[tuple[int, int]]:
    """The places above the diagonal of the lowest entries."""
    count = both.shape[0]
    upper = torch.triu(torch.ones_like(both, dtype=torch.bool), diagonal=1)
    best = torch.topk(torch.where(upper, both, torch.inf).reshape(-1), min(most, count * count), largest=False)
    return [(place // count, place % count) for place in best.indices.tolist() if place // count < place % count]


def _longer(
    pairs: list[tuple[int, int]], rest: Tensor, left: Tensor, terms: Tensor, base: Tensor, target: Tensor
) -> list[Choice]:
    """The pairs with further terms, each the one that explains most of what is left, while the error falls."""
    found, seen = [], set()
    for pair in pairs:
        places: tuple[int, ...] = pair
        last = solved(places, terms, base, target)
        while len(places) < LINEAR_ALGEBRA.most_terms and last.error > 0:
            q = torch.linalg.qr(rest[:, list(places)]).Q
            others = rest - q @ (q.T @ rest)
            norms = others.norm(dim=0)
            remainder = left - q @ (q.T @ left)
            gains = torch.where(
                norms > LINEAR_ALGEBRA.same**0.5, (others.T @ remainder).abs() / norms.clamp(min=1e-300), 0.0
            )
            places = (*places, int(gains.argmax()))
            longer = solved(places, terms, base, target)
            if frozenset(places) in seen or longer.error > LINEAR_ALGEBRA.gain * last.error:
                break
            seen.add(frozenset(places))
            found.append(longer)
            last = longer
    return found


def solved(places: tuple[int, ...], terms: Tensor, base: Tensor, target: Tensor) -> Choice:
    """Least squares by QR, so that small errors are right."""
    design = torch.cat([terms[:, list(places)], base], 1)
    if not design.shape[1]:
        return Choice((), (), (), float(target.square().mean().sqrt()))
    unit = design.norm(dim=0).clamp(min=1e-300)
    q, r = torch.linalg.qr(design / unit)
    r.diagonal().add_(torch.where(r.diagonal().abs() < 1e-14, 1e-14, 0.0))
    weights = torch.linalg.solve_triangular(r, (q.T @ target)[:, None], upper=True)[:, 0] / unit
    error = float((target - design @ weights).square().mean().sqrt())
    return Choice(places, tuple(weights[: len(places)].tolist()), tuple(weights[len(places) :].tolist()), error)
