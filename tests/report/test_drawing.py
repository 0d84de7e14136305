"""The network as SVG."""

from __future__ import annotations

import pytest

from edgewise.model import KAN
from edgewise.plotting import arrange, describe
from edgewise.report.drawing import edge_id, network
from edgewise.report.sections.networks import NetworkView
from plotting.pictures import zoo

from .pages import ParsedPage

ZOO = zoo()


def drawn(model: KAN, opens_cards: bool) -> ParsedPage:
    content = describe(model)
    told = {edge.edge: "told" for layer in content.edges for edge in layer}
    return ParsedPage(network(NetworkView("title", arrange(content), told, opens_cards)))


@pytest.mark.parametrize("name", ZOO)
def test_every_edge_and_node_is_drawn_and_can_be_pointed_at(name):
    page = drawn(ZOO[name], True)
    edges = [edge_id(edge) for edge in ZOO[name].active_edges()]
    assert sorted(page.attributes("data-edge")) == sorted(edges)
    assert sorted(page.attributes("data-of")) == sorted(2 * edges)  # a line to the card and one from it
    assert page.attributes("class").count("node") == sum(map(len, ZOO[name].topology.node_ids))


def test_an_overview_cannot_be_reached_by_keyboard():
    page = drawn(KAN((2, 2, 1)), False)
    assert not page.attributes("tabindex") and not page.attributes("data-edge")
