"""The pictures of the network, and what an edge says when pointed at."""

from __future__ import annotations

from edgewise.model import KAN
from edgewise.report.figures import ClosedForm
from edgewise.report.sections.networks import legend, networks
from edgewise.report.subject import Subject
from plotting.pictures import law

from ..pages import data


def test_the_network_before_pruning_stands_first_unless_it_is_too_large():
    model = KAN((2, 1))
    small = Subject.of(model, *data(model), original=KAN((2, 3, 1)))
    assert [view.title for view in networks(small, {})] == ["Before pruning", "After pruning"]
    large = Subject.of(model, *data(model), original=KAN((2, 250, 1)))
    assert [view.title for view in networks(large, {})] == ["After pruning"]


def test_an_edge_tells_its_ends_its_form_and_its_importance():
    model = law()
    subject = Subject.of(model, *data(model), inputs=("x", "y"))
    (view,) = networks(subject, {(0, 1, 0): ClosedForm("y²", 0.99, exact=True)})
    assert view.told[0, 1, 0].startswith("y → (1, 0): closed form, = y², R² 0.99, importance 0.")
    assert view.told[1, 0, 0].startswith("node (1, 0) → (2, 0): closed form, importance 1.")


def test_colours_are_explained_only_where_there_are_two():
    for model, words in ((law(), True), (KAN((2, 1)), False)):
        assert ("red" in legend(Subject.of(model, *data(model)))) is words
