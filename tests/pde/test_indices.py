"""Multi-indices: closed sets, lowest order first; pairs that are all the terms of a product."""

from __future__ import annotations

import math
from itertools import product

import pytest

from edgewise.pde.indices import Indices

WANTED = [[(0,)], [(4,)], [(2, 0), (0, 2)], [(1, 1), (0, 3)], [(2, 2), (1, 0)], [(1, 1, 1), (0, 0, 2)]]


@pytest.mark.parametrize("wanted", WANTED)
def test_the_set_holds_all_that_is_below_and_nothing_else(wanted):
    entries = set(Indices.closing(wanted).entries)
    below = {
        e
        for e in product(range(5), repeat=len(wanted[0]))
        if any(all(a <= b for a, b in zip(e, w, strict=True)) for w in wanted)
    }
    assert entries == below


@pytest.mark.parametrize("wanted", WANTED)
def test_entries_are_sorted_by_order_and_starts_tell_where(wanted):
    indices = Indices.closing(wanted)
    orders = [sum(entry) for entry in indices.entries]
    assert orders == sorted(orders) and indices.order == max(orders)
    for order in range(indices.order + 1):
        assert orders[indices.starts[order]] == order and orders[: indices.starts[order]].count(order) == 0
    assert indices.starts[-1] == len(indices)


@pytest.mark.parametrize("wanted", WANTED)
def test_every_sum_within_the_set_is_a_pair(wanted):
    indices = Indices.closing(wanted)
    pairs = set(indices.pairs)
    for left, right in product(range(len(indices)), repeat=2):
        total = tuple(a + b for a, b in zip(indices.entries[left], indices.entries[right], strict=True))
        assert ((indices.position.get(total), left, right) in pairs) == (total in indices.position)


def test_factorials_are_those_of_the_entries():
    assert Indices.closing([(3, 2)]).factorials[-1] == math.factorial(3) * math.factorial(2)
