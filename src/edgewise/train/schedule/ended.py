"""What a fit by Levenberg-Marquardt ends with."""

from __future__ import annotations

from dataclasses import dataclass

from ...losses import Loss
from .candidate import Candidate
from .plan import Plan


@dataclass(frozen=True)
class Ending:
    """What `refit` goes on from: the state before its edges were carried on beyond the rows, its plan, and its loss."""

    state: Candidate
    plan: Plan
    loss: Loss
