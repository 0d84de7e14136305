"""The page on laws by level: the law of all levels, that of each, and whatever the levels may be called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import EdgewiseError
from edgewise.report import law_report

from .pages import ParsedPage


def search(second: str, power: float = 1.0) -> tuple[Any, dict[str, Any], torch.Tensor]:
    """w = u*v at the first level, and 3.5 u v^power at the second."""
    x = 1 + torch.rand(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    metal = ["iron", second] * 50
    y = torch.where(torch.arange(100) % 2 == 0, x[:, 0] * x[:, 1], 3.5 * x[:, 0] * x[:, 1] ** power)
    table = np.array([metal, *x.T.tolist()], dtype=object).T
    found = ew.discover(table, y, inputs=["metal", "u", "v"], target="w", progress=False)
    return found, {"metal": metal, "u": x[:, 0], "v": x[:, 1]}, y


@pytest.fixture(scope="module")
def found():
    return search("gold")


def test_the_law_of_all_levels_and_that_of_each_stand_on_the_page(found):
    result, X, y = found
    page = ParsedPage(law_report(result, X, y))
    assert "w = k[metal]*u*v" in page.text and "w at gold = 7*u*v/2" in page.text and "w at iron = u*v" in page.text
    assert "3.5 ±" in page.text and "One form for all 2 levels of metal" in page.text
    assert all(" ".join(step.text.split()) in page.text for step in result.steps)


def test_levels_without_a_common_form_have_a_page_too():
    result, X, y = search("gold", power=-2.0)
    page = ParsedPage(law_report(result, X, y))
    assert result.shared is None and "No form serves all 2 levels" in page.text
    assert "w at iron = u*v" in page.text and "Not so:" in page.text


def test_levels_that_are_code_stay_words():
    page = ParsedPage(law_report(*search("<script>alert(1)</script>")))
    assert [tag for tag, _ in page.tags].count("script") == 1


def test_rows_that_do_not_fit_are_told(found):
    result, X, y = found
    with pytest.raises(EdgewiseError, match="DataFrame"):
        law_report(result, torch.ones(100, 3), y)
    with pytest.raises(EdgewiseError, match="rows"):
        law_report(result, X, y[:5])
