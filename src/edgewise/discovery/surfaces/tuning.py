"""The numbers that steer the search for surfaces: each with its meaning, unit and reason. "Not measured" says that a
value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SurfaceTuning:
    """All of them, in the order in which a search comes across them. Change one with `dataclasses.replace`."""

    least: int = 200
    """Rows from which a surface can be looked for. Not measured."""
    fitted: float = 0.8
    """Part of the rows that fit; the others judge."""
    network: int = 4000
    """Rows to which the network is fitted that tells what is near the surface: more take time, and it is a guide."""
    rows: int = 800
    """Rows nearest to the surface on which terms are compared. Not measured."""
    part: float = 0.1
    """Part of the rows, the nearest to the surface, to which the weights are fitted. At 0.3 the mobility edges of
    chains are up to 2 % off, at 0.1 below 1 %: far rows tell how sharp the surface is, not where."""
    terms: int = 240
    """Terms, at most: 30,000 pairs of them take some seconds."""
    followed: int = 10
    """Sums that get further terms. Not measured."""
    longest: int = 5
    """Terms of a sum, at most, the constant among them. Not measured."""
    sharpness: float = 10.0
    """Factor by which a surface may be sharper or dimmer than usual at a row, at most. Not measured."""
    wrong: float = 0.01
    """Part of the labels that are wrong anywhere, before rows far from the surface tell it. Not measured."""
    most_wrong: float = 0.25
    """The same part, at most: of a network that is often wrong nobody knows why. Not measured."""
    rough: int = 2
    """Newton's steps, from the sum without the term, by which the likely terms are told. Not measured."""
    likely: int = 6
    """Terms that are fitted to the end, for each that is wanted. Not measured."""
    rounds: int = 3
    """Times that sums are looked for with the sharpness of the best, at most. Not measured."""
    ridge: float = 1e-6
    """Penalty on the squares of weights, for each row: it matters only where classes come apart."""
    steps: int = 25
    """Newton's steps of a regression, at most."""
    halvings: int = 6
    """Times that a step is halved, at most."""
    close: float = 1e-3
    """Fall of minus the log likelihood below which no more steps are taken: a thousandth of a bit."""


SURFACES = SurfaceTuning()
