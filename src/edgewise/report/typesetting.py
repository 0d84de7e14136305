"""Formulas as MathML, which browsers typeset without fonts or scripts of ours. Sympy is not imported: expressions are
read through their own methods."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ..plotting.lettering import cut
from .markup import Markup, element, join

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
FUNCTION_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arsinh",
    "acosh": "arcosh",
    "atanh": "artanh",
    "log": "ln",
    "Max": "max",
    "Min": "min",
}
CONSTANTS = {"Pi": "π", "Exp1": "e", "ImaginaryUnit": "i", "Infinity": "∞", "ComplexInfinity": "∞"}
BESSEL = {"besselj": "J", "bessely": "Y", "besseli": "I", "besselk": "K"}
DIGITS_SHOWN = 5  # of a constant; the text to copy has them all
LONGEST_SYMBOL = 36  # letters of a name
LONGEST_EXPONENT = (
    12  # letters of an argument of exp that is set as a power of e; longer ones are easier to read in line
)
PLAIN, FACTOR, BASE = 0, 1, 2  # what surrounds an expression: nothing, a product, a power

mi, mn, mo, mtext = (partial(element, name) for name in ("mi", "mn", "mo", "mtext"))
mrow, mfrac, msup, msub = (partial(element, name) for name in ("mrow", "mfrac", "msup", "msub"))

MINUS, TIMES_DOT = mo("−"), mo("·")
BETWEEN_PLUS, BETWEEN_MINUS = mo("+", form="infix"), mo("−", form="infix")  # with room on both sides
SPACE = join([mo(Markup("&#8290;")), element("mspace", width="0.12em")])  # an invisible times sign


def math(*parts: Markup) -> Markup:
    """One formula of its own."""
    return element("math", mrow(*parts), displaystyle="true")


def terms(expression: Any) -> tuple[Markup, ...]:
    """The terms of an expression, each a formula of its own with its sign, so that a line can break between them.

    Nothing for what is no expression, or one that cannot be typeset.

    >>> terms("x + 1")
    ()
    """
    try:
        parts = _terms(expression) if getattr(expression, "is_Add", False) else [expression]
        return tuple(math(*_signed(term, place)) for place, term in enumerate(parts))
    except Exception:  # no expression that sympy can make may cost the user the report
        return ()


def equals(name: str) -> Markup:
    """The head of a formula: the name of what it gives, and an equals sign."""
    return math(symbol(name), mo("="))


def symbol(name: str) -> Markup:
    """A name as an identifier: Greek letters by name, a trailing number as an index.

    >>> symbol("beta_1"), symbol("mass")
    ('<msub><mi>β</mi><mn>1</mn></msub>', '<mi>mass</mi>')
    """
    match = re.fullmatch(r"([A-Za-z]+)_?(\d+)", name)
    if match:
        return msub(symbol(match[1]), mn(match[2]))
    word = GREEK.get(name.lower(), "")
    if word and name[0].isupper():
        word = word.upper()
    return mi(word or cut(name, LONGEST_SYMBOL))


def render(e: Any, around: int = PLAIN) -> Markup:
    """The MathML of an expression, in brackets where what surrounds it asks for them."""
    if not hasattr(e, "args"):
        raise TypeError(f"{e!r} is no expression")
    kind = type(e).__name__
    if e.is_Symbol:
        return symbol(str(e))
    if e.is_Number or kind in CONSTANTS:
        return _number(e, kind, around)
    if e.is_Add:
        out = join(part for place, term in enumerate(_terms(e)) for part in _signed(term, place))
        return _brackets(out) if around else mrow(out)
    if e.is_Mul:
        return _product(e, around)
    if e.is_Pow:
        return _power(e, around)
    return _function(e, kind, around)


def _terms(e: Any) -> list[Any]:
    """The terms of a sum in sympy's order, one that starts with a plus first."""
    found = list(e.as_ordered_terms())
    first = next((k for k, term in enumerate(found) if not _negative(term)), 0)
    return [found[first], *found[:first], *found[first + 1 :]]


def _signed(term: Any, place: int) -> list[Markup]:
    """A term with its sign; the first has none where it is positive."""
    if _negative(term):
        return [BETWEEN_MINUS if place else MINUS, render(-term)]
    return [BETWEEN_PLUS, render(term)] if place else [render(term)]


def _negative(e: Any) -> bool:
    coefficient = e.as_coeff_Mul()[0]
    return bool(coefficient.is_number and coefficient.is_extended_negative) and not e.is_Add


def _brackets(inner: Markup, left: str = "(", right: str = ")") -> Markup:
    return mrow(mo(left, fence="true"), mrow(inner), mo(right, fence="true"))


def _negated(inner: Markup, around: int) -> Markup:
    out = join([MINUS, inner])
    return _brackets(out) if around else mrow(out)


def _number(e: Any, kind: str, around: int) -> Markup:
    if kind in CONSTANTS:
        return mi(CONSTANTS[kind])
    if kind in ("NaN", "NegativeInfinity"):
        return mtext("nan") if kind == "NaN" else mrow(MINUS, mi("∞"))
    if e.is_extended_negative:
        return _negated(render(-e, FACTOR), around)
    if e.is_Rational and not e.is_Integer:
        inner = mfrac(mn(e.p), mn(e.q))
        return _brackets(inner) if around == BASE else inner
    text = str(e) if e.is_Integer else f"{float(e):.{DIGITS_SHOWN}g}"
    if "e" not in text:
        return mn(text)
    mantissa, exponent = text.split("e")
    ten = msup(mn("10"), mn(str(int(exponent)).replace("-", "−")))
    return ten if mantissa == "1" else mrow(mn(mantissa), TIMES_DOT, ten)


def _product(e: Any, around: int) -> Markup:
    if _negative(e):
        return _negated(render(-e), around)
    above, below = [], []
    for factor in e.as_ordered_factors():
        if factor.is_Rational and not factor.is_Integer:
            above += [] if factor.p == 1 else [mn(factor.p)]
            below.append(mn(factor.q))
        elif factor.is_Pow and factor.exp.is_number and _negative(factor.exp):
            below.append(factor.base ** (-factor.exp))
        else:
            above.append(factor)
    if below:
        inner = mfrac(mrow(_factors(above) if above else mn("1")), mrow(_factors(below)))
    else:
        inner = _factors(above)
    return _brackets(inner) if around == BASE else inner


def _factors(parts: list[Any]) -> Markup:
    """Factors in a row, a dot before a number, else a thin space."""
    if len(parts) == 1:
        return parts[0] if isinstance(parts[0], Markup) else render(parts[0])
    shown = [part if isinstance(part, Markup) else render(part, FACTOR) for part in parts]
    out = [shown[0]]
    for inner in shown[1:]:
        starts_with_digit = inner.startswith(("<mn>", "<mrow><mn>", "<msup><mn>"))
        out += [TIMES_DOT if starts_with_digit else SPACE, inner]
    return mrow(*out)


def _power(e: Any, around: int) -> Markup:
    base, exponent = e.base, e.exp
    if exponent.is_number and _negative(exponent):
        inner = mfrac(mn("1"), mrow(render(base ** (-exponent))))
    elif exponent.is_Rational and exponent.p == 1 and exponent.q in (2, 3):
        root = render(base)
        return element("msqrt", root) if exponent.q == 2 else element("mroot", mrow(root), mn("3"))
    else:
        inner = msup(render(base, BASE), mrow(render(exponent)))
    return _brackets(inner) if around == BASE else inner


def _function(e: Any, kind: str, around: int) -> Markup:
    inner = [render(argument) for argument in e.args]
    if kind == "exp" and not e.args[0].is_Add and len(str(e.args[0])) <= LONGEST_EXPONENT:
        out = msup(mi("e"), mrow(inner[0]))
        return _brackets(out) if around == BASE else out
    if kind == "Abs":
        return _brackets(inner[0], "|", "|")
    if kind in BESSEL:
        return mrow(msub(mi(BESSEL[kind]), inner[0]), _brackets(inner[1]))
    if not e.is_Function and kind not in ("Max", "Min"):
        return mtext(e)
    called = e.func.__name__
    match = re.fullmatch(r"([A-Za-z]+)((?:_\d+)+)", called)
    head = mi(FUNCTION_NAMES.get(called, called))
    if match:
        head = msub(symbol(match[1]), mtext(match[2][1:].replace("_", ",")))
    return mrow(head, _brackets(join(inner, mo(","))))
