"""What minimisers share: the objective that they are given, its quadratic model, and where they stopped. P
parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from .status import Status


class Problem(Protocol):
    """An objective with a quadratic model around every point."""

    def value(self, theta: Tensor) -> float:
        """The objective at theta (P,); may be NaN or infinite."""
        ...

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Objective, gradient (P,) and a positive semi-definite curvature (P, P) at theta."""
        ...


@dataclass(frozen=True)
class Damping:
    """State of the rule between calls: relative damping mu, its growth nu."""

    mu: float = 1.0
    nu: float = 2.0


@dataclass(frozen=True)
class Minimum:
    """Where a minimiser stopped, and why."""

    theta: Tensor
    value: float
    status: Status
    steps: int
    damping: Damping
    evaluations: int = 0  # of the objective, with or without its derivatives


class QuadraticModel(Protocol):
    """The quadratic model of an objective about a point: value, gradient (P,), diagonal (P,) of the part of the
    curvature H to damp by."""

    value: float
    gradient: Tensor
    diagonal: Tensor

    def damp(self, scale: Tensor, mu: float) -> Callable[[Tensor], Tensor] | None:
        """v -> (H + mu diag(scale))^-1 v, or None where that matrix is not positive definite."""
        ...

    def bend(self, step: Tensor) -> float:
        """step . H step."""
        ...
