"""One card per edge."""

from __future__ import annotations

import re

from edgewise.model import KAN
from edgewise.report.sections.edge_cards import MOST_CARDS, edge_cards
from edgewise.report.subject import Subject

from ..pages import ParsedPage, data


def test_every_edge_has_its_card_with_its_closed_form(full):
    page = ParsedPage(full)
    cards = [ident for ident in page.attributes("id") if ident.startswith("edge-")]
    assert sorted(cards) == ["edge-0-0-0", "edge-0-1-0", "edge-1-0-0"]
    assert sorted(page.attributes("data-edge")) == sorted(cards)
    card = re.search(r'id="edge-0-0-0">(.*?)</figure>', full, flags=re.DOTALL)
    assert card is not None and "sin(πx)" in card[1] and "R² " in card[1]


def test_the_most_important_edges_have_cards_and_the_rest_is_counted():
    model = KAN((20, 10))
    found = edge_cards(Subject.of(model, *data(model)), {})
    assert found is not None and found.left_out == 200 - MOST_CARDS
    shown = {card.edge for card in found.cards}
    edges = [edge for layer in Subject.of(model, *data(model)).content.edges for edge in layer]
    assert min(e.score for e in edges if e.edge in shown) >= max(e.score for e in edges if e.edge not in shown)
