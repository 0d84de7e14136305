"""Fonts that have the letters of a picture: matplotlib's own font knows no Chinese, and warns once for each letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from ..errors import require

SURE = "DejaVu Sans"  # comes with matplotlib
PLACEHOLDERS = "Last Resort"  # begins the name of a font whose letters only show that there is none
UPRIGHT = (300, 500)  # weights of plain text, from light to medium
MISSING = "\u25a1"  # a box, as matplotlib draws it


def families_for(texts: Iterable[str]) -> tuple[list[str], set[str]]:
    """Font families, each for what the ones before it lack, and the letters that no font here has.

    The usual families come first. Others are looked for among all fonts that matplotlib finds, only where letters are
    missing.

    >>> families_for(["plain text"])[1]
    set()
    """
    fonts = require("matplotlib.font_manager")
    usual = list(require("matplotlib").rcParams["font.family"])
    wanted = {letter for text in texts for letter in text if not letter.isspace()}
    for family in usual:
        wanted -= _covered(wanted, fonts.findfont(fonts.FontProperties(family=[family])))
    families, others = [*usual], {} if not wanted else _fonts(fonts)
    while wanted and others:
        had = {name: _covered(wanted, path) for name, path in others.items()}
        best = max(had, key=lambda name: len(had[name]))  # the first of equals
        if not had[best]:
            break
        families.append(best)
        wanted -= had[best]
        others = {name: path for name, path in others.items() if had[name] and name != best}
    return families, wanted


def without(text: str, letters: set[str]) -> str:
    """The text with boxes for these letters; marks that stand on other letters are left out.

    >>> without("温 (K)", {"温"})
    '□ (K)'
    """
    return "".join(
        letter if letter not in letters else "" if unicodedata.category(letter).startswith("M") else MISSING
        for letter in text
    )


def _fonts(fonts: Any) -> dict[str, str]:
    """Family -> file, of all fonts for plain text: the one that is always there, then the others by name."""
    plain = {
        entry.name: entry.fname
        for entry in fonts.fontManager.ttflist
        if entry.style == "normal" and _plain(entry.weight) and not entry.name.startswith(PLACEHOLDERS)
    }
    return {name: plain[name] for name in sorted(plain, key=lambda name: (name != SURE, name))}


def _plain(weight: Any) -> bool:
    return UPRIGHT[0] <= weight <= UPRIGHT[1] if isinstance(weight, int) else weight in ("normal", "regular", "book")


def _covered(letters: set[str], path: str) -> set[str]:
    """Those of the letters that the font in this file has; none where it cannot be read."""
    try:
        font = require("matplotlib.font_manager").get_font(path)
        return {letter for letter in letters if font.get_char_index(ord(letter))}
    except (OSError, RuntimeError):
        return set()
