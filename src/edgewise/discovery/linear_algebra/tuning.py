"""The numbers that steer linear algebra on columns: each with its meaning, unit and reason. "Not measured" says that a
value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinearAlgebraTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ columns and polynomials (polynomials.py)

    least_spread: float = 1e-9
    """Part of a column's size that must vary for it to be a term: round-off."""
    rows_a_term: float = 3.0
    """Rows for each term, at least: with fewer, null vectors would be chance. Not measured."""
    rows_a_feature: float = 2.0
    """Rows for each feature, at least. Held-out rows choose the degree, so that noise does not follow from few rows.
    With 4, fast waves of two columns are not seen on 1000 rows."""
    degree: int = 24
    """Degree of a polynomial, at most: higher ones oscillate between the rows."""

    # ------------------------------------------------------------------ pairs (pairs.py)

    same: float = 1e-9
    """Part of a term that another one must leave for both to be a pair: below, round-off decides."""
    extended: int = 3
    """Pairs to which further terms are added. Not measured."""
    most_terms: int = 5
    """Terms of one sum, at most. Not measured."""
    gain: float = 0.5
    """Factor by which a further term must lower the error. Not measured."""

    # ------------------------------------------------------------------ directions (directions.py)

    null_factor: float = 3.0
    """Errors of the gradient within which a combination of its columns counts as zero."""
    null_round_off: float = 1e-8
    """The same where the surrogate is exact, as a part of the columns' size."""
    null_most: float = 0.1
    """What such a combination may leave at most, whatever the surrogate's error. Not measured."""
    denominator: int = 4
    """Of the fractions that a null vector is made of, at most."""
    numerator: int = 8
    """Of these fractions, at most."""
    null_tried: float = 0.3
    """What the surrogate's own null vectors may leave, to be tried with simple entries. Not measured."""
    null_counts: int = 3
    """Numbers of null vectors that are offered, at most, the most vectors first."""
    independent: float = 1e-3
    """Least singular value of the pivots of null vectors, each of length one, for these to count as independent: three
    digits are lost at most, which leaves a short fraction certain. Not measured."""
    near_zero: float = 0.1
    """Part of a column's size below which its smallest value is near zero: what is divided by it has wild rows."""
    shy_pivot: float = 20.0
    """Cost of dividing by such a column, where a short fraction costs 1 to 5. Not measured."""
    pivot_choices: int = 300
    """Choices of pivots that are compared, at most."""


LINEAR_ALGEBRA = LinearAlgebraTuning()
