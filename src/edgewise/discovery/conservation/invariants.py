"""Sums of terms that do not change along a flow: the null space of their rates, in short vectors.

Letters: n rows, d columns, L terms, k quantities.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...symbolic.simple_numbers import SimpleNumber, nearest
from ..formulas.tree import Node, Num, product, total, values
from ..formulas.tuning import FORMULAS
from ..linear_algebra.polynomials import count, exponents
from ..tables.tuning import TABLES
from .invariant_terms import slopes, terms_of_degree
from .row_weights import row_weights
from .tuning import CONSERVATION


@dataclass(frozen=True)
class Flow:
    """Rows X (n, d) of states, and how fast they move, V (n, d)."""

    X: Tensor
    V: Tensor

    def part(self, rows: slice) -> Flow:
        """Some of the rows."""
        return Flow(self.X[rows], self.V[rows])

    def slowed(self) -> Flow:
        """The same paths, nowhere faster than the usual speed: what is conserved along them is the same, and the few
        rows near a pole, where states are fast, do not hide the others."""
        speed = self.V.norm(dim=1, keepdim=True)
        return Flow(self.X, self.V / torch.maximum(speed, speed.median()).clamp(min=1e-300))

    def rates(self, slope: Tensor) -> Tensor:
        """How fast terms with these slopes (n, L, d) change: (n, L)."""
        return (slope * self.V[:, None, :]).sum(2)

    def drift(self, node: Node) -> float:
        """How fast a quantity changes, in units of how fast it would if states moved along its gradient, on each row
        or on the usual one, where that is faster: the root mean square."""
        slope = slopes([node], self.X)
        most = slope.norm(dim=2)[:, 0] * self.V.norm(dim=1)
        rate = self.rates(slope)[:, 0]
        return float((rate / torch.maximum(most, most.median()).clamp(min=1e-300)).square().mean().sqrt())


@dataclass(frozen=True)
class Kept:
    """A conserved quantity: its formula, the degree at which it was found, its drift on rows that only judge."""

    node: Node
    degree: int
    drift: float


@dataclass(frozen=True)
class Search:
    """What a search kept, the degree up to which it went, and how many terms of the next one were too many for the
    rows or for the work, 0 where it came to its end."""

    kept: list[Kept]
    degree: int
    untried: int = 0


def invariants(factors: Sequence[Node], flow: Flow) -> Search:
    """Quantities that no sum of products of the others gives, the shortest first.

    The degree grows until there are as many independent ones as a flow can have, or more terms than rows can tell
    apart.
    """
    ends, flow = int((1 - TABLES.judging) * len(flow.X)), flow.slowed()
    fitting, judging = flow.part(slice(ends)), flow.part(slice(ends, None))
    found: list[Kept] = []
    for degree in range(1, CONSERVATION.degree + 1):
        nodes = terms_of_degree(factors, degree, fitting.X)
        if not nodes:
            return Search(found, degree - 1, untried=count(len(factors), degree))
        for node in _conserved_sums(nodes, fitting):
            drift = judging.drift(node)
            if drift <= CONSERVATION.drift and _is_new(node, found, degree, fitting.X):
                found.append(Kept(node, degree, drift))
        if independent([one.node for one in found], judging.X) == flow.X.shape[1] - 1:
            return Search(found, degree)
    return Search(found, CONSERVATION.degree)


def independent(nodes: Sequence[Node], X: Tensor) -> int:
    """How many of these quantities are independent functions: the rank of their gradients on most rows."""
    if not nodes:
        return 0
    slope = slopes(nodes, X)
    slope = slope / slope.norm(dim=2, keepdim=True).clamp(min=1e-300)
    sizes = torch.linalg.svdvals(slope)
    return int((sizes > CONSERVATION.same_direction).sum(1).median())


def _conserved_sums(nodes: Sequence[Node], flow: Flow) -> Iterator[Node]:
    """Sums of the terms whose rate vanishes on the rows, in vectors that no other one makes shorter."""
    slope = slopes(nodes, flow.X)
    weights = row_weights(slope.norm(dim=2))[:, None]
    most = slope.norm(dim=2) * flow.V.norm(dim=1, keepdim=True) * weights
    scale = most.square().sum(0).sqrt().clamp(min=1e-300)
    rates = flow.rates(slope) * weights / scale
    _, sizes, right = torch.linalg.svd(rates, full_matrices=False)
    for vector in shortened(list(reversed(_echelon(right[sizes <= CONSERVATION.null_rate])))):
        places = torch.nonzero(vector)[:, 0]
        _, sizes, right = torch.linalg.svd(rates[:, places], full_matrices=False)
        null = right[sizes <= max(CONSERVATION.null_rate, float(sizes[-1]))]
        own = null.T @ (null @ vector[places])  # without the round-off of elimination
        yield _written([nodes[place] for place in places.tolist()], (own / scale[places]).tolist())


def shortened(vectors: Sequence[Tensor]) -> list[Tensor]:
    """Vectors (L,) of the same space in which none gets fewer entries by a multiple of another one.

    So no sum holds another one in it. What is round-off of the largest entry is set to zero.

    >>> short, other = torch.tensor([1.0, 2.0, 0.0, 0.0]), torch.tensor([0.5, 1.0, 1.0, 1.0])
    >>> shortened([short, other])[1].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    vectors = [_cleaned(vector) for vector in vectors]
    again = True
    while again:
        again = False
        for place, vector in enumerate(vectors):
            others = [other for n, other in enumerate(vectors) if n != place]
            shorter = min((_less(vector, other) for other in others), key=_entries, default=vector)
            if _entries(shorter) < _entries(vector):
                vectors[place], again = shorter, True
    return vectors


def _less(vector: Tensor, other: Tensor) -> Tensor:
    """The vector less that multiple of another one that leaves the fewest entries."""
    shared = torch.nonzero((vector != 0) & (other != 0))[:, 0].tolist()
    tried = [_cleaned(vector - vector[at] / other[at] * other) for at in shared]
    return min(tried, key=_entries, default=vector)


def _entries(vector: Tensor) -> int:
    return int(torch.count_nonzero(vector))


def _cleaned(vector: Tensor) -> Tensor:
    """The vector with zeros for what is absent."""
    return torch.where(vector.abs() > CONSERVATION.absent * vector.abs().max(), vector, 0.0)


def _echelon(basis: Tensor) -> list[Tensor]:
    """The basis (k, L) of the same space in which each vector holds a last term that no other one has."""
    rows, waiting, done = basis.clone(), list(range(len(basis))), []
    for place in reversed(range(basis.shape[1])):
        if not waiting:
            break
        best = max(waiting, key=lambda row: float(rows[row, place].abs()))
        if float(rows[best, place].abs()) <= CONSERVATION.absent:
            continue
        waiting.remove(best)
        done.append(best)
        rows[best] = rows[best] / rows[best, place]
        for row in range(len(rows)):
            if row != best:
                rows[row] = rows[row] - rows[row, place] * rows[best]
    return [rows[row] for row in done]


def _written(nodes: Sequence[Node], weights: Sequence[float]) -> Node:
    """The sum with one weight set to 1: that one which makes the others simplest to write."""
    versions = []
    for unit in weights:
        scaled = [weight / unit for weight in weights]
        simple = [nearest(weight, CONSERVATION.weight * abs(weight)) for weight in scaled]
        versions.append((sum(map(_cost, simple)), scaled, simple))
    _, scaled, simple = min(versions, key=lambda version: version[0])
    numbers = [Num(w) if one is None else Num(one.value, one) for w, one in zip(scaled, simple, strict=True)]
    return total(*(product(one, node) for one, node in zip(numbers, nodes, strict=True)))


def _cost(simple: SimpleNumber | None) -> float:
    """What a weight costs to write; a sign costs a little, so that sums begin with a plus."""
    if simple is None:
        return FORMULAS.constant_bits
    return simple.cost + (CONSERVATION.minus_bits if simple.value < 0 else 0.0)


def _is_new(node: Node, found: Sequence[Kept], degree: int, X: Tensor) -> bool:
    """Whether a quantity is no sum of products of the others, as E^2 or E L are of E and L."""
    if not found:
        return True
    columns = torch.stack([values(one.node, X) for one in found], 1)
    columns = columns / columns.abs().amax(0).clamp(min=1e-300)
    most = degree // min(one.degree for one in found)
    chosen = [
        powers
        for powers in exponents(len(found), max(1, most))
        if sum(p * one.degree for p, one in zip(powers, found, strict=True)) <= degree
    ]
    design = torch.stack([torch.stack([c**p for c, p in zip(columns.T, q, strict=True)]).prod(0) for q in chosen], 1)
    target = values(node, X)[:, None]
    weights = row_weights(torch.cat([design, target], 1).abs())[:, None]
    left, whole = (_left(target * weights, part * weights) for part in (design, torch.ones_like(target)))
    return left > CONSERVATION.same_quantity * max(whole, math.ulp(1.0))


def _left(target: Tensor, design: Tensor) -> float:
    """What columns (n, L) leave of a target (n, 1)."""
    q = torch.linalg.qr(design).Q
    return float((target - q @ (q.T @ target)).norm())
