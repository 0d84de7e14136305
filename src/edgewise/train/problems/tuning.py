"""The numbers that steer how objectives are computed: each with its meaning, its unit, and the reason for its value.
Sizes of blocks decide memory and speed, and change results by round-off alone. "Not measured" says that a value was
chosen by judgement and never compared with others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProblemTuning:
    """All of them. Change one with `dataclasses.replace`."""

    block: int = 1 << 22
    """Numbers in one block of a Jacobian: 32 MB."""
    rows: int = 1 << 16
    """Rows in one forward pass. Not measured."""
    square: int = 64
    """Columns in the smallest block of a symmetric product. Not measured."""
    part: int = 1 << 19
    """Residuals times cotangents in one batched backward pass. Not measured."""
    columns: int = 3
    """Times as many residuals as parameters from which a Jacobian is taken by columns: a column costs a pass through
    the backward pass."""
    laid_out: float = 0.6
    """Share of a layer's columns that move, up to which the others are left out of the Jacobian. Many small blocks cost
    more than one. With a share of 0.7 a network was up to 1.4 times slower. With 0.55 down to 0.1, seven were 1.1 to 50
    times faster."""
    bend: float = 0.1
    """Part of a step over which outputs are differenced twice. Not measured."""
    agree: float = 1e-9
    """Relative difference within which two ways to a Jacobian agree, in float64."""
    agree_single: float = 1e-2
    """The same where a parameter is in float32."""


TUNED = ProblemTuning()
