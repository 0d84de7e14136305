"""Formulas without what the rest can stand in for: three waves of nearly one length are one, and z^(1e-14) is 1."""

from __future__ import annotations

from collections.abc import Iterator

from ..formulas.simplify import simplified
from ..formulas.tree import Apply, Node, Power, Product, Sum, product, total
from ..formulas.yardstick import bits
from ..tables.law_task import LawRows
from ..tables.tuning import TABLES
from .least_squares import error, fitted
from .snapping import acceptable
from .tuning import POLISHING


def without_idle_terms(node: Node, rows: LawRows) -> Node:
    """The formula with as few terms as explain the rows as well, its constants fitted again after each that goes."""
    few = rows.first(POLISHING.quick_rows)
    while True:
        for shorter in sorted(map(simplified, _with_one_less(node)), key=bits):
            tried = fitted(shorter, few, steps=POLISHING.quick_steps)
            if error(tried, few) > POLISHING.hopeless * max(error(node, few), TABLES.exact * _size(few)):
                continue
            tried = fitted(tried, rows, steps=POLISHING.steps)
            if acceptable(tried, node, rows):
                node = tried
                break
        else:
            return node


def _size(rows: LawRows) -> float:
    return float(rows.y.square().mean().sqrt())


def _with_one_less(node: Node) -> Iterator[Node]:
    """The formula without one term of one of its sums, or without one factor whose power is free."""
    match node:
        case Sum(parts):
            if len(parts) > 1:
                for place in range(len(parts)):
                    yield total(*parts[:place], *parts[place + 1 :])
            for place, part in enumerate(parts):
                yield from (total(*parts[:place], inner, *parts[place + 1 :]) for inner in _with_one_less(part))
        case Product(parts):
            for place, part in enumerate(parts):
                if isinstance(part, Power) and part.exponent.name is None:
                    yield product(*parts[:place], *parts[place + 1 :])
                yield from (product(*parts[:place], inner, *parts[place + 1 :]) for inner in _with_one_less(part))
        case Power(base, exponent):
            yield from (Power(inner, exponent) for inner in _with_one_less(base))
        case Apply(form, argument):
            yield from (Apply(form, inner) for inner in _with_one_less(argument))
        case _:
            return
