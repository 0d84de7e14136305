"""Numbers and scores in words, as tables and headings show them."""

from __future__ import annotations

import math
from typing import Any

from ..plotting.wording import clean, number

SCORE_WORDS = {"rmse": "RMSE", "mae": "MAE", "r2": "R²", "d2": "D²", "cross_entropy": "cross-entropy"}
BOUNDED_BY_ONE = ("r2", "d2", "accuracy")  # scores whose distance from 1 is what matters
ALMOST_ONE = 0.999  # above this, four digits no longer tell such a score from 1


def amount(value: Any, digits: int = 4) -> str:
    """A number in so many digits, or a dash for one that is missing or not finite.

    >>> amount(0.123456), amount(None), amount(12345.6)
    ('0.1235', '–', '12346')
    """
    if value is None or isinstance(value, str):
        return clean(value) if value else "–"
    value = float(value)
    if not math.isfinite(value):
        return "–"
    if 1000 <= abs(value) < 1e6:  # whole numbers read better than powers of ten here
        return f"{value:.0f}".replace("-", "−")
    return number(value, digits)


def share(value: Any) -> str:
    """A part of 1 with as many nines as it has: 0.99997 must not read as 1.

    >>> share(0.99999712), share(0.5), share(1.0), share(-3.2)
    ('0.9999971', '0.5', '1', '−3.2')
    """
    if value is None or isinstance(value, str) or not ALMOST_ONE < float(value) < 1:
        return amount(value)
    digits = 1 - math.floor(math.log10(1 - float(value)))
    return f"{float(value):.{digits}f}".rstrip("0")


def score(kind: str, value: Any) -> str:
    """The value of a score of this kind.

    >>> score("r2", 0.99999712), score("rmse", 0.99999712)
    ('0.9999971', '1')
    """
    return share(value) if kind in BOUNDED_BY_ONE else amount(value)


def score_words(kind: str) -> str:
    """The kind of a score in words.

    >>> score_words("r2"), score_words("log_loss")
    ('R²', 'log loss')
    """
    return SCORE_WORDS.get(kind) or clean(kind.replace("_", " "))
