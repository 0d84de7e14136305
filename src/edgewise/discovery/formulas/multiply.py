"""Products with a sum among their factors, written shorter: a (b/a + 1) is b + a."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from .simplify import simplified
from .tree import ONE, Node, Num, Power, Product, Sum, number, power, product, total, values
from .yardstick import bits

ROUND_OFF = 1e-12  # relative difference of equal formulas, at most: some thousand roundings of float64


def shorter(node: Node, X: Tensor) -> Node:
    """An equal formula that is shorter, as factors multiplied into sums make it; equal on these rows, that is."""
    while True:
        tried = [simplified(other) for other in _multiplied(node)]
        tried = [other for other in tried if bits(other) < bits(node) and _equal(other, node, X)]
        if not tried:
            return node
        node = min(tried, key=bits)


def _equal(one: Node, other: Node, X: Tensor) -> bool:
    """Whether two formulas have the same values, but for round-off. Roots lose signs, so that it has to be tried."""
    before, after = values(other, X), values(one, X)
    size = float(before.abs().max())
    return bool(((after - before).abs() <= ROUND_OFF * size).all())


def _multiplied(node: Node) -> Iterator[Node]:
    """The product with one factor moved into a sum beside it, or into the sum of which a power stands beside it."""
    if not isinstance(node, Product):
        return
    for place, target in enumerate(node.parts):
        inside, q = (target.base, target.exponent.value) if isinstance(target, Power) else (target, 1.0)
        if not isinstance(inside, Sum) or q == 0:
            continue
        for other, factor in enumerate(node.parts):
            if other == place or isinstance(factor, Num):
                continue
            base, p = (factor.base, factor.exponent) if isinstance(factor, Power) else (factor, ONE)
            if p.name is None:
                continue
            moved = total(*(product(part, power(base, p.value / q)) for part in inside.parts))
            rest = [part for n, part in enumerate(node.parts) if n not in (place, other)]
            yield product(*rest, moved if q == 1 else Power(moved, number(q)))
