"""Free constants become the numbers that people write, where the rows allow it; terms that are not needed go."""

from __future__ import annotations

import math

from ...symbolic.simple_numbers import SimpleNumber, nearest
from ..formulas.simplify import simplified
from ..formulas.tree import Node, Num, Power, count_free, numbers_of, walk, with_numbers
from ..tables.law_task import LawRows
from ..tables.tuning import TABLES
from .least_squares import error, fitted, standard_errors
from .tuning import POLISHING


def snapped(node: Node, rows: LawRows) -> Node:
    """The formula with as many simple constants as its error allows, the others fitted again after each.

    The constant that is simplest to write comes first. One that costs more than noise does stays free.
    """
    node = simplified(node)
    refused: set[tuple[int, str, float]] = set()
    while True:
        offers = [offer for offer in _offers(node, rows) if _key(node, offer) not in refused]
        if not offers:
            return node
        place, simple = min(offers, key=lambda offer: (offer[1].cost, offer[0]))
        tried = _with(node, place, simple)
        tried = fitted(simplified(tried), rows, steps=POLISHING.quick_steps)
        if acceptable(tried, node, rows):
            node, refused = tried, set()
        else:
            refused.add(_key(node, (place, simple)))


def acceptable(simpler: Node, node: Node, rows: LawRows) -> bool:
    """Whether a formula with fewer free constants is as good on these rows, but for noise and round-off."""
    before, after = error(node, rows), error(simpler, rows)
    size = float(rows.y.square().mean().sqrt())
    if after <= max(before, TABLES.exact * 1e-1 * size):
        return True
    free = count_free(node)
    noise = before**2 * len(rows) / max(len(rows) - free, 1)
    return before > TABLES.exact * size and (after**2 - before**2) * len(rows) <= POLISHING.worse * noise


def _key(node: Node, offer: tuple[int, SimpleNumber]) -> tuple[int, str, float]:
    return offer[0], offer[1].symbol, float(offer[1].value)


def _with(node: Node, place: int, simple: SimpleNumber) -> Node:
    numbers = numbers_of(node)
    numbers[place] = Num(simple.value, simple)
    return with_numbers(node, numbers)


def _offers(node: Node, rows: LawRows) -> list[tuple[int, SimpleNumber]]:
    """(place among all numbers, simple number near it) of every free constant that has one."""
    free = [place for place, part in enumerate(numbers_of(node)) if part.name is None]
    if not free:
        return []
    size = float(rows.y.square().mean().sqrt())
    sigma = error(node, rows) * math.sqrt(len(rows) / max(len(rows) - len(free), 1))
    sigma = max(sigma, TABLES.exact * size)  # nothing is known better than what counts as exact
    exponents = {id(part.exponent) for part in walk(node) if isinstance(part, Power)}
    offers = []
    for place, spread in zip(free, standard_errors(node, rows, sigma), strict=True):
        part = numbers_of(node)[place]
        if not math.isfinite(spread):
            continue
        reach = POLISHING.reach * spread
        simple = nearest(part.value, reach)
        if simple is None and id(part) in exponents:
            simple = nearest(part.value, reach, chance=0.5)
        if simple is None and reach <= POLISHING.one_reach and abs(abs(part.value) - 1) <= reach:
            simple = nearest(math.copysign(1.0, part.value), TABLES.exact)
        if simple is not None:
            offers.append((place, simple))
    return offers
