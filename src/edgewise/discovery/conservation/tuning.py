"""The numbers that steer the search for conserved quantities: each with its meaning, unit and reason. "Not measured"
says that a value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConservationTuning:
    """All of them, in the order in which a search comes across them. Change one with `dataclasses.replace`."""

    rows: int = 60
    """States that a search for conserved quantities needs: three for each of twenty terms."""
    most_rows: int = 1500
    """States that are looked at, at most: five for each of the most terms."""
    atoms: int = 6
    """Functions out of the laws of motion that are factors, at most. Not measured."""
    degree: int = 4
    """Factors of a term, at most. Kepler's orbit needs three, as `experiments/mechanics` shows."""
    terms: int = 300
    """Terms at once, at most: their null space takes a tenth of a second."""
    weighing: int = 10
    """Times that rows and columns are divided by the roots of their sizes: each halves their logarithms, so that a
    million is left as 1.01."""
    dependent: float = 1e-7
    """Part of a term that other terms do not give, below which it is their sum, as r^2 is x^2 + y^2: the root of
    round-off."""
    null_rate: float = 1e-9
    """Rate of a sum of terms, in units of its terms', up to which it may be conserved: velocities have nine digits."""
    drift: float = 1e-8
    """Drift of a conserved quantity on rows that judge, at most: an order of magnitude more than on those that fit."""
    absent: float = 1e-6
    """Weight of a term, in units of the largest one, below which it does not stand in a sum. Not measured."""
    weight: float = 1e-8
    """Relative error of a weight within which it is a simple number."""
    minus_bits: float = 0.5
    """Cost of a minus before a term, so that of two equal forms the one with plus signs is told. Not measured."""
    same_direction: float = 1e-6
    """Singular value of gradients of unit length below which one of them is a combination of the others."""
    same_quantity: float = 1e-6
    """Part of a quantity that products of others leave, below which it is no new one."""


CONSERVATION = ConservationTuning()
