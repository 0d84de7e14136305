"""Levenberg-Marquardt: damped generalised Gauss-Newton steps under a gain-ratio rule.

Sources: Marquardt 1963; Nielsen, "Damping parameter in Marquardt's method" (IMM-REP-1999-05) for the update of the
damping; More 1978 (doi:10.1007/BFb0067700) for the scaling that never shrinks; Transtrum & Sethna 2012 (arXiv
1201.5885) for the bent steps. How the damped system is solved is the quadratic model's affair: `Dense` factorises a
matrix, `cg.Products` needs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .snapshots import Snapshots, left_by
from .status import Status
from .stop import Settled, Step, Watch
from .tuning import TUNED
from .types import Damping, Minimum, Problem, QuadraticModel


class Dense:
    """The model with its curvature as a matrix (P, P)."""

    def __init__(self, value: float, gradient: Tensor, curvature: Tensor, diagonal: Tensor | None = None) -> None:
        self.value, self.gradient, self.curvature = value, gradient, curvature
        self.diagonal = curvature.diagonal() if diagonal is None else diagonal

    @staticmethod
    def of(problem: Problem, theta: Tensor) -> Dense:
        """The model of a problem at theta (P,). A problem may have `last_diagonal`, what to damp by at the point where
        its model was last taken."""
        return Dense(*problem.quadratic(theta), getattr(problem, "last_diagonal", None))

    def damp(self, scale: Tensor, mu: float) -> Callable[[Tensor], Tensor] | None:
        """By Cholesky, whose accuracy does not depend on the units of the parameters."""
        matrix = self.curvature.clone()
        matrix.diagonal().add_(scale, alpha=mu)
        factor, info = torch.linalg.cholesky_ex(matrix)
        return None if int(info) else lambda v: torch.cholesky_solve(v[:, None], factor)[:, 0]

    def bend(self, step: Tensor) -> float:
        """step . H step."""
        return float(step @ (self.curvature @ step))


def minimize(
    problem: Any,
    theta: Tensor,
    *,
    steps: int = 100,
    damping: Damping | None = None,
    tolerance: float = 1e-10,
    patience: int = 3,
    watch: Watch | None = None,
    model: Callable[[Any, Tensor], QuadraticModel] = Dense.of,
    snapshots: Snapshots | None = None,
) -> Minimum:
    """Minimise a `Problem` from theta (P,). `watch` sees every accepted step, with the damping as reach, and ends the
    run by returning True.

    `model(problem, theta)` makes the quadratic model about a point, which may have a `least_damping` of its own.
    A problem may have a method `turning(theta, step)`: the gradient (P,) of the model's change by the second derivative
    of the outputs along the step; steps are then bent along it. Where the model has no curvature, as a loss may have
    far from its minimum, steps go along the gradient.

    CONVERGED: the relative decrease stayed below `tolerance` for `patience` accepted steps, or a step that promised no
    more than that failed, or the gradient vanished. STALLED: no damping yields a decrease, though more was promised.
    BUDGET: the steps, tried ones included, are spent. A step to values that are not finite, or that does not lower the
    objective, is never kept. `snapshots` keeps what is needed to go on in another process.
    """
    settled, seen = Settled(tolerance, patience), torch.zeros_like(theta)  # the largest curvature met, per parameter
    taken = failed = 0  # steps tried, of these failed in a row
    evaluations = 1
    mu = (damping or Damping()).mu
    left = left_by(snapshots, theta, entries=6)
    if left is not None:
        theta, seen, mu, taken, settled.small, evaluations = left
    about = model(problem, theta)
    least = getattr(about, "least_damping", TUNED.least_damping)
    mu, nu = max(mu, least), 2.0

    def ended(status: Status) -> Minimum:
        return Minimum(theta, about.value, status, taken, Damping(mu, nu), evaluations)

    if not _usable(about):
        return ended(Status.FAILED)
    while taken < steps:
        largest = float(about.diagonal.max())
        if float(about.gradient.abs().max()) == 0.0:
            return ended(Status.CONVERGED)
        seen = torch.maximum(seen, about.diagonal) if largest > 0.0 else seen.clamp(min=1.0)  # then along the gradient
        taken += 1
        trial = _try(problem, about, theta, seen.clamp(min=max(TUNED.floor * min(1.0, mu), TUNED.lowest) * largest), mu)
        evaluations += trial.evaluations
        fresh = model(problem, trial.theta) if trial.ratio > TUNED.worth else None
        evaluations += fresh is not None
        if fresh is not None and _usable(fresh):
            decrease = (about.value - trial.value) / max(abs(about.value), 1e-300)
            mu, nu = max(mu * _eased(trial.ratio, trial.value / about.value), least), 2.0
            theta, about, failed = trial.theta, fresh, 0
            if watch is not None and watch(Step(taken, about.value, theta, mu)):
                return ended(Status.STOPPED)
            if settled.after(decrease):
                return ended(Status.CONVERGED)
            if snapshots is not None:
                state = [theta, seen, mu, taken, settled.small, evaluations]
                snapshots.offer(lambda state=state: state)
        else:
            failed += 1
            if failed == 1 and mu <= 1.0 and trial.promised <= max(tolerance, TUNED.last_digits) * abs(about.value):
                return ended(Status.CONVERGED)
            mu, nu = mu * nu, nu * 2
            if mu > TUNED.most_damping:
                return ended(Status.CONVERGED if settled.begun else Status.STALLED)
    return ended(Status.BUDGET)


@dataclass(frozen=True)
class Trial:
    """A step that was tried: where it led, the objective there, the decrease that the model promised, the gain ratio,
    and how often the objective was evaluated for it."""

    theta: Tensor
    value: float
    promised: float
    ratio: float
    evaluations: int


def _try(problem: Any, about: QuadraticModel, theta: Tensor, scale: Tensor, mu: float) -> Trial:
    """The damped step from theta (P,), bent along the problem's curvature where that helps. Its ratio is -1 where there
    is no such step, or it leads to a value that is not finite."""
    solve = about.damp(scale, mu)
    if solve is None:
        return Trial(theta, math.nan, math.inf, -1.0, 0)
    step = solve(about.gradient).neg_()
    promised = -float(about.gradient @ step) - 0.5 * about.bend(step)
    if not promised > 0:
        return Trial(theta, math.nan, promised, -1.0, 0)
    bent, evaluations, turning = None, 0, getattr(problem, "turning", None)
    if turning is not None:
        bent, evaluations = _bent(solve, turning(theta, step), step, scale), 2
    trial, value = theta, math.nan
    for candidate in (step,) if bent is None else (bent, step):
        trial, evaluations = theta + candidate, evaluations + 1
        value = problem.value(trial)
        if value < about.value:
            break
    ratio = (about.value - value) / promised if math.isfinite(value) else -1.0
    return Trial(trial, value, promised, ratio, evaluations)


def _eased(ratio: float, left: float) -> float:
    """The factor on the damping after a step of this gain ratio that left this part of the objective. Damping in
    proportion to the objective keeps the convergence quadratic where the minimum is zero, rank deficient or not: Fan &
    Yuan 2005 (doi:10.1007/s00607-004-0083-1)."""
    factor = max(TUNED.eased, 1 - (2 * ratio - 1) ** 3)
    return min(factor, max(left, TUNED.quadratic_least)) if ratio > TUNED.quadratic and left >= 0 else factor


def _usable(model: QuadraticModel) -> bool:
    return math.isfinite(model.value) and math.isfinite(float(model.gradient.sum() + model.diagonal.sum()))


def _bent(solve: Callable[[Tensor], Tensor], turning: Tensor, step: Tensor, scale: Tensor) -> Tensor | None:
    """The step and half its acceleration, where that is finite and small beside the step."""
    half = solve(turning).mul_(-0.5)
    part = 2 * float((scale * half.square()).sum() / (scale * step.square()).sum()) ** 0.5
    return step + half if part <= TUNED.bent else None
