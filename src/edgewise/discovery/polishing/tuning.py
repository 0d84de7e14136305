"""The numbers that steer fits of constants, and simple ones in their place: each with its meaning, unit and reason.
"Not measured" says that a value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PolishingTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ digits (exactness.py)

    few_constants: int = 2
    """Fitted constants that an exact law may have to nine digits; each further one takes a digit more. A formula of
    eight constants gave nine digits of `1 - cos(x)` on two thirds of a period, and was wrong beyond."""
    digit: float = 0.1
    """What a digit divides an error by."""

    # ------------------------------------------------------------------ candidates (polish.py)

    tries: int = 72
    """Candidates of one search whose constants are fitted: about a dozen of those with three, among which the law of
    Planck was the tenth."""
    quick_rows: int = 300
    """Rows of the first fit of a candidate's constants."""
    quick_steps: int = 25
    """Steps of it, at most. Not measured."""
    steps: int = 60
    """Steps of the last fit, at most. Not measured."""
    kept: int = 8
    """Candidates of one search that are fitted to all rows and made simpler. Not measured."""

    # ------------------------------------------------------------------ simpler formulas (snapping.py, drop_terms.py)

    hopeless: float = 30.0
    """Factor by which a formula without a term may be worse on few rows, after few steps, to be fitted to all."""
    reach: float = 3.0
    """Standard errors within which a constant may be set to a simple number."""
    one_reach: float = 0.2
    """The same reach as a number, up to which a constant near one is set to one. That is no number at all, and formulas
    are full of it, so chance is asked for nothing. On the knots the reach is 0.06."""
    worse: float = 4.0
    """Loss, in units of the noise's variance, that setting one constant may cost: two standard deviations, squared."""
    refused: float = 1e-4
    """Chance that the rows seem to refuse simple numbers that are true. Those of rough surrogates had chances below
    1e-9."""


POLISHING = PolishingTuning()
