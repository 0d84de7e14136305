"""The numbers that steer the solution of differential equations: each with its meaning, unit and reason. "Not measured"
says that a value was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PdeTuning:
    """All of them. Change one with `dataclasses.replace`."""

    highest_order: int = 4
    """Of a derivative: the most that is tested."""
    draws: int = 64
    """Times as many points as wanted that are tried for a shape or a `where`, before it counts as empty."""
    boundary: float = 4.0
    """Points of each boundary condition, times points^((d-1)/d): as dense on each of four sides as inside. Not
    measured."""
    block: int = 1 << 23
    """Numbers of a Jacobian that are made at a time: 64 MB."""
    fresh: int = 2000
    """Points on which a solution is judged. Not measured."""
    pixels: int = 120
    """Places along each side of a picture."""
    asked: int = 5
    """Points on which an equation is first called, to see which derivatives it asks for; then on one more."""

    tried: int = 200
    """Points at which hard conditions and features are checked. Not measured."""
    disagreeing: float = 1e-8
    """Difference of two hard conditions where they meet, beside 1 and the largest value, from which they are refused:
    roundings of sines and exponentials are far below it."""
    difference: float = 1e-5
    """Step of the differences with which slopes are checked, in parts of the domain: the cube root of rounding."""
    slope_off: float = 1e-3
    """Difference of slopes, in parts of values and slopes, from which autograd is not believed. Not measured."""
    hair: float = 1e-12
    """Distance from an interface of the points to either side of it, in parts of the domain: far above the roundings of
    a level, and far below what changes a slope."""
    crossings: int = 8
    """Times as many pairs of points as wanted, between which an interface is looked for. Not measured."""
    halvings: int = 60
    """Of the line between such points: more than a double has digits."""

    unit: float = 1e2
    """Times, or parts of, the values of a fresh network from which a solution gets another unit. Steps reach what lies
    between. A beam of amplitude 100 came back off by 91 %, heat of amplitude 1e-6 by 28 %. By hundreds, nine sizes from
    1e-6 to 1e5 are as close as 1; by thousands, the beam of 100 is not. Slopes that differ by more than this tell no
    size."""
    room: float = 1.0
    """Part of the range of activations by which a hidden grid is longer on either side at the start, as activations
    move. Not measured."""
    filled: float = 0.5
    """Part of a hidden grid that activations must fill at least, else it is shortened. Not measured."""
    margin: float = 0.2
    """Part of the range of activations by which a new hidden grid is longer on either side. It is room to move until
    the grid is looked at again, and less than `filled` leaves. Not measured."""
    segment: int = 20
    """Steps after which hidden grids are looked at again. Not measured."""
    thinnest: float = 1e-3
    """Added to that room: activations may all be equal."""
    narrowest: float = 1e-5
    """Part of a grid's length, the narrowest interval: second derivatives of narrower ones drown in round-off."""

    gain_damping: float = 1e-7
    """Damping of the linear steps that say which layer gains from finer splines, in parts of a column's length. Not
    measured."""

    streams: int = 1000
    """Distance of the streams of two rounds: more than conditions take."""
    shapes: int = 8
    """Distance of the streams of two conditions: more than a domain has shapes, as a rule."""
    steps: int = 100
    """Of the minimiser in a round, at most. Not measured."""
    start_steps: int = 30
    """Of each start, before the best one goes on. Not measured."""
    start_power: float = 0.5
    """Power of the conditions' weights at the start. With full weights many starts end at zero, which meets zero values
    on a boundary. Of 6 starts of [2,(0,1),1] for the paper's Poisson problem, 1 came near the solution with power 1, 4
    with 0.5, 3 with 0."""
    tolerance: float = 1e-3
    """Relative decrease of the objective in a step that is hardly worth it: finer grids and new points do more."""
    patience: int = 5
    """Such steps in a row that end a round. Not measured."""
    rounds: int = 12
    """Of points and grids, at most: twelve doublings are more than any network takes."""
    rounds_of_modules: int = 3
    """The same for other networks, which have no grid to refine. Not measured."""
    pays: float = 0.5
    """Part of the objective on fresh points that a round must leave at most for a finer grid to follow. Halved
    intervals of degree 5 leave 1/256 of a squared second derivative's error."""
    steered: float = 0.25
    """Part of the points of a round that go where the residual is large. One start of Burgers' equation: an error of
    1.0e-3, with 0.5 of 2.6e-3."""
    outer: float = 0.25
    """Part of the points, from the second round on, that are denser towards the ends of the domain. Hidden splines have
    their ends in its corners, where no even point may lie. One start of three peaks, [2,5,5,1]: a residual on fresh
    points of 5.8e-4 without them, of 4.9e-5 with them."""
    along: float = 0.5
    """Part of the points that are as many in each interval of the first grids: narrow intervals need points too. One
    start of Burgers' equation, viscosity 0.01, by [2,(0,8),1]: an error of 1.3e-5, without them of 2.0e-5."""
    spread: float = 0.1
    """Part of the intervals that stay spread evenly when the others move to where the solution bends. Burgers'
    equation, viscosity 0.01, 60 intervals, times 0.5 to 0.55: an error of 2.8e-8 with 0.05, 3.3e-8 with 0.2, 6.5e-8
    with 0.4."""
    bend: int = 4
    """Order of the derivative whose root says how dense knots should be when they move. On the same slab, an
    error of 1.0e-6 for order 2, 9.2e-8 for 3, 3.3e-8 for 4, 3.5e-8 for 5, 1.3e-7 for 6."""
    bins: int = 4
    """Parts of an interval in which that root is averaged. Not measured."""
    candidates: int = 8
    """Times as many points as wanted from which these are drawn. Not measured."""
    unsolved: float = 0.01
    """Part of its parts, the residual of an equation from which the message has doubts. Not measured."""
    alike: float = 0.1
    """Part of the values of the largest output by which constant ones, or those of an output that is zero, may change.
    Without it, a system with such an output was doubted where it was off by 8e-5 of the other one."""
    unmet: float = 0.2
    """Part of its usual size that a condition leaves, from which the message has doubts. Not measured."""
    open: float = 0.2
    """Part of its own size by which a solution may be off, from which the message has doubts. Of 18 problems with one
    solution none came above 0.05, and of 6 with many none below 0.3."""
    open_floor: float = 1e-7
    """Part of their size that is left of residuals, at least. Where almost nothing is left, splines follow the solution
    better than its rivals: a decay of unknown rate left 1e-8, and one of another rate would leave 2e-7."""
    open_damping: float = 1e-13
    """Damping of the triangular factor, in parts of a column's length: parameters may stand in for each other."""
    open_vectors: int = 8
    """Steps that are looked for at a time, so that few iterations do. Not measured."""
    open_iterations: int = 6
    """Of these steps: the factor need only be right to its first digit. Not measured."""
    trivial: float = 1e-6
    """Part of the squared parts at the start, what they are taken for at least: a solution may be zero. Not
    measured."""
    overfitted: float = 3.0
    """Ratio of the residuals on fresh and on training points from which more points are advised. Not measured."""
    parameters: int = 3000
    """Most parameters of a grid that is chosen: a step takes seconds from there on."""
    rows: float = 1.5
    """Points per parameter, at least, of a grid that is chosen. Not measured."""

    first_slab: float = 1 / 16
    """Part of all time that the first slab takes, where lengths are chosen. Not measured."""
    shortest_slab: float = 1e-5
    """Part of all time, the shortest slab that is tried. Not measured."""
    slab_growth: float = 2.0
    """Times the length of the last slab, the next one at most. Not measured."""
    slab_rest: float = 0.2
    """Part of a slab that is added to the last one where no more is left."""
    slab_power: float = 1 / 7
    """Power of the residual with which lengths follow it: for a polynomial of degree 7 in time. Not measured for
    others."""
    slab_safety: float = 0.5
    """Part of the residual that splines account for to which the next slab aims. Not measured."""
    slab_ease: float = 4.0
    """Times the residual that half a slab does not lower, what is borne from then on. Not measured."""
    slab_residual: float = 1e-9
    """Part of the equation's parts, the residual below which a slab need not be shorter, nor points be more. Not
    measured."""
    slab_rounds: int = 2
    """Rounds in each slab, in between which intervals move to where the solution bends. The first slab has as many
    after those of its grids, as narrow layers take several. Allen-Cahn's equation starts with a kink: its error at time
    0.02 was 1.7e-3 without these, and 9e-6 with them."""
    undamped: float = 1e-8
    """Damping at first of the fit of a network to the end of the slab before, and of each round that goes on from
    there. Both are close to linear. Seven slabs of Burgers' equation took 46 steps, and 125 with a damping of 1, to the
    same errors."""
    slab_patience: int = 2
    """As `patience`, in slabs, where steps converge quadratically. Not measured."""
    slab_streams: int = 104729
    """Distance of the seeds of two slabs."""


TUNED = PdeTuning()
