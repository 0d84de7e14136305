"""The page on a law: its formula, front and trail, whatever the columns may be called."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import EdgewiseError
from edgewise.report import law_report

from .pages import ParsedPage


def search(name: str):
    X = 0.5 + torch.rand(120, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = (X[:, 0] + X[:, 1]) / (1 + X[:, 0] * X[:, 1])
    return ew.discover(X, y, inputs=["u", name], target="w", progress=False), X, y


@pytest.fixture(scope="module")
def found():
    return search("v")


def test_formula_front_and_trail_stand_on_the_page(found):
    result, X, y = found
    page = ParsedPage(law_report(result, X, y))
    assert "w = (u + v)/(u*v + 1)" in page.text and "An exact law" in page.text
    assert all(" ".join(str(law).split()) in page.text for law in result.front)
    assert all(" ".join(step.text.split()) in page.text for step in result.steps)
    assert ("Not so:" in page.text) == any(not step.held for step in result.steps)


def test_names_that_are_code_stay_words():
    page = ParsedPage(law_report(*search("<script>alert(1)</script>")))
    assert [tag for tag, _ in page.tags].count("script") == 1


@pytest.mark.slow
def test_a_table_of_noise_has_a_page_too():
    generator = torch.Generator().manual_seed(1)
    X, y = torch.rand(60, 2, generator=generator), torch.rand(60, generator=generator)
    result = ew.discover(X, y, progress=False)
    page = ParsedPage(law_report(result, X, y))
    assert result.message[1:] in page.text


def test_rows_that_do_not_fit_are_told(found):
    result, X, y = found
    with pytest.raises(EdgewiseError, match="2"):
        law_report(result, X[:, :1], y)
    with pytest.raises(EdgewiseError, match="rows"):
        law_report(result, X, y[:5])
