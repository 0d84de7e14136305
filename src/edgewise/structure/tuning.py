"""The numbers that steer the tests of structure: each with its meaning, unit and reason. "Not measured" says that a
value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StructureTuning:
    """All of them. Change one with `dataclasses.replace`."""

    rows: int = 600
    """Rows that a test looks at, at most: what is wrong shows on most rows or on none. Not measured."""
    least_rows: int = 20
    """Rows with finite values that a test needs: five percent of them are one row."""
    threshold: float = 2.0
    """Root mean square of a violation, in units of the function's own error, up to which a structure holds. Measured on
    45 functions with smooth errors of 1e-3 and 1e-2: 0.8 to 1.1 where the structure is there, 2.3 and more where not.
    So errors may be told too small or too large by a factor of two."""
    trimmed: float = 0.05
    """Part of the rows, those of the largest violation, that count no more than the next: errors have long tails."""
    usual: float = 0.75
    """Part of the rows whose scale, in units of their errors, is below what counts as usual: next to the root mean
    square of normal numbers, without its tails."""
    sharp: float = 0.2
    """Relative violation that the noise may hide, at most: a structure that could be off by more is not claimed.
    Measured as above, at an error of 1e-2: 0.1 leaves out 3 percent of what is there, 0.2 one."""
    finite: float = 0.5
    """Part of the rows whose values must be finite: exchanged columns may leave the domain of a function."""
    disagreement: float = 1e-3
    """Relative difference up to which the derivatives of torch and differences agree: those that torch leaves out are
    wrong by more."""
    jitter: float = 16.0
    """Units in the last place by which the columns are moved to see what round-off does. Inputs are rounded anyway, by
    one; 16 are seen above the noise of one evaluation."""
    jitters: int = 2
    """Such moves for each row."""
    steady: float = 0.3
    """Part of the usual relative round-off that every row has at least. Two moves show less than that by chance on 5
    percent of the rows."""
    smallest: float = 1e-60
    """Usual size of a function, at least, and its inverse at most: tests multiply four values, which must not leave the
    range of float64."""
    listed: int = 12
    """Findings of one kind that a printed result shows, at most."""
    floor: float = 4.0
    """Units in the last place of a value that its error is at least."""
    slope_noise: float = 10.0
    """Error of a gradient of a surrogate over that of its values, both in units of the spreads of f and of a column.
    Measured on networks fitted to laws: 5 to 10."""
    widest_step: float = 0.1
    """Widest step of a difference, in ranges of a column."""
    shrink: float = 2.0
    """Factor from one step of a difference to the next: Ridders takes 1.4, which costs twice the evaluations."""
    steps: int = 16
    """Steps of a difference: the finest is 3e-6 of the range, near the best one of a central difference."""
    orders: int = 4
    """Extrapolations of a difference, at most: more amplify round-off."""
    honest: float = 3.0
    """Factor on the error that an extrapolation tells of itself, since the smallest of several is chosen. Measured on
    waves, poles and exponentials: 2 is too small on 6 percent of the rows, 3 on 2."""
    luck: float = 0.1
    """Part of the usual relative error of an extrapolation that a row has at least: without it, waves too fast for the
    step are believed on 7 percent of the rows."""
    denominators: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    """Of weights and exponents, the simplest first: powers in laws are thirds, quarters and simpler."""
    largest_weight: int = 12
    """Numerator of a weight, at most."""
    snap: float = 0.03
    """Distance of a weight to a simple number, at most: fractions with these denominators are 1/30 apart or more."""
    minus: float = 0.5
    """What a sign costs in writing, where a figure costs 1: of two directions the one with fewer is told."""
    bases: int = 60
    """Choices of free columns that are tried for the simplest weights, at most."""
    loose: float = 10.0
    """Thresholds below which a direction of the null space is looked at, as outliers move singular values: each weight
    vector is then judged by the threshold itself. A column along which f differs from a line by less in errors is a
    line."""
    far: float = 2.0
    """Ranges of a column from its middle to the centre of a square, at most: beyond, a square is nearly a line."""
    line: int = 256
    """Places along a column on which periods and centres are looked for."""
    anchors: int = 40
    """Rows whose lines are looked at."""
    sets: int = 10
    """Columns that matter, at most, of which all sets are looked at: a thousand sets."""
    pairs: int = 40
    """Columns that matter, at most, of which all pairs are looked at: 780 pairs, each with three evaluations."""
    dip: float = 0.5
    """Part of the largest difference along a column below which a minimum is looked at. It is only a filter."""
    newton: int = 6
    """Steps that sharpen a period or a centre: errors square at each, from a 256th of the range to round-off in 4."""
    shortest_overlap: float = 0.5
    """Part of the range that a shifted or mirrored range must share with it: two periods, or half of the column."""


TUNED = StructureTuning()
