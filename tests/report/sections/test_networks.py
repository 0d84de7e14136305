"""The pictures of the network, and what an edge says when pointed at."""

from __future__ import annotations

from edgewise.model import KAN
from edgewise.report.figures import ClosedForm
from edgewise.report.sections.networks import address, legend, networks
from edgewise.report.subject import Subject
from plotting.pictures import law

from ..pages import data


def test_the_network_before_pruning_stands_first():
    model = KAN((2, 1))
    subject = Subject.of(model, *data(model), original=KAN((2, 3, 1)))
    assert [view.title for view in networks(subject, {}).views] == ["Before pruning", "After pruning"]


def test_a_picture_of_a_large_network_says_what_it_leaves_out():
    model = KAN((30, 10, 1))
    (view,) = networks(Subject.of(model, *data(model)), {}).views
    assert view.layout.note is not None and "of 310 edges are not shown." in view.layout.note.text
    assert len(view.layout.edges) == 50


def test_an_edge_tells_its_ends_its_form_and_its_importance():
    model = law()
    subject = Subject.of(model, *data(model), inputs=("x", "y"))
    (view,) = networks(subject, {(0, 1, 0): ClosedForm("y²", 0.99, exact=True)}).views
    assert view.told[0, 1, 0].startswith("y → (1, 0): closed form, = y², R² 0.99, importance 0.")
    assert view.told[1, 0, 0].startswith("node (1, 0) → (2, 0): closed form, importance 1.")


def test_colours_are_explained_only_where_there_are_two():
    for model, words in ((law(), True), (KAN((2, 1)), False)):
        assert ("red" in legend(Subject.of(model, *data(model)))) is words


def test_pictures_stand_side_by_side_only_where_both_are_narrow():
    model = KAN((2, 1))
    for original, narrow in ((KAN((2, 2, 1)), True), (KAN((2, 9, 1)), False), (None, False)):
        subject = Subject.of(model, *data(model), original=original)
        assert networks(subject, {}).side_by_side is narrow


def test_long_names_are_cut_in_addresses():
    assert len(address((0, 0, 0), ("a" * 300,))) < 60
