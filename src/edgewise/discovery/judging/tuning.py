"""The numbers that verdicts rest on: each with its meaning, unit and reason. "Not measured" says that a value was
chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JudgingTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ the front (laws.py)

    nearer: float = 0.98
    """Part of a shorter formula's error that a longer one may leave at most: a few thousand rows tell two percent."""

    # ------------------------------------------------------------------ verdict (verdict.py)

    shown: float = 1e-7
    """What a relative change of a free constant changes at least, for each unit of it, where it shows. Of
    `atan(1e13*x)` it shows within 1e-3 of the step. Not measured."""
    showing: float = 0.01
    """Part of the rows in which a change of a free constant must show. Not measured."""
    chance: float = 1e-3
    """Chance of a false alarm of each test."""

    # ------------------------------------------------------------------ what is left (lack_of_fit.py)

    test_features: int = 300
    """Features of a polynomial that what is left is tested with, at most."""
    test_parts: int = 24
    """Parts of a formula along which what is left is tested, at most. Not measured."""
    test_degree: int = 6
    """Degree of the polynomials of one part: a wrong function of it crosses the right one a few times. Not measured."""
    test_bins: tuple[int, int] = (128, 32)
    """Bins of a column where waves are looked for, and periods, at most: four bins a period lose a tenth of a wave."""
    test_columns: int = 6
    """Columns, at most, where rows can lie close: among 8000 rows in six, a quarter of each width apart."""
    test_near: int = 3
    """Neighbours of each row that it is compared with. Not measured."""
    test_side: float = 0.2
    """Part of the rows on each side of a law, at least, beside outliers: so skewed is lognormal noise of spread 1.7."""


JUDGING = JudgingTuning()
