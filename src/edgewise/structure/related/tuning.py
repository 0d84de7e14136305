"""The numbers that steer the search for relations: each with its meaning, unit and reason. "Not measured" says that a
value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RelationTuning:
    """All of them. Change one with `dataclasses.replace`."""

    rows: int = 4000
    """Rows that are looked at, at most: a fit of so many takes a second at most."""
    least_rows: int = 60
    """Rows that the search needs: 30 to fit, and 15 each to choose and to judge."""
    columns: int = 40
    """Columns of a table, at most: every one is fitted to all others, and every two may have a product. Thirty take 20
    seconds where one relation is there."""
    fitted: float = 0.5
    """Part of the rows that functions are fitted to."""
    choosing: float = 0.25
    """Part of the rows that choose between them. The others judge, and nothing else."""
    unexplained: float = 0.5
    """Part of the variance of a column that a relation leaves unexplained on rows that judge, at most: columns that
    know less of each other are dependent, but not tied."""
    close: float = 1e-3
    """Unexplained part of the variance from which an explanation counts as close. Of close ones, the one by fewest
    columns is taken first."""
    remnant: float = 10.0
    """Factor on what an earlier relation leaves unexplained, up to which one that shares two columns with it is another
    one. What is left of a relation without a column explains far less. Not measured."""
    given_back: float = 0.5
    """What is left of an explanation with the columns of earlier relations given back, in units of what is left without
    them, below which it is a remnant of these. On the knots, 0.9 to 1 for a new relation, 1e-4 for a remnant."""
    chance: float = 0.05
    """Probability of a relation among columns that have none, over all columns of a table."""
    permutations: int = 1999
    """Permutations of a test: the smallest p-value is 1 / 2000."""
    products: int = 5
    """Products of two columns that a fit has room for."""
    worse: float = 3.0
    """Standard errors by which rows must get worse for a column to be kept in a relation."""
    intervals: int = 8
    """Of the grid of a column in an implicit relation."""
    degree: int = 3
    """Of its splines."""
    rough: float = 0.02
    """Size of a function of a column, in units of the largest, below which it is left out: it would be fitted to few
    rows. Not measured."""
    spared: float = 4.0
    """Factor by which the variance of a conserved sum may grow when a column is taken out: its curves fit noise as
    well. Not measured."""
    directions: float = 1e-3
    """Part of the variance below which a sum counts as conserved, whatever it was with more columns: splines are no
    better on a grid of eight intervals."""
    closed: float = 1.1
    """Factor on the error of a fit up to which a closed form is as good: ten percent, as for `symbolify`."""
    exact: float = 1e-2
    """Unexplained part of the variance up to which a relation may be an exact one that a fit does not reach: sums of
    functions are then looked at, and networks with a hidden layer."""
    precise: float = 1e-12
    """Unexplained part of the variance up to which a closed form is exact, whatever a fit reaches."""


TUNED = RelationTuning()
