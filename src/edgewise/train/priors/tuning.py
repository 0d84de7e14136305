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

    trust: float = 1e-11
    """Part of its own curvature by which a parameter is held in a quadratic, beside the curvature of all together:
    above round-off, which would make the curvature of some unseen directions negative."""
    replayed: int = 1100
    """Rows whose inputs the memory of a fit keeps, those included that choose. Not measured beyond 500, which are
    nearly as good as all rows at once."""
    chooses: int = 11
    """One in so many of these chooses, as one in eleven of a fit's own rows does beside those it trains on."""
    most_replayed: int = 10_000
    """Rows that a memory of many fits keeps."""
    probable: float = 1e-3
    """Probability of a class below which a row does not stand for it."""
    waves: float = 5.0
    """Waves of unit height over its grid that an edge may have at least, before the rows are heard. With one tenth of a
    wave, a noisy sine shown in four parts ended as a cubic."""
    faint: float = 1e-12
    """Dispersion, of targets of unit spread, that a fit beside a memory begins with at least: edges are smooth where no
    row says otherwise. Without such a beginning, five peaks shown one after the other to [1,1] with 200 intervals end
    at 2e-4, with it at 2e-8."""
    recalled: float = 1e-18
    """Dispersion that is left at least where rows are remembered: the round-off of their quadratic. Between 1e-16 and
    1e-20 the five peaks end alike; with none, their first one gets ten times worse."""
    nested: float = 1e-3
    """Of an interval, the distance within which two knots are one: knots of a model in float32 are rounded."""
    same_units: float = 1e-5
    """Relative difference of two scalings that are one: those of a model in float32 are rounded."""


TUNED = PriorTuning()
