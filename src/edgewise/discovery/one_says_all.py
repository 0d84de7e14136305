"""A column that says all: the target follows from one product, quotient or sum of the columns, however it changes.

Rows are put in the order of such a column. What a row is off the line between its two neighbours is then noise and a
little curvature. No surrogate is needed, so that waves of many periods are seen, too.

Letters: n rows, d columns, K candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from itertools import product as every

import torch
from torch import Tensor

from .split_rows import LawTask
from .states import ReducedProblem, Reduction
from .surrogated import SurrogatedProblem
from .tree import Node, Var, number, on_columns, power, product, total, values
from .tuning import TUNED
from .yardstick import bits


def one_says_all(known: SurrogatedProblem, task: LawTask) -> ReducedProblem | None:
    """The state of one column that leaves least between neighbours; None where none leaves little, or no more than the
    surrogate does. Of columns that leave about as little, the shortest counts."""
    state = known.state
    Z, g, factor = state.inner(task.fitting.first(TUNED.order_rows))
    d = Z.shape[1]
    if d < 2 or len(g) < TUNED.fewest:
        return None
    nodes = [node for _, node in zip(range(TUNED.order_columns), candidates(d), strict=False)]
    columns = torch.stack([values(node, Z) for node in nodes], 1)
    usable = torch.isfinite(columns).all(0) & (columns.amax(0) > columns.amin(0))
    left = off_the_line(columns, g, factor).where(usable, torch.full((len(nodes),), math.inf, dtype=g.dtype))
    spread = float((factor * (g - g.mean())).square().mean().sqrt())
    least = float(left.min())
    if not least <= max(min(TUNED.lost * known.left, TUNED.order_left * spread), TUNED.order_clear * spread):
        return None
    near = [n for n, off in enumerate(left.tolist()) if off <= TUNED.order_near * least + task.floor]
    best = min(near, key=lambda n: (bits(nodes[n]), float(left[n])))
    trail = (*state.trail, Reduction("columns that say all", 1, float(left[best]) / spread))
    return ReducedProblem(state.prefactor, (on_columns(nodes[best], state.columns),), trail)


def off_the_line(columns: Tensor, g: Tensor, factor: Tensor) -> Tensor:
    """What rows are off the line between their neighbours in the order of each column (n, K), root mean square in
    units of y: (K,).

    It estimates the noise of g (n,), and is the spread of y where a column says nothing. Source: Gasser, Sroka &
    Jennen-Steinmetz 1986, doi:10.1093/biomet/73.3.625.
    """
    z, order = columns.sort(0)
    g, factor = g[order], factor[order]
    width = z[2:] - z[:-2]
    before = torch.where(width > 0, (z[2:] - z[1:-1]) / width.clamp(min=1e-300), 0.5)
    after = 1 - before
    off = before * g[:-2] + after * g[2:] - g[1:-1]
    scale = 1 / (1 + before.square() + after.square())
    return (scale * (factor[1:-1] * off).square()).mean(0).sqrt()


def candidates(d: int) -> Iterator[Node]:
    """Columns that may say all, the plainest first: single ones, sums and products of powers of two, then of three."""
    yield from (Var(i) for i in range(d))
    for i, j in combinations(range(d), 2):
        yield from _sums((Var(i), Var(j)), TUNED.order_weights)
        yield from (_monomial((i, j), powers) for powers in _directions(2, TUNED.order_powers))
        squares = (power(Var(i), 2.0), power(Var(j), 2.0))
        yield from _sums(squares, (1,))
    for places in combinations(range(d), 3):
        yield from _sums([Var(i) for i in places], (1,))
        yield from _sums([power(Var(i), 2.0) for i in places], (1,))
        yield from (_monomial(places, powers) for powers in _directions(3, (1, 2)))


def _sums(terms: Sequence[Node], weights: Sequence[int]) -> Iterator[Node]:
    for signed in _directions(len(terms), weights):
        yield total(*(_times(weight, term) for weight, term in zip(signed, terms, strict=True)))


def _times(weight: int, term: Node) -> Node:
    return term if weight == 1 else product(number(float(weight)), term)


def _monomial(places: Sequence[int], powers: Sequence[int]) -> Node:
    return product(*(power(Var(i), float(p)) for i, p in zip(places, powers, strict=True)))


def _directions(count: int, sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Whole numbers of these sizes, of both signs but for the first; of those in proportion, the smallest.

    >>> list(_directions(2, (1, 2)))
    [(1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1)]
    """
    signed = [sign * size for size in sizes for sign in (1, -1)]
    for entries in every(sizes, *[signed] * (count - 1)):
        if math.gcd(*entries) == 1:
            yield entries
