"""A network written down can be read: constants of four digits, and no more on a screen than fits there."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
import torch

from edgewise.data import from_arrays
from edgewise.model import KAN
from edgewise.studies.formula_text import JUDGED, Written, on_screen, text, write

X = sympy.Symbol("x")
SCORES = {"rmse": 0.5, "mae": 0.4, "r2": 0.9}


def written(expression: Any, splines: int = 0) -> Written:
    """y as this expression of x, with so many edges that stay splines."""
    edges = tuple((0, 0, place) for place in range(splines))
    return Written((expression,), ("x",), ("x",), ("y",), ("y",), SCORES, 0, edges)


def test_constants_have_four_digits_on_a_screen():
    said = on_screen("Found.", written(sympy.Float("1.23456789", 17) * X + 2))
    assert said.splitlines() == ["Found.", "  y = 1.235*x + 2"]


def test_formulas_are_in_the_file_with_all_digits_too():
    lines = text(written(sympy.Float("1.2345678", 17) * X), "Found.", None, 50, {"mean": SCORES}).splitlines()
    assert "y = 1.235*x" in lines and any(line.startswith("y = 1.2345678") for line in lines)
    simple = text(written(2 * X), "Found.", None, 50, {"mean": SCORES})
    assert simple.count("y = ") == 1 and "with all digits" not in simple


def test_the_file_tells_of_which_network_the_formula_is():
    said = text(written(2 * X, splines=1), "Found.", None, 50, {"mean": SCORES})
    assert f"The formula is that of {JUDGED}" in said and f"functions of the network in {JUDGED}" in said
    assert JUDGED not in text(None, "Found.", None, 50, {"mean": SCORES})


@pytest.mark.parametrize(("splines", "there"), [(0, True), (8, True), (9, False)])
def test_a_formula_of_more_than_eight_splines_is_not_shown_on_a_screen(splines: int, there: bool):
    assert ("y = " in on_screen("Found.", written(2 * X, splines))) == there


@pytest.mark.parametrize(("letters", "there"), [(1000, True), (1200, True), (1201, False), (5000, False)])
def test_a_formula_of_more_than_1200_letters_is_not_shown_on_a_screen(letters: int, there: bool):
    long = sympy.Symbol("x" * (letters - len("y = ")))
    assert ("y = " in on_screen("Found.", written(long))) == there


@pytest.mark.parametrize(("inputs", "there"), [(60, True), (61, False)])
def test_a_network_of_more_than_sixty_edges_is_not_written_down(inputs: int, there: bool):
    rows = torch.rand(12, inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = write(KAN((inputs, 1)), from_arrays(rows, rows[:, 0]))
    assert (found is not None) == there
