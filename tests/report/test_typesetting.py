"""Formulas as MathML."""

from __future__ import annotations

import pytest
import sympy

from edgewise.report.typesetting import render, symbol, terms

from .pages import INJECTED, ParsedPage

X_, Y_ = sympy.symbols("x y")


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        (sympy.sqrt(X_ + 1), ["<msqrt>"]),
        (X_ / (Y_ + 1), ["<mfrac><mrow><mi>x</mi></mrow>", '<mi>y</mi><mo form="infix">+</mo><mn>1</mn>']),
        (sympy.Rational(2, 3) * X_, ["<mfrac>", "<mn>2</mn>", "<mn>3</mn>"]),
        (-X_ * Y_, ["<mo>−</mo>"]),
        ((X_ + 1) ** 2, ["<msup>", "(</mo>", "<mn>2</mn>"]),
        (sympy.sin(sympy.pi * X_), ["<mi>sin</mi>", "<mi>π</mi>", "&#8290;"]),
        (sympy.log(X_), ["<mi>ln</mi>"]),
        (sympy.Abs(X_), ["|</mo>"]),
        (sympy.besselj(0, 20 * X_), ["<msub><mi>J</mi><mn>0</mn></msub>"]),
        (sympy.Float(1.5e-9) * X_, ["<mn>1.5</mn>", "<mn>10</mn>", "<mn>−9</mn>"]),
        (sympy.Function("phi_0_1_2")(X_), ["<mi>φ</mi><mtext>0,1,2</mtext>"]),
        (sympy.Symbol("<b>") ** -2, ["&lt;b&gt;"]),
        (sympy.Max(0, X_), ["<mi>max</mi>"]),
        (sympy.Piecewise((X_, X_ > 0), (0, True)), ["Piecewise"]),
        (sympy.zoo + sympy.I * X_, ["∞"]),
        (sympy.Integer(0), ["<mn>0</mn>"]),
    ],
)
def test_expressions_become_balanced_mathml(expression, parts):
    text = "".join(terms(expression))
    assert ParsedPage(text).tags[0][0] == "math"
    for part in parts:
        assert part in text


def test_sums_break_between_terms_and_start_with_a_plus():
    found = terms(-sympy.sin(X_) + Y_**2 - 3)
    assert len(found) == 3 and "<mi>y</mi>" in found[0]
    assert "(" not in "".join(terms(X_ - Y_)) and "(" in render(X_ * (X_ - Y_))


def test_names_in_formulas():
    assert symbol("x_3") == symbol("x3") == "<msub><mi>x</mi><mn>3</mn></msub>"
    assert symbol("omega") == "<mi>ω</mi>" and symbol("Delta") == "<mi>Δ</mi>"
    assert len(symbol("n" * 500)) < 60


@pytest.mark.parametrize("name", INJECTED)
def test_hostile_names_stay_names(name):
    function = sympy.Function(name.replace("\x00", ""))  # Python allows no null character in the name of a class
    page = ParsedPage("".join(terms(sympy.Symbol(name) + function(sympy.Symbol(name)))))
    assert {tag for tag, _ in page.tags} <= {"math", "mrow", "mi", "mo", "mn", "msub", "msup", "mtext"}


def test_what_is_no_expression_has_no_terms():
    assert terms("x < 1") == ()
