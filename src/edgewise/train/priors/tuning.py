"""The numbers that steer what pulls on a network beside its loss: each with its meaning, its unit, and the reason for
its value. "Not measured" says that a value was chosen by judgement and never compared with others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PriorTuning:
    """All of them, prior by prior. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ sparsity

    sample: int = 4096
    """Rows on which a penalty is judged: they give the mean of an edge's values to a percent or two."""
    eps: float = 1e-3
    """Relative spread at which the penalty of an edge turns from a square into a power. Not measured."""
    idle: float = 1e-12
    """Spread of a layer below which it counts as this large."""

    # ------------------------------------------------------------------ smoothness

    near: int = 3
    """Knots on either side whose jumps tell of the intensity at one, at least."""
    near_part: int = 8
    """One part in so many of the grid, where that is more than `near`."""
    enough: float = 4.0
    """Determined jumps that an estimate of the intensity rests on. It looks further away where the nearest are not
    determined."""
    seen: float = 0.02
    """Determined jumps that an estimate divides by at least: nothing is told by less. Not measured."""
    widest: float = 100.0
    """Factor by which an intensity changes in one estimate, at most."""
    most: float = 1e8
    """Curvature of the term in units of the loss, of targets of unit spread, beyond which round-off would bend
    polynomials."""
    unseen: float = 0.01
    """Part of the error that noise causes in any case, by which round-off may bend them; then the curvature may be
    larger."""
    free: float = 0.1
    """Part of the targets that count as free of parameters at least, where the dispersion is estimated. Not
    measured."""
    ridges: tuple[float, ...] = (1e-13, 1e-10, 1e-7)
    """Added to a scaled curvature until it can be inverted: directions without curvature get that of round-off."""
    round_off: float = 1e-14
    """Part of the largest diagonal entry of a curvature that round-off leaves."""

    # ------------------------------------------------------------------ memory

    trust: float = 0.1
    """Part of its own curvature by which a parameter of a network with hidden layers is held, beside the curvature of
    all together: moves of many that cancel in the quadratic do so only near its centre. Measured with [2,5,1] on 500
    rows of x0 < 0, then on 500 of x0 >= 0, three functions, two seeds each: the median error on x0 < 0 is 2.3e-2 with 0
    and 2.7e-5 with 0.1 (8.8e-1 without a memory); under noise of 0.1 it is 0.19 and 0.041 (1.9)."""
    trust_linear: float = 1e-11
    """The same in a network without hidden layers: above round-off, which would make the curvature of some unseen
    directions negative."""
    farthest: float = 10.0
    """Lengths of a hidden grid, up to which it is extended; farther out its edges stay tangents."""
    nested: float = 1e-3
    """Of an interval, the distance within which two knots are one: knots of a model in float32 are rounded."""
    same_units: float = 1e-5
    """Relative difference of two scalings that are one: those of a model in float32 are rounded."""


TUNED = PriorTuning()
