"""The numbers that steer splits into parts: each with its meaning, unit and reason. "Not measured" says that a value
was chosen by judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PartTuning:
    """All of them. Change one with `dataclasses.replace`."""

    # ------------------------------------------------------------------ splits and factors (splits.py, factors.py)

    split_features: tuple[int, ...] = (6, 12, 24, 48, 90, 170, 320)
    """Features of each part, growing: a wave of ten periods takes 60 of them in one column."""
    split_degree: int = 80
    """Degree of a part, at most."""
    split_worse: float = 3.0
    """Factor by which more features may raise the held-out error before no more are tried. Not measured."""
    turns: int = 8
    """Times that each factor of a product is fitted in turn. Not measured."""

    # ------------------------------------------------------------------ inner sums (inner_sums.py)

    inner_sizes: tuple[tuple[int, int], ...] = ((3, 8), (4, 12), (6, 18), (8, 26), (12, 36), (18, 48), (26, 60))
    """Degrees of the functions of an inner sum, and of the function of that sum, growing."""
    inner_steps: int = 30
    """Steps of least squares for each of these, at most. Not measured."""
    inner_damping: float = 1e-3
    """Damping of the first step, in units of the curvature. Not measured."""
    inner_eased: float = 5.0
    """What a step that lowers the error divides the damping by. Not measured."""
    inner_stiffened: float = 10.0
    """What one that does not multiplies it by: more, so that the next step differs from that one. Not measured."""
    inner_free: float = 1e-6
    """Part of the first damping below which a step that gains little is the last: it is undamped. Not measured."""
    inner_stuck: float = 1e8
    """Damping above which no step is tried: it would be a hundred millionth of an undamped one. Not measured."""
    inner_exact: float = 1e-3
    """Part of `exact` from which a lower error tells nothing more: three digits below what counts as exact."""
    inner_least: float = 1e-12
    """Least curvature of a weight in units of the largest, and least damping: some thousand times round-off."""
    inner_gain: float = 0.9
    """Part of the last error above which a step gained little. Not measured."""
    inside: float = 0.9
    """Part of the ranges in which gradients are believed: polynomials are worst at the ends."""
    least_slope: float = 1e-3
    """Slope, in units of the usual one, below which a row's gradient is mostly error. Not measured."""
    least_share: float = 1e-4
    """Part of the largest slope that each summand of an inner sum must have. Not measured."""


PARTS = PartTuning()
