"""The numbers that steer what is proposed: each with its meaning, unit and reason. "Not measured" says that a value was
chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProposalTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ terms (term_library.py)

    terms: int = 1500
    """Terms in one library, at most: all pairs of them take a fifth of a second."""
    powers: int = 300
    """Products of powers in it, at most."""
    scales: tuple[float, float, int] = (0.1, 30.0, 18)
    """Scales of an argument of one variable: ends in units of its spread, and their number. Neighbours differ by 40
    percent, which least squares for the constants overcome."""
    frequencies: tuple[float, int] = (1.5, 40)
    """Scales of waves: their distance, in radians over the rows, and their number: ten periods, at most."""

    # ------------------------------------------------------------------ products and sums (power_products.py, sums.py)

    followed: int = 8
    """Sums of one and of two terms under one output transform that are followed. Not measured."""
    singles: int = 30
    """Shapes beside a product of powers that are followed. Not measured."""
    largest_power: float = 4.0
    """Power of a shape above which a product is no law."""
    near_power: float = 0.12
    """Distance of a power from a simple one up to which that is tried, too. Not measured."""
    as_good_as: float = 0.002
    """The same, up to which only that one is tried: least squares for the constants settle the rest."""
    below: int = 40
    """Products of powers below a fraction line, at most. Not measured."""

    # ------------------------------------------------------------------ one column (one_column.py)

    growths: tuple[float, ...] = (0.0, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0, -4.0, 4.0)
    """Growth of a wave over half of the rows' range, as exponents: neighbours differ by what least squares overcome."""
    far_waves: int = 200
    """The number of scales of waves that do not grow: fifty periods, at most."""
    wave_powers: tuple[float, ...] = (-2.0, -1.0, 1.0, 2.0)
    """Powers of a column that may stand before a wave. Not measured."""
    places: tuple[float, ...] = (-1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
    """Places of a shape, from the middle of the rows, in halves of their range. Not measured."""
    steepness: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    """Scales of a shape with a place, in units of one over half of the range. Not measured."""
    gaps: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0)
    """Distances of a pole from the rows, in halves of their range. Not measured."""
    exponents: tuple[float, float, int] = (-3.9, 3.9, 40)
    """Powers beside a constant: ends and their number. Zero, which is a constant, is none of them."""

    # ------------------------------------------------------------------ sparse polynomials (sparse.py)

    sparse_degree: int = 6
    """Degree of a polynomial of few terms, at most."""
    sparse_terms: int = 90
    """Monomials that are fitted at once, at most: they go one by one, each after a fit of a millisecond."""
    sparse_left: float = 1e-6
    """Part of the target that all of them may leave, but for noise: a law is met to round-off."""
    cancelled: float = 1e-8
    """Part of the sizes of its terms below which a sum is zero but for round-off. Not measured."""
    settled: float = 1.05
    """Factor by which a degree more, but for its constants, may lower what is left by noise alone. Not measured."""
    noise_at_most: float = 0.2
    """Part of the spread of the target that such noise may be: above it any rough polynomial would do. Not measured."""
    sparse_kept: int = 12
    """Terms of such a polynomial, at most. Not measured."""

    # ------------------------------------------------------------------ quotients (quotients.py)

    quotient_columns: int = 12
    """Columns, at most: all sums of two of 25 terms take 4000 divisors, and 90 products above the line."""
    quotient_scales: tuple[float, ...] = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    """Weights of the second term below the line, in units of the terms' sizes. Not measured."""
    quotient_zero: float = 0.02
    """Part of its size that what is below the line must keep: at a zero of it, few rows decide. Not measured."""
    quotients: int = 12
    """Quotients whose constants are fitted. On the knots the law is the first of them."""


PROPOSALS = ProposalTuning()
