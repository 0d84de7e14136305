"""The numbers that steer a training of a KAN by Levenberg-Marquardt: each with its meaning, its unit, and the reason
for its value.

"Not measured" says that a value was chosen by judgement and never compared with others. Losses are relative to targets
of unit spread, except where a field says otherwise; grids are counted in intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..solvers.stop import Patience


@dataclass(frozen=True)
class ScheduleTuning:
    """All of them, in the order in which a training comes across them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ the scaling of a first fit (scaling.py)

    flat_input: float = 1e-12
    """Part of a column's size below which its range counts as none: a few thousand roundings of float64."""
    flat_target: float = 1e-14
    """The same for the spread of targets, whose unit is then their size. Not measured."""

    # ------------------------------------------------------------------ how many starts (starts.py)

    small: int = 100
    """Parameters below which steps cost next to nothing: more starts, and a larger field."""
    medium: int = 300
    """Parameters below which a deep network gets `starts_deep`, another one `starts_medium`."""
    large: int = 1000
    """Parameters from which one start is all: large networks rarely get stuck."""
    starts_small: int = 12
    """Starts of a small network. Alone, about one in ten sticks on easy problems, three in four on hard ones."""
    starts_medium: int = 6
    """Starts of a medium network."""
    starts_large: int = 3
    """Starts of one below `large`."""
    starts_deep: int = 20
    """Starts of a network of three layers or more that is not larger than medium: these often get stuck."""
    stream: int = 7919
    """Distance of two starts' seeds: a prime, so that no two of neighbouring fits meet."""

    # ------------------------------------------------------------------ the choice of a start (starts.py)

    halvings: tuple[int, int, int] = (15, 15, 30)
    """Steps of the starts, round by round: of all, of one more than the field takes, of those that it takes."""
    field: tuple[int, ...] = (3, 3, 2)
    """States carried to the first grid's end, and to the next grids."""
    field_small: tuple[int, ...] = (6, 4, 3, 2)
    """The same for small networks, which cost little."""
    explained: float = 0.1
    """Part of the best constant's loss below which a start is good enough for a sparse run, whose own steps follow. Not
    measured."""

    # ------------------------------------------------------------------ rounds of steps on a grid (stage.py)

    steps: int = 30
    """Steps of a round where nobody says."""
    rounds: tuple[int, int] = (4, 16)
    """Most rounds on a grid, and on the one that was chosen, each while the one before lowered the loss."""
    worth: float = 0.8
    """Part of the loss before that a round must reach for another one to follow."""
    steady: float = 0.7
    """Change of the edges' roughness, as a logarithm, below which it is no reason for another round."""
    settled: float = 1e-6
    """Relative decrease of the loss per step below which a round has converged."""
    settled_sparse: float = 1e-4
    """The same under a penalty, whose scale is taken anew in the next round."""
    early: Patience = Patience(10)  # noqa: RUF009 - frozen
    """Accepted steps without a lower held-out loss that end a round which nothing smooths."""
    risen: float = 1.05
    """Times the lowest held-out loss, what the loss at the end of such a round must exceed to be told as a stop."""
    round_off: float = 1e-26
    """Loss that only round-off keeps from zero: no stall."""

    # ------------------------------------------------------------------ sparsity (climb.py)

    sparse_powers: tuple[float, ...] = (1.0, 1.0, 0.5, 0.5)
    """Powers of the penalty, round by round, convex ones first. Rounds are short: activations shrink under the penalty
    until its scale is taken anew."""
    sparse_thirds: int = 2
    """Thirds of a round's steps that each of these takes. More steps or rounds leave more: activations of a layer
    shrink on and on, and idle edges do not follow them. Right shapes of 30 (five functions, noise in half of the
    runs): 21 so, 20 with 4, 16 with twice as many rounds, 20 with ten short ones, 19 with two more concave ones."""

    # ------------------------------------------------------------------ grids (climb.py)

    patience: int = 2
    """Grids in a row that bring nothing, after which the climb goes straight to the one that was asked for."""
    fine: int = 20
    """Intervals on which a function is tried anew that coarse grids could not resolve."""
    better: float = 0.5
    """Part of the loss found from coarse grids that such a trial must reach. With noise, the lower of two nearly equal
    losses is often that of the rougher fit."""
    doublings: int = 9
    """Most doublings of the model's own grid in an automatic schedule; held-out rows end it before."""

    # ------------------------------------------------------------------ what a finer grid is worth (budget.py)

    resolved: float = 1e-4
    """Share of the best constant's loss above which finer grids are tried even after some that brought nothing."""
    unresolved: int = 3
    """Grids in a row that may bring nothing there; below that share, the first one ends the climb."""
    cheap: int = 1000
    """Coefficients up to which a step takes milliseconds."""
    exact: float = 1e-9
    """Part of the spread: the error below which no grid is tried that costs more. It may be larger by the square of
    what one costs more."""
    needed: float = 0.95
    """Part of the lowest loss that a grid must reach for a next one to be worth its cost."""
    needed_costly: float = 0.5
    """The same for a next one that costs more: each doubling that is needed divides the loss by far more than two."""

    # ------------------------------------------------------------------ the choice among states (candidate.py)

    far: float = 1.0
    """What a network overshoots in corners where it is called wild, in ranges of the targets."""
    times: float = 3.0
    """It is wild only beside others that overshoot less: `far` is beyond so many times the least."""
    handicap: float = 16.0
    """Factor in loss by which a wild network must be better than a tame one."""

    # ------------------------------------------------------------------ made rows in corners (overshoot.py)

    corner_rows: int = 4096
    """Made rows. Not measured."""
    moved: int = 4
    """Columns of a row, at most, that take one of their outermost values; the others stay as in a row of the data."""
    outer: float = 0.1
    """Part of the values, on either side, that count as outermost. Not measured."""
    flat_range: float = 1e-12
    """Part of the targets' size below which their range counts as none."""

    # ------------------------------------------------------------------ knots (knots.py)

    coarse: int = 5
    """Intervals above which a first grid is approached from coarser ones."""
    reach: float = 1.0
    """Of an input's interval, how far beyond it grids are extended as they are; for rows farther away they are laid
    anew."""
    same: float = 1e-3
    """Of an interval, by how much knots must move before the splines are carried to them."""
    margin: float = 0.25
    """Intervals left free on either side where a gradient method lays its grid. Not measured."""

    # ------------------------------------------------------------------ the last steps on all rows (last_refit.py)

    last_rounds: int = 8
    """Most rounds after the first one."""
    at_rest: float = 0.1
    """Change of the roughness, as a logarithm, below which there is no other."""
    last_steps: int = 8
    """Most steps where no smoothness keeps the state from bending to the noise."""
    kept_smooth: float = 1.1
    """Times the loss on all rows before, up to which the state after is kept."""
    kept: float = 1.01
    """The same where nothing smooths."""

    # ------------------------------------------------------------------ a constant instead (null_model.py)

    draws: int = 300
    """Draws of the held-out rows with replacement; 300 leave an error of about 0.02 in the corrected share of
    variance."""
    judged_rows: int = 500
    """Held-out rows up to which states are looked at one by one; with more, luck is small beside what is left."""

    # ------------------------------------------------------------------ ends of hidden edges (extrapolation.py)

    end_knots: int = 3
    """Knots nearest to an end whose jumps tell how fast the highest derivative changes there."""
    farthest: float = 0.3
    """Part of the range of the activations, how far an edge is carried on at most."""
    sure: float = 1e-2
    """Deviation of an error, in units of what is said beyond the tangent, up to which that is believed. Measured: 1 to
    1e-3 on 35 fits."""
    distances: int = 60
    """Distances tried, from a thousandth of the farthest."""

    # ------------------------------------------------------------------ after a sparse fit (unit_spreads.py)

    alike: float = 1e-3
    """Of the spread of the outputs, how far the rescaled network may lie from its original, root mean square."""
    finer: tuple[int, ...] = (1, 2, 4)
    """Times as many intervals, tried in turn for that."""


TUNED = ScheduleTuning()
