"""Formulas as MathML, which browsers typeset without fonts or scripts of ours. Expressions of sympy are read through
their own methods."""

from __future__ import annotations

import re
from typing import Any

from .markup import escape

GREEK: dict[str, str] = dict(
    zip(
        (
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi"
            " omega"
        ).split(),
        "αβγδεζηθικλμνξπρστφχψω",
        strict=True,
    )
)
NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arsinh",
    "acosh": "arcosh",
    "atanh": "artanh",
    "log": "ln",
}
NAMES |= {"Max": "max", "Min": "min"}
SPACE = '<mo>&#8290;</mo><mspace width="0.12em"/>'  # an invisible times sign
MATH = '<math displaystyle="true">'
LONGEST = 36  # letters of a name
PLAIN, FACTOR, BASE = 0, 1, 2  # what surrounds an expression: nothing, a product, a power


def typeset(expression: Any, name: str, digits: int = 5) -> str:
    """`name` = expression as HTML that can break between the terms of a sum. What is no expression is shown as text.

    >>> typeset("x + 1", "y")
    '<span class="formula"><math displaystyle="true"><mrow><mi>y</mi><mo>=</mo></mrow></math> <code>x + 1</code></span>'
    """
    head = f"{MATH}<mrow>{symbol(name)}<mo>=</mo></mrow></math>"
    try:
        terms = _terms(expression) if getattr(expression, "is_Add", False) else [expression]
        parts = []
        for place, term in enumerate(terms):
            minus = _negative(term)
            sign = "<mo>−</mo>" if minus else "<mo>+</mo>" if place else ""
            inner = render(-term if minus else term, PLAIN, digits)
            parts.append(f"{MATH}<mrow>{sign}{inner}</mrow></math>")
        body = " ".join(parts)
    except Exception:  # any expression that sympy can make must not cost the user the report
        body = f"<code>{escape(expression)}</code>"
    return f'<span class="formula">{head} {body}</span>'


def symbol(name: str) -> str:
    """A name as an identifier: Greek letters by name, a trailing number as an index.

    >>> symbol("beta_1"), symbol("mass")
    ('<msub><mi>β</mi><mn>1</mn></msub>', '<mi>mass</mi>')
    """
    match = re.fullmatch(r"([A-Za-z]+)_?(\d+)", name)
    if match:
        return f"<msub>{symbol(match[1])}<mn>{match[2]}</mn></msub>"
    word = GREEK.get(name.lower(), "")
    if word and name[0].isupper():
        word = word.upper()
    short = name if len(name) <= LONGEST else name[: LONGEST // 2] + "…" + name[-LONGEST // 2 :]
    return f"<mi>{word or escape(short)}</mi>"


def render(e: Any, around: int, digits: int) -> str:
    """The MathML of an expression, in brackets where what surrounds it asks for them."""
    if not hasattr(e, "args"):
        raise TypeError(f"{e!r} is no expression")
    kind = type(e).__name__
    if e.is_Symbol:
        return symbol(str(e))
    if e.is_Number or kind in ("Pi", "Exp1", "ImaginaryUnit", "ComplexInfinity", "Infinity", "NegativeInfinity"):
        return _number(e, around, digits)
    if e.is_Add:
        out = ""
        for place, term in enumerate(_terms(e)):
            minus = _negative(term)
            out += ("<mo>−</mo>" if minus else "<mo>+</mo>" if place else "") + render(
                -term if minus else term, PLAIN, digits
            )
        return _brackets(out) if around else f"<mrow>{out}</mrow>"
    if e.is_Mul:
        return _product(e, around, digits)
    if e.is_Pow:
        return _power(e, around, digits)
    return _function(e, kind, around, digits)


def _terms(e: Any) -> list[Any]:
    """The terms of a sum in sympy's order, one that starts with a plus first."""
    terms = list(e.as_ordered_terms())
    first = next((k for k, term in enumerate(terms) if not _negative(term)), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def _negative(e: Any) -> bool:
    coefficient = e.as_coeff_Mul()[0]
    return bool(coefficient.is_number and coefficient.is_extended_negative) and not e.is_Add


def _brackets(inner: str, left: str = "(", right: str = ")") -> str:
    return f'<mrow><mo fence="true">{left}</mo><mrow>{inner}</mrow><mo fence="true">{right}</mo></mrow>'


def _number(e: Any, around: int, digits: int) -> str:
    kind = type(e).__name__
    known = {"Pi": "π", "Exp1": "e", "ImaginaryUnit": "i", "Infinity": "∞", "ComplexInfinity": "∞"}
    if kind in known:
        return f"<mi>{known[kind]}</mi>"
    if kind in ("NaN", "NegativeInfinity"):
        return "<mtext>nan</mtext>" if kind == "NaN" else "<mrow><mo>−</mo><mi>∞</mi></mrow>"
    if e.is_extended_negative:
        inner = "<mo>−</mo>" + render(-e, FACTOR, digits)
        return _brackets(inner) if around else f"<mrow>{inner}</mrow>"
    if e.is_Rational and not e.is_Integer:
        inner = f"<mfrac><mn>{e.p}</mn><mn>{e.q}</mn></mfrac>"
        return _brackets(inner) if around == BASE else inner
    text = str(e) if e.is_Integer else f"{float(e):.{digits}g}"
    if "e" not in text:
        return f"<mn>{text}</mn>"
    mantissa, exponent = text.split("e")
    ten = f"<msup><mn>10</mn><mn>{str(int(exponent)).replace('-', '−')}</mn></msup>"
    return ten if mantissa == "1" else f"<mrow><mn>{mantissa}</mn><mo>·</mo>{ten}</mrow>"


def _product(e: Any, around: int, digits: int) -> str:
    if _negative(e):
        inner = "<mo>−</mo>" + render(-e, PLAIN, digits)
        return _brackets(inner) if around else f"<mrow>{inner}</mrow>"
    above, below = [], []
    for factor in e.as_ordered_factors():
        if factor.is_Rational and not factor.is_Integer:
            above += [] if factor.p == 1 else [f"<mn>{factor.p}</mn>"]
            below.append(f"<mn>{factor.q}</mn>")
        elif factor.is_Pow and factor.exp.is_number and _negative(factor.exp):
            below.append(factor.base ** (-factor.exp))
        else:
            above.append(factor)

    def row(parts: list[Any]) -> str:
        alone = len(parts) == 1
        shown = [part if isinstance(part, str) else render(part, PLAIN if alone else FACTOR, digits) for part in parts]
        out = ""
        for place, inner in enumerate(shown):
            between = (
                "<mo>·</mo>"
                if place and inner.startswith(("<mn>", "<mrow><mn>", "<msup><mn>"))
                else SPACE
                if place
                else ""
            )
            out += between + inner
        return out if alone else f"<mrow>{out}</mrow>"

    if not below:
        inner = row(above)
        return _brackets(inner) if around == BASE else inner
    inner = f"<mfrac><mrow>{row(above) if above else '<mn>1</mn>'}</mrow><mrow>{row(below)}</mrow></mfrac>"
    return _brackets(inner) if around == BASE else inner


def _power(e: Any, around: int, digits: int) -> str:
    base, exponent = e.base, e.exp
    if exponent.is_number and _negative(exponent):
        inner = f"<mfrac><mn>1</mn><mrow>{render(base ** (-exponent), PLAIN, digits)}</mrow></mfrac>"
        return _brackets(inner) if around == BASE else inner
    if exponent.is_Rational and exponent.p == 1 and exponent.q in (2, 3):
        inner = render(base, PLAIN, digits)
        return f"<msqrt>{inner}</msqrt>" if exponent.q == 2 else f"<mroot><mrow>{inner}</mrow><mn>3</mn></mroot>"
    inner = f"<msup>{render(base, BASE, digits)}<mrow>{render(exponent, PLAIN, digits)}</mrow></msup>"
    return _brackets(inner) if around == BASE else inner


def _function(e: Any, kind: str, around: int, digits: int) -> str:
    inner = [render(argument, PLAIN, digits) for argument in e.args]
    if (
        kind == "exp" and not e.args[0].is_Add and len(str(e.args[0])) <= 12
    ):  # what is longer is easier to read at full size
        out = f"<msup><mi>e</mi><mrow>{inner[0]}</mrow></msup>"
        return _brackets(out) if around == BASE else out
    if kind == "Abs":
        return _brackets(inner[0], "|", "|")
    if kind in ("besselj", "bessely", "besseli", "besselk"):
        return f"<mrow><msub><mi>{kind[-1].upper()}</mi>{inner[0]}</msub>{_brackets(inner[1])}</mrow>"
    if not e.is_Function and kind not in ("Max", "Min"):
        return f"<mtext>{escape(e)}</mtext>"
    called = e.func.__name__
    match = re.fullmatch(r"([A-Za-z]+)((?:_\d+)+)", called)
    head = f"<mi>{escape(NAMES.get(called, called))}</mi>"
    if match:
        head = f"<msub>{symbol(match[1])}<mtext>{match[2][1:].replace('_', ',')}</mtext></msub>"
    return f"<mrow>{head}{_brackets('<mo>,</mo>'.join(inner))}</mrow>"
