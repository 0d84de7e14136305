"""One card per edge."""

from __future__ import annotations

import re

from edgewise.model import KAN
from edgewise.report.sections.edge_cards import edge_cards
from edgewise.report.subject import Subject

from ..pages import ParsedPage, data


def test_every_edge_has_its_card_with_its_closed_form(full):
    page = ParsedPage(full)
    cards = [ident for ident in page.attributes("id") if ident.startswith("edge-")]
    assert sorted(cards) == ["edge-0-0-0", "edge-0-1-0", "edge-1-0-0"]
    assert sorted(page.attributes("data-edge")) == sorted(cards)
    card = re.search(r'id="edge-0-0-0">(.*?)</figure>', full, flags=re.DOTALL)
    assert card is not None and "sin(πx)" in card[1] and "R² " in card[1]


def test_the_edges_that_are_drawn_have_cards_by_importance_and_the_rest_is_counted():
    model = KAN((20, 10))
    subject = Subject.of(model, *data(model))
    found = edge_cards(subject, {})
    assert found is not None and found.left_out == 200 - len(found.cards)
    scores = {edge.edge: edge.score for layer in subject.shown.edges for edge in layer}
    assert sorted(card.edge for card in found.cards) == sorted(scores)
    shown = [scores[card.edge] for card in found.cards]
    assert shown == sorted(shown, reverse=True)
