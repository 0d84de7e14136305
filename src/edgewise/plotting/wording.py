"""Names, numbers and closed forms in words."""

from __future__ import annotations

import math
import re
import unicodedata

# Unicode categories: control, format (as of text that runs backwards), surrogate, private, unassigned, separators
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
_AS_POWER = re.compile(r"(1/)?x\^\(?(-?\d+(?:\.\d+)?|-?\d+/\d+)\)?")


def clean(name: object) -> str:
    """A name on one line, without control characters, and never empty: '?' stands for nothing.

    >>> clean("a\\tb")
    'a b'
    """
    text = "".join(" " if unicodedata.category(char) in UNPRINTABLE else char for char in str(name))
    return " ".join(text.split()) or "?"


def number(value: float, digits: int = 3) -> str:
    """A number in at most this many digits, with a real minus sign.

    >>> number(-0.0000123456), number(2.0), number(1234567.0)
    ('−1.23e−5', '2', '1.23e6')
    """
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "nan")
    text = f"{value:.0f}" if abs(value) < 1e4 and value == round(value) else f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    text = "0" if text in ("-0", "0") else text
    return text.replace("-", "−")


def call(primitive: str, argument: str) -> str:
    """f(argument) in words, for a closed form of this name.

    >>> call("x^2", "x"), call("sqrt", "x + 1"), call("gaussian", "x"), call("x", "x")
    ('x²', '√(x + 1)', 'exp(−x²)', 'x')
    """
    plain = re.fullmatch(r"[^\W\d]\w*", argument) is not None
    inner = argument if plain else f"({argument})"
    match = _AS_POWER.fullmatch(primitive)
    if primitive == "x":
        return argument
    if primitive == "0":
        return "0"
    if match:
        raised = f"{inner}^({match[2]})" if "/" in match[2] else inner + match[2].translate(_RAISED)
        return f"1/{raised}" if match[1] else raised
    if primitive in ("1/x", "sqrt", "1/sqrt", "abs", "gaussian"):
        return {
            "1/x": f"1/{inner}",
            "sqrt": f"√{inner}",
            "1/sqrt": f"1/√{inner}",
            "abs": f"|{argument}|",
            "gaussian": f"exp(−{inner}²)",
        }[primitive]
    return f"{primitive}({argument})"


def closed_form(primitive: str, constants: tuple[float, float, float, float], variable: str, digits: int = 3) -> str:
    """c f(a x + b) + d in words; constants that round to nothing are left out.

    >>> closed_form("sin", (3.0, 0.5, -1.0, 0.0), "x")
    '−sin(3x + 0.5)'
    >>> closed_form("x", (1.0, 0.0, 2.0, -1.0), "t")
    '2t − 1'
    """
    a, b, c, d = (float(v) for v in constants)
    argument = _plus(_times(a, variable, digits), b, abs(a), digits)
    if primitive == "0" or c == 0:
        return number(d, digits)
    if primitive == "x" and b != 0:
        a, b, c, d = 1.0, 0.0, c * a, c * b + d
        argument = variable
    if primitive == "x":
        return _plus(_times(c * a, variable, digits), d, abs(c * a), digits)
    return _plus(_times(c, call(primitive, argument), digits), d, abs(c), digits)


def _constant(value: float, digits: int) -> str:
    """A number, with multiples of pi by name."""
    turns = round(value / math.pi) if math.isfinite(value) else 0
    if turns and abs(turns) < 100 and abs(value - turns * math.pi) < 1e-9 * abs(value):
        return {1: "π", -1: "−π"}.get(turns, f"{turns}π".replace("-", "−"))
    return number(value, digits)


def _times(factor: float, text: str, digits: int) -> str:
    shown = _constant(factor, digits)
    if shown == "1":
        return text
    if shown == "−1":
        return "−" + text
    return shown + text if len(text) == 1 and text.isalpha() and "e" not in shown else f"{shown} {text}"


def _plus(text: str, value: float, beside: float, digits: int) -> str:
    if abs(value) <= 10.0 ** (-digits - 1) * beside or value == 0:
        return text
    shown = _constant(abs(value), digits)
    return f"{text} − {shown}" if value < 0 else f"{text} + {shown}"
