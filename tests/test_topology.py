"""Topology: names of nodes, subnodes and edges."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.errors import StructureError
from edgewise.topology import Topology

MIXED = Topology.create(((3, ()), (2, (2, 3)), (1, ())))


def test_sums_come_first_and_every_factor_has_its_subnode():
    assert MIXED.node_ids == ((0, 1, 2), (0, 1, 2, 3), (0,))
    assert MIXED.factors == ((), ((0,), (1,), (2, 3), (4, 5, 6)), ((0,),))
    assert MIXED.subnode_ids(1) == (0, 1, 2, 3, 4, 5, 6)
    assert MIXED.depth == 2 and MIXED.features == 3
    assert MIXED.widths == ((3, ()), (2, (2, 3)), (1, ()))
    assert MIXED.has_products(1) and not MIXED.has_products(2)


def test_the_factor_table_pads_with_the_constant_one():
    assert MIXED.factor_table(1) == [[0, 7, 7], [1, 7, 7], [2, 3, 7], [4, 5, 6]]
    assert MIXED.factor_table(2) == [[0]]


def test_positions_close_up_and_names_stay():
    less = MIXED.without({(0, 1), (1, 0), (1, 2)})
    assert less.node_ids == ((0, 2), (1, 3), (0,))
    assert less.subnode_ids(1) == (1, 4, 5, 6)
    assert less.factor_table(1) == [[0, 4, 4], [1, 2, 3]]
    assert less.features == 3 and less.widths[1] == (1, (3,))
    assert less.node_position((1, 3)) == 1
    assert less.edge_position((0, 2, 5)) == (0, 1, 2)
    assert less.without({(1, 1)}) == MIXED.without({(1, 1), (0, 1), (1, 0), (1, 2)})
    assert MIXED.node_ids[1] == (0, 1, 2, 3), "the old one stays"


def test_edge_position_and_edge_at_are_inverse():
    less = MIXED.without({(0, 0), (1, 1)})
    for src in less.node_ids[0]:
        for dst in less.subnode_ids(1):
            assert less.edge_at(*less.edge_position((0, src, dst))) == (0, src, dst)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda t: t.node_position((1, 9)), r"no node \(1, 9\): layer 1 has the nodes \[0, 1, 2, 3\]"),
        (lambda t: t.node_position((3, 0)), "no layer 3: layers run from 0 to 2"),
        (lambda t: t.node_position(("a", 0)), "no layer 'a'"),
        (lambda t: t.edge_position((2, 0, 0)), "no layer 2: layers run from 0 to 1"),
        (lambda t: t.edge_position((-1, 0, 0)), "no layer -1"),
        (lambda t: t.edge_position((0, 0, 7)), r"no edge \(0, 0, 7\).*target subnodes \[0, 1, 2, 3, 4, 5, 6\]"),
        (lambda t: t.edge_position((0, 0)), r"an edge is \(layer, source node, target subnode\), got \(0, 0\)"),
        (lambda t: t.edge_position(5), "an edge is"),
    ],
)
def test_what_is_not_there_says_what_is(ask: Any, words: str):
    with pytest.raises(StructureError, match=words):
        ask(MIXED)


def test_topologies_of_networks_have_no_faults():
    for topology in (MIXED, MIXED.without({(0, 1), (1, 0), (1, 2)})):
        assert not list(topology.faults())


@pytest.mark.parametrize(
    ("ids", "factors", "words"),
    [
        (((0, 1),), ((),), "node_ids has 1 layers and factors 1, wanted 2 or more, as many of both"),
        (((0, 1), (0,)), ((),), "node_ids has 2 layers and factors 1"),
        (((0, 2), (0,)), ((), ((0,),)), "node_ids[0] holds 2, wanted columns below 2"),
        (((0, 0), (0,)), ((), ((0,),)), "node_ids[0] holds 0 twice"),
        (((0, 1), (3, 3)), ((), ((0,), (1,))), "node_ids[1] holds 3 twice"),
        (((0, 1), ()), ((), ()), "node_ids[1] is empty"),
        (((0, 1), (0,)), (((0,),), ((0,),)), "factors[0] must be empty"),
        (((0, 1), (0, 1)), ((), ((0, 1), (1,))), "factors[1] holds 1 twice"),
        (((0, 1), (0, 1)), ((), ((0, 1),)), "factors[1] has 1 entries for 2 nodes"),
        (((0, 1), (0, 1)), ((), ((0, 1), ())), "factors[1] holds a node without subnodes"),
    ],
)
def test_what_is_no_topology_says_why(ids: Any, factors: Any, words: str):
    assert any(fault.startswith(words) for fault in Topology(2, ids, factors).faults())
