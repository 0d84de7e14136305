"""The numbers that the modules of this room start from: each with its meaning, unit and reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NNTuning:
    """All of them. Change one with `dataclasses.replace`."""

    domain: tuple[float, float] = (-3.0, 3.0)
    """Where grids lie at first. Inputs of deep layers are about standard normal, after a normalisation above all; three
    standard deviations hold 99.7 % of them."""


TUNED = NNTuning()
