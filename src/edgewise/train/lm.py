"""Levenberg-Marquardt: damped generalised Gauss-Newton steps under a gain-ratio rule.

Sources: Marquardt 1963; Nielsen, "Damping parameter in Marquardt's method" (IMM-REP-1999-05) for the update of the damping;
More 1978 (doi:10.1007/BFb0067700) for the scaling that never shrinks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
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

    mu: float = 1e-2
    nu: float = 2.0


@dataclass(frozen=True)
class Minimum:
    """Where a minimiser stopped, and why."""

    theta: Tensor
    value: float
    status: Status
    steps: int
    damping: Damping
    evaluations: int = 0


Watcher = Callable[[int, Tensor, float, float], bool]


def solve_damped(curvature: Tensor, gradient: Tensor, scale: Tensor, mu: float) -> Tensor | None:
    """-(H + mu diag(scale))^-1 g by Cholesky of the symmetrically scaled matrix, or None where that is not positive definite."""
    root = scale.sqrt()
    matrix = curvature / root / root[:, None]
    matrix.diagonal().add_(mu)
    factor, info = torch.linalg.cholesky_ex(matrix)
    if int(info) != 0:
        return None
    step = -torch.cholesky_solve((gradient / root)[:, None], factor)[:, 0] / root
    return step if bool(torch.isfinite(step).all()) else None


def minimize(
    problem: Problem,
    theta: Tensor,
    *,
    steps: int = 100,
    damping: Damping | None = None,
    tolerance: float = 1e-10,
    patience: int = 3,
    watch: Watcher | None = None,
) -> Minimum:
    """Minimise from theta (P,). `watch(step, theta, value, mu)` is called after every accepted step and stops the run by returning True.

    Stops when the relative decrease stays below `tolerance` for `patience` accepted steps, when no damping yields a decrease
    (STALLED), or when the steps are spent. A step that is not finite or does not lower the objective is never kept.
    """
    state = damping or Damping()
    mu, nu = max(state.mu, 1e-14), 2.0
    value, gradient, curvature = problem.quadratic(theta)
    if not math.isfinite(value):
        return Minimum(theta, value, Status.FAILED, 0, state)
    scale = torch.zeros_like(theta)
    small, taken, hoped = 0, 0, 0.0  # hoped: the largest decrease that a rejected step promised since the last accepted one
    status = Status.BUDGET
    while taken < steps:
        diagonal = curvature.diagonal()
        largest = float(diagonal.max())
        if largest <= 0.0:
            status = Status.CONVERGED
            break
        scale = torch.maximum(scale, diagonal).clamp(min=1e-9 * largest)
        taken += 1
        step = solve_damped(curvature, gradient, scale, mu)
        ratio, trial_value, trial = -1.0, math.nan, theta
        if step is not None:
            predicted = -float(gradient @ step) - 0.5 * float(step @ (curvature @ step))
            trial = theta + step
            trial_value = problem.value(trial)
            hoped = max(hoped, predicted)
            if math.isfinite(trial_value) and predicted > 0:
                ratio = (value - trial_value) / predicted
        if ratio > 1e-4:
            decrease = (value - trial_value) / max(abs(value), 1e-300)
            theta = trial
            mu = max(mu * max(1 / 5, 1 - (2 * ratio - 1) ** 3), 1e-14)
            nu = 2.0
            value, gradient, curvature = problem.quadratic(theta)
            if watch is not None and watch(taken, theta, value, mu):
                status = Status.STOPPED
                break
            small, hoped = small + 1 if decrease < tolerance else 0, 0.0
            if small >= patience:
                status = Status.CONVERGED
                break
        else:
            mu, nu = mu * nu, nu * 2
            if mu > 1e8:
                status = Status.CONVERGED if small or hoped <= tolerance * abs(value) else Status.STALLED
                break
    return Minimum(theta, value, status, taken, Damping(mu, nu))
