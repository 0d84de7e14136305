"""A column that says all: the target follows from one product, quotient or sum of the columns, however it changes.

Rows are put in the order of such a column. What a row is off the line between its two neighbours is then noise and a
little curvature. No surrogate is needed, so that waves of many periods are seen, too. A product of powers may stand
before the function of that column.

Letters: n rows, d columns, K candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from itertools import product as every

import torch
from torch import Tensor

from ..formulas.tree import ONE, Node, Power, Product, Var, monomial, number, on_columns, power, product, total, values
from ..formulas.yardstick import bits
from ..tables.law_task import LawTask
from ..tables.tuning import TABLES
from .row_order import off_the_line, powers_between
from .states import ReducedProblem, Reduction
from .tuning import REDUCTIONS


@dataclass(frozen=True)
class _Told:
    """g = outer h(column), and what rows in that order are off the line, in units of y."""

    outer: Node
    column: Node
    off: float


def one_says_all(state: ReducedProblem, task: LawTask, most: float) -> ReducedProblem | None:
    """The state of one column that leaves least between neighbours: no more than `most`, in units of y, nor than half
    of its spread. A product of powers may stand before it, unless one without leaves next to nothing. None where none
    will do."""
    Z, g, factor = state.inner(task.fitting.first(REDUCTIONS.order_rows))
    d = Z.shape[1]
    spread = float((factor * (g - g.mean())).square().mean().sqrt())
    if d < 2 or len(g) < TABLES.fewest or not 0 < spread < math.inf:
        return None
    nodes = list(islice(candidates(d), REDUCTIONS.order_columns))
    columns = torch.stack([values(node, Z) for node in nodes], 1)
    usable = torch.isfinite(columns).all(0) & (columns.amax(0) > columns.amin(0))
    nodes, columns = [node for node, good in zip(nodes, usable.tolist(), strict=True) if good], columns[:, usable]
    most = min(REDUCTIONS.order_near * most, REDUCTIONS.order_left * spread)
    plain = [_Told(ONE, node, off) for node, off in zip(nodes, off_the_line(columns, g, factor).tolist(), strict=True)]
    best = _shortest(plain)
    if best is None or best.off > REDUCTIONS.order_clear * spread:
        best = _shortest([*plain, *_with_powers(nodes, columns, Z, g, factor)])
    if best is None or best.off > min(most, REDUCTIONS.order_left * _spread_between_ends(best, Z, g, factor)):
        return None
    outer, column = (on_columns(node, state.columns) for node in (best.outer, best.column))
    trail = (*state.trail, Reduction("columns that say all", 1, best.off / spread))
    return ReducedProblem(product(state.prefactor, outer), (column,), trail)


def _spread_between_ends(told: _Told, Z: Tensor, g: Tensor, factor: Tensor) -> float:
    """The spread of the rows that have two neighbours in this order, in units of y: a pole at an end may hold most of
    that of all rows, and is off no line."""
    inner = values(told.column, Z).argsort()[1:-1]
    g, factor = g[inner], factor[inner]
    return float((factor * (g - g.mean())).square().mean().sqrt())


def _shortest(told: Sequence[_Told]) -> _Told | None:
    """The shortest of those that leave about as little as the best."""
    told = [one for one in told if math.isfinite(one.off)]
    least = min((one.off for one in told), default=math.inf)
    near = [one for one in told if one.off <= REDUCTIONS.order_near * least]
    return min(near, key=lambda one: (bits(one.outer) + bits(one.column), one.off), default=None)


def _with_powers(nodes: Sequence[Node], columns: Tensor, Z: Tensor, g: Tensor, factor: Tensor) -> list[_Told]:
    """The columns that leave least once g is divided by the simple powers that bring neighbours nearest."""
    usable = [i for i in range(Z.shape[1]) if float(Z[:, i].min()) > 0]
    if not usable or not nodes or len(usable) > REDUCTIONS.order_before:
        return []
    left_out = torch.tensor([[i == _held(node, usable) for i in usable] for node in nodes])
    logs, blocks = Z[:, usable].log(), range(0, len(nodes), REDUCTIONS.order_block)
    parts = [
        powers_between(
            columns[:, k : k + REDUCTIONS.order_block], logs, left_out[k : k + REDUCTIONS.order_block], g, factor
        )
        for k in blocks
    ]
    powers, left = (torch.cat(both) for both in zip(*parts, strict=True))
    found = []
    for place in torch.topk(left, min(REDUCTIONS.order_tried, len(nodes)), largest=False).indices.tolist():
        outer = monomial(map(Var, usable), (round(2 * p) / 2 for p in powers[place].tolist()))
        size = values(outer, Z)
        off = float(off_the_line(columns[:, [place]], g / size, factor * size))
        shortest = min(_equal(outer, nodes[place], usable), key=bits)
        found.append(_Told(shortest, nodes[place], off))
    return found


def _equal(outer: Node, column: Node, usable: Sequence[int]) -> list[Node]:
    """Products that may stand before a function of this column in the place of another: it holds its own powers."""
    own = _powers(column)
    if own is None:
        return [outer]
    given = _powers(outer) or {}
    ways = [0.0, *(-given.get(i, 0.0) / p for i, p in own.items())]
    return [
        monomial(map(Var, usable), (given.get(i, 0.0) + way * own.get(i, 0.0) for i in usable))
        for way in dict.fromkeys(ways)
    ]


def _held(node: Node, usable: Sequence[int]) -> int | None:
    """A column whose power the function of a product holds already: g = x h(x y) is h2(x y) / y. None for a sum."""
    return next((i for i in _powers(node) or {} if i in usable), None)


def _powers(node: Node) -> dict[int, float] | None:
    """The powers of the columns in a product of such; None for anything else."""
    found: dict[int, float] = {}
    for part in node.parts if isinstance(node, Product) else (node,):
        match part:
            case Var(index):
                found[index] = 1.0
            case Power(Var(index), exponent):
                found[index] = exponent.value
            case _ if part != ONE:
                return None
    return found


# ------------------------------------------------------------------ candidates


def candidates(d: int) -> Iterator[Node]:
    """Columns that may say all, the plainest first: single ones, sums of two and three, products of powers of any
    number, and a sum of two times a power of a third."""
    yield from (Var(i) for i in range(d))
    for i, j in combinations(range(d), 2):
        yield from _sums((Var(i), Var(j)), REDUCTIONS.order_weights)
        yield from _sums((power(Var(i), 2.0), power(Var(j), 2.0)), (1,))
        yield from (monomial((Var(i), Var(j)), powers) for powers in _directions(2, REDUCTIONS.order_powers))
    for places in combinations(range(d), 3):
        yield from _sums([Var(i) for i in places], (1,))
        yield from _sums([power(Var(i), 2.0) for i in places], (1,))
        yield from (monomial(map(Var, places), powers) for powers in _directions(3, (1, 2)))
    for count in range(4, d + 1):
        for places in combinations(range(d), count):
            yield from (monomial(map(Var, places), powers) for powers in _directions(count, (1,)))
    for i, j in combinations(range(d), 2):
        for k in (k for k in range(d) if k not in (i, j)):
            for both in _sums((Var(i), Var(j)), (1,)):
                yield from (product(both, power(Var(k), p)) for p in (1.0, -1.0, 2.0, -2.0))


def _sums(terms: Sequence[Node], weights: Sequence[int]) -> Iterator[Node]:
    for signed in _directions(len(terms), weights):
        yield total(*(_times(weight, term) for weight, term in zip(signed, terms, strict=True)))


def _times(weight: int, term: Node) -> Node:
    return term if weight == 1 else product(number(float(weight)), term)


def _directions(count: int, sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Whole numbers of these sizes, of both signs but for the first; of those in proportion, the smallest.

    >>> list(_directions(2, (1, 2)))
    [(1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1)]
    """
    signed = [sign * size for size in sizes for sign in (1, -1)]
    for entries in every(sizes, *[signed] * (count - 1)):
        if math.gcd(*entries) == 1:
            yield entries
