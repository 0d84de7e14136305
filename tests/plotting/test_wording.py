"""Names, numbers and closed forms in words."""

from __future__ import annotations

import math

import pytest

from edgewise.plotting.wording import call, clean, closed_form, number

from .pictures import HOSTILE


def test_names_become_one_clean_line():
    for name in HOSTILE:
        shown = clean(name)
        assert shown and shown.isprintable() and "\n" not in shown
    assert clean("\u202eabc\x00") == "abc" and clean("") == "?"


@pytest.mark.parametrize(
    ("primitive", "constants", "words"),
    [
        ("x", (1.0, 0.0, 1.0, 0.0), "x"),
        ("x", (2.0, 1.0, 3.0, 1.0), "6x + 4"),
        ("x^2", (1.0, -0.5, -2.0, 0.0), "−2 (x − 0.5)²"),
        ("x^2.5", (1.0, 0.0, 1.0, 0.0), "x²·⁵"),
        ("x^(1/3)", (1.0, 0.0, 1.0, 0.0), "x^(1/3)"),
        ("1/x^3", (1.0, 1.0, 1.0, 0.0), "1/(x + 1)³"),
        ("1/sqrt", (4.0, 0.0, 1.0, 0.0), "1/√(4x)"),
        ("exp", (-1.0, 0.0, 1e-7, 0.0), "1e−7 exp(−x)"),
        ("J0", (20.0, 0.0, 1.0, 0.0), "J0(20x)"),
        ("0", (0.0, 0.0, 0.0, 3.0), "3"),
        ("log", (1.0, 1e-9, 1.0, 1e-12), "log(x)"),
    ],
)
def test_closed_forms_in_words(primitive, constants, words):
    assert closed_form(primitive, constants, "x") == words
    assert call("abs", "x − 1") == "|x − 1|"


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.53, "−0.53"), (0.0, "0"), (-0.0, "0"), (1e-300, "1e−300"), (123.0, "123"), (math.inf, "∞")]
)
def test_numbers_keep_their_digits(value, shown):
    assert number(value) == shown
