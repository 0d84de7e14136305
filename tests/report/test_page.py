"""The page as a value."""

from __future__ import annotations

from importlib import resources

from edgewise.model import KAN
from edgewise.report.page import Page, page
from edgewise.report.subject import Subject
from plotting.pictures import named

from .pages import data, history


def page_of(model: KAN, **changes) -> Page:
    X, y = data(model)
    y = y.argmax(1) if model.metadata.classes else y
    settings = {
        "history": history(),
        "baselines": {},
        "errors": {},
        "formulas": None,
        "formula_notes": (),
        "forms": {},
        "title": None,
        "verdict": "",
        "notes": (),
        "model_file": "m.safetensors",
        "saved": model,
    }
    return page(Subject.of(model, X, y), **{**settings, **changes})


def test_every_part_has_a_template_of_its_name():
    classifier = named(KAN((2, 2)), inputs=("a", "b"), classes=("p", "q"), task="classification")
    names = {part.name for model in (KAN((2, 1)), classifier) for part in page_of(model, formulas=None).sections}
    templates = {file.name for file in resources.files("edgewise.report").joinpath("templates").iterdir()}
    law = {"law_front.html", "law_levels.html", "law_trail.html"}  # see test_law_page and test_level_page
    assert {f"{name}.html" for name in names} | {"expressions.html", "macros.html", "page.html"} | law == templates


def test_parts_without_content_are_left_out():
    names = [part.name for part in page_of(KAN((2, 1)), history=[]).sections]
    assert "training" not in names and "expressions" not in names and names[0] == "accuracy"


def test_a_title_that_would_be_too_long_counts_the_inputs():
    assert page_of(KAN((2, 1))).title == "y from x1, x2"
    assert page_of(KAN((60, 1))).title == "y from 60 inputs"
    assert page_of(KAN((1, 60))).title == "The outputs from 1 inputs"


def test_the_head_shows_the_scores_that_matter_most():
    scores = {"model": {"mae": 3.0, "rmse": 0.5, "r2": 0.75}, "other": 0.25, "third": "no package"}
    scores["formula"] = dict(scores["model"])  # the same network: not told twice
    facts = [(fact.value, fact.words) for fact in page_of(KAN((2, 1)), errors=scores).facts]
    assert facts[:3] == [("0.5", "RMSE of the model"), ("0.75", "R² of the model"), ("0.25", "error of the other")]
    assert facts[3:] == [("[2, 1]", "shape"), ("2", "edges"), ("60", "rows")]
