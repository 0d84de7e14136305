"""The verb: what a page tells, what it leaves out, and which arguments it refuses."""

from __future__ import annotations

import math
import re

import pytest
import torch

from edgewise.errors import ConfigError, DataError, ShapeError, StructureError
from edgewise.layers import KANLayer
from edgewise.model import KAN
from edgewise.report import report
from helpers import assert_equal, state_of
from plotting.pictures import named

from .pages import ParsedPage, data


def test_the_whole_story_is_told(full):
    page = ParsedPage(full)
    titles = re.findall(r"<h2>(.*?)</h2>", full)
    assert titles == [
        "Formula",
        "Accuracy",
        "Network",
        "Edge functions",
        "Partial dependence",
        "Residuals",
        "Training",
        "Data",
        "Use it in Python",
    ]
    told = ["A law", "It explains nearly all of it.", "Before pruning", "After pruning", "3 of 15"]
    told += [
        "The model is judged on 30 held-out rows.",
        "Loss, 40 steps, 9 s",
        "the separator is ';'",
        "grid 3",
        "grid 6",
    ]
    assert [words for words in told if words not in page.text] == []


def test_without_extras_the_parts_are_left_out_and_scores_computed():
    model = KAN((2, 2, 1))
    X, y = data(model)
    text = report(model, X.numpy(), y.numpy()[:, 0] + 0.5, closed_forms={})
    assert "Before pruning" not in text and "<h2>Formula" not in text and "<h2>Training" not in text
    assert "model 0.5 0.5" in ParsedPage(text).text
    assert "60 rows it was fitted to" in text


def test_it_changes_nothing_and_writes_nothing(leaves_no_trace):
    model = KAN((2, 1))
    before = state_of(model)
    X, y = data(model)
    assert report(model, X, y, closed_forms={}) == report(model, X, y, closed_forms={})
    assert_equal(state_of(model), before)


def test_pruned_inputs_keep_their_names():
    from edgewise.transforms import remove

    model = remove(KAN((3, 1)), nodes=[(0, 1)])
    X, y = data(model)
    page = ParsedPage(report(model, X, y, inputs=("first", "second", "third"), closed_forms={}))
    assert "input, not used" in page.text
    charts_of = [label for label in page.attributes("aria-label") if label.startswith("partial dependence")]
    assert sorted(charts_of) == ["partial dependence on first", "partial dependence on third"]


def test_classes_give_a_table_of_confusions():
    model = named(
        KAN((2, 3)), inputs=("a", "b"), outputs=("kind",), classes=("red", "green", "blue"), task="classification"
    )
    X, y = data(model)
    codes = y.argmax(1)
    text = report(model, X, codes, closed_forms={})
    page = ParsedPage(text)
    assert "Confusion matrix" in page.text and "Residuals" not in page.text
    assert "kind from a, b" in page.text and "accuracy of the model" in page.text
    assert re.search(r"<b>1</b><span>accuracy", text)
    with pytest.raises(DataError, match="knows the classes 0 to 2"):
        report(model, X, codes + 1)


def test_many_inputs_outputs_and_edges_are_cut_with_a_word_about_it():
    model = KAN((30, 6))
    X, y = data(model)
    text = ParsedPage(report(model, X, y, closed_forms={})).text
    assert "The 18 least important inputs are left out." in text
    assert "140 less important edges are not shown." in text
    assert "The first 4 of 6 outputs are shown." in text


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"X": torch.full((3, 2), math.nan)}, DataError, "report needs finite numbers|plot needs finite numbers"),
        ({"X": torch.zeros(3, 5)}, ShapeError, "X has 5 columns, the model takes 2"),
        ({"y": torch.zeros(7)}, ShapeError, "y has 7 rows, X has 60"),
        ({"y": ["a"] * 60}, DataError, "y holds text, .* wanted numbers"),
        ({"inputs": ("a",)}, ConfigError, "inputs needs 2 names"),
        ({"formulas": []}, ConfigError, r"one expression per output \(1\), got 0"),
        ({"model": torch.nn.Linear(2, 1)}, StructureError, "takes an edgewise.KAN"),
    ],
)
def test_unusable_arguments_are_named(change, error, words):
    model = KAN((2, 1))
    X, y = data(model)
    with pytest.raises(error, match=words):
        report(**{"model": model, "X": X, "y": y, **change})


def test_constant_columns_and_a_single_row_can_be_shown():
    model = KAN((2, 1), dtype=torch.float32)
    for X in (torch.zeros(5, 2), torch.rand(1, 2)):
        assert "Data" in ParsedPage(report(model, X, torch.ones(len(X)), closed_forms={})).text


def test_a_network_without_edges_can_be_shown():
    model = KAN((1, 1))
    parts = model.edge_layers[0].parts()
    model = model.build(layers=[KANLayer.build(**{**parts, "kind": torch.zeros_like(parts["kind"])})])
    text = report(model, *data(model))
    assert "Edge functions" not in text and ">0</b><span>edges" in text
