"""Text as boxes: how much room a label takes, how to shorten it, and closed forms in plain words. No drawing library is
asked."""

from __future__ import annotations

import math
import re
import unicodedata

# Advance widths of DejaVu Sans in em, rounded up; it is wider than most, so other fonts fit too.
_WIDTHS = {
    0.33: "'ijlIJ ,.|",
    0.42: "/:;\\-f()[]!t",
    0.52: 'r"*_`',
    0.60: "sz?cLFk",
    0.67: "vxyPTYaeo$0123456789ESbdghnpqu{}",
    0.79: "KABVXZCRUNHD",
    0.87: "&GOQw#+<=>^~",
    1.03: "M%mW@",
}
_ADVANCE = {char: width for width, chars in _WIDTHS.items() for char in chars}
_RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
_AS_POWER = re.compile(r"(1/)?x\^\(?(-?\d+(?:\.\d+)?|-?\d+/\d+)\)?")
LINE_HEIGHT = 1.3  # of a line in em
POINTS_PER_INCH = 72.0


def width(text: str, size: float) -> float:
    """Inches that `text` takes at this size in points, at most.

    >>> width("ii", 10) < width("mm", 10)
    True
    """
    return sum(_advance(char) for char in text) * size / POINTS_PER_INCH


def height(size: float) -> float:
    """Inches that one line takes at this size in points."""
    return LINE_HEIGHT * size / POINTS_PER_INCH


def _advance(char: str) -> float:
    known = _ADVANCE.get(char)
    if known is not None:
        return known
    if unicodedata.combining(char):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(char) in "WF" or ord(char) > 0xFFFF else 0.88


def clean(name: object) -> str:
    """A name on one line, without control characters; never empty.

    >>> clean("a\\tb")
    'a b'
    """
    text = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else char for char in str(name)
    )
    return " ".join(text.split()) or "?"


def shorten(text: str, size: float, room: float) -> str:
    """The text, cut in the middle with an ellipsis until it fits `room` inches: names often differ at both ends.

    >>> shorten("temperature_of_the_sample", 10, 1.0)
    'tempe…mple'
    """
    if width(text, size) <= room:
        return text
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(_cut(text, middle), size) <= room else (low, middle - 1)
    return _cut(text, low)


def _cut(text: str, keep: int) -> str:
    return text[: (keep + 1) // 2] + "…" + (text[-(keep // 2) :] if keep > 1 else "")


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
