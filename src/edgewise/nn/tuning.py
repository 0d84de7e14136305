"""The numbers that the modules of this room start from: each with its meaning, unit and reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NNTuning:
    """All of them. Change one with `dataclasses.replace`."""

    domain: tuple[float, float] = (-3.0, 3.0)
    """Where grids lie at first. Inputs of deep layers are about standard normal, after a normalisation above all; three
    standard deviations hold 99.7 % of them."""

    basis_part: float = 0.1
    """Part of the mean square slope of a fresh edge on another basis than splines that the basis gets beside a base
    function. So such a layer begins nearly as a linear map of silu, as a `KANLayer` does. Not measured."""


TUNED = NNTuning()
