"""What a solved equation gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..train.solvers.status import Status


@dataclass(frozen=True)
class Solution:
    """A network that solves an equation, and how it came about.

    model: the network. errors: root mean squares on points that took part in nothing: of the equation's residual as
    'the equation', and of every condition by its name. unknowns: constants that were found, by name. history: one row
    (dict) per step of the minimiser. message: one paragraph in words. seconds: of wall-clock time.
    """

    model: Any
    errors: dict[str, float]
    history: list[dict[str, Any]]
    status: Status
    message: str
    unknowns: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def __repr__(self) -> str:
        return f"Solution({self.status.name}: {self.message})"
