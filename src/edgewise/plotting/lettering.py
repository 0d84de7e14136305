"""How much room text takes, and how it is cut to fit. No drawing library is asked."""

from __future__ import annotations

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


def cut(text: str, letters: int) -> str:
    """The text in at most so many letters, with an ellipsis in the middle: names often differ at both ends.

    >>> cut("temperature_of_the_sample", 10)
    'tempe…mple'
    """
    return text if len(text) <= letters else _both_ends(text, letters - 1)


def shorten(text: str, size: float, room: float) -> str:
    """The text, cut in the middle until it fits into `room` inches.

    >>> shorten("temperature_of_the_sample", 10, 1.0)
    'tempe…mple'
    """
    if width(text, size) <= room:
        return text
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(_both_ends(text, middle), size) <= room else (low, middle - 1)
    return _both_ends(text, low)


def _both_ends(text: str, keep: int) -> str:
    return text[: (keep + 1) // 2] + "…" + (text[-(keep // 2) :] if keep > 1 else "")
