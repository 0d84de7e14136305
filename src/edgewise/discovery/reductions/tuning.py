"""The numbers that steer the steps to fewer columns: each with its meaning, unit and reason. "Not measured" says that a
value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReductionTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ surrogates (surrogate.py)

    features: int = 800
    """Features of a polynomial, at most: a fit of so many takes half a second."""
    surrogate_rows: int = 6000
    """Rows to which a surrogate is fitted, at most."""
    growth: float = 0.6
    """Features that come next, as a part of those that are there. Not measured."""
    good_enough: float = 1e-6
    """Relative error of a surrogate that shows all structure there is. Not measured."""
    compared_rows: int = 2000
    """Rows on which scales and images of y are compared, at most."""
    compared_features: int = 160
    """Features with which they are compared."""
    climbs: int = 2
    """Of these, those that get all rows and features."""
    heaviest: float = 10.0
    """Weight of a row, in units of the 95 % quantile, at most: else the zeros of y decide."""
    noisy: float = 3.0
    """Held-out error of a surrogate, in units of the difference of two degrees, from which it counts as noise."""
    guides: float = 0.7
    """Held-out error of a surrogate, in units of the spread, above which raw rows guide a search: half of the variance.
    `J0(20 x) + 0.3` on 360 rows left 0.83, looked like noise, and was missed on 6 seeds of 12."""

    # ------------------------------------------------------------------ idle columns (idle_columns.py)

    idle: float = 3.0
    """What a column that may be idle moves the surrogate by, in units of its error, at most. Not measured."""

    # ------------------------------------------------------------------ columns that say all (one_says_all.py)

    order_rows: int = 2000
    """Rows that are put in order, at most: they show some hundred waves."""
    order_columns: int = 2000
    """Columns in whose order they are put, at most: half a second."""
    order_block: int = 100
    """Columns whose orders are looked at side by side: memory of some ten megabytes."""
    order_tried: int = 20
    """Columns for which simple powers before them are tried. Not measured."""
    order_before: int = 12
    """Columns up to which powers of them are looked for: a matrix of their products for each order takes seconds."""
    order_weights: tuple[int, ...] = (1, 2, 3)
    """Weights of two columns in a sum. Not measured."""
    order_powers: tuple[int, ...] = (1, 2, 3)
    """Powers of two columns in a product. Not measured."""
    order_left: float = 0.5
    """Part of the spread of y that rows may be off the line between neighbours. Not measured."""
    order_clear: float = 0.01
    """The same, up to which a column is followed even where a surrogate of all columns leaves less: on 1000 rows, that
    is curvature. Not measured."""
    order_near: float = 1.05
    """Factor by which a shorter column may leave more than the best one, or the best one more than a surrogate: what
    some thousand rows under noise tell apart."""


REDUCTIONS = ReductionTuning()
