"""Constants snapped to numbers that people write down, where the error of the whole network allows it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..losses import Loss
from .normal_form import NormalForm, normal_forms
from .program import ConstantsProblem, Program, refit
from .simple_numbers import SimpleNumber, nearest
from .tuning import TUNED
from .work import Work

Refit = Callable[[Program, Tensor], tuple[Program, float]]


@dataclass(frozen=True)
class Snapped:
    """A network in normal form, its loss, which constants are still free (P,) bool, and their standard errors (P,), 0
    where set."""

    program: Program
    loss: float
    free: Tensor
    errors: Tensor


def snap(
    program: Program,
    x: Tensor,
    y: Tensor,
    *,
    loss: Loss | None = None,
    weight: Tensor | None = None,
    rise: float = 0.0,
    steps: int = TUNED.snap_steps,
    work: Work | None = None,
) -> Snapped:
    """Set every constant that the data cannot tell from a simple number to that number, the rest refitted each time.

    rise: how much the loss may grow at all events (the square of what counts as exact, in units of y squared). Beyond
    that a set of k constants is accepted only if the loss grows by no more than k true values would make it grow.
    `work` pays for the refits; where it is spent, constants are set without one.
    """

    def again(start: Program, free: Tensor) -> tuple[Program, float]:
        return refit(start, x, y, loss=loss, weight=weight, free=free, steps=steps, work=work)

    chosen = _simplest(program, x, y, loss, weight)
    current, value = again(chosen.program, chosen.free)
    free, whole = chosen.free, torch.ones_like(chosen.free)
    given = ConstantsProblem(program, x, y, loss, weight, whole).value(program.theta)
    if not value <= TUNED.snap_worse * given + rise:  # the same function, but in constants that float64 cannot hold
        current, value, free = program, given, whole
    for _ in range(TUNED.snap_rounds):
        targets = _targets(current, free, x, y, loss, weight)
        if not targets:
            break
        before = int(free.sum())
        current, value, free = _accept(current, value, free, targets, again, x.shape[0], rise)
        if int(free.sum()) == before:
            break
    return Snapped(current, value, free, spreads(current, free, x, y, loss, weight)[0])


def _accept(
    program: Program,
    value: float,
    free: Tensor,
    targets: list[tuple[int, SimpleNumber, float]],
    again: Refit,
    rows: int,
    rise: float,
) -> tuple[Program, float, Tensor]:
    """All targets at once if the loss allows it; otherwise in halves, surest first, down to one at a time."""
    theta, left = program.theta.clone(), free.clone()
    for n, simple, _ in targets:
        theta[n], left[n] = simple.value, False
    trial, trial_value = again(program.with_theta(theta), left)
    spare = max(rows - int(free.sum()), 1)
    k = len(targets)
    chance = k + TUNED.snap_offset + TUNED.snap_deviations * math.sqrt(2 * k)
    if math.isfinite(trial_value) and trial_value <= value * (1 + chance / spare) + rise:
        return trial, trial_value, left
    if k == 1:
        return program, value, free
    half = (k + 1) // 2
    for part in (targets[:half], targets[half:]):
        program, value, free = _accept(program, value, free, part, again, rows, rise)
    return program, value, free


def _targets(
    program: Program, free: Tensor, x: Tensor, y: Tensor, loss: Loss | None, weight: Tensor | None
) -> list[tuple[int, SimpleNumber, float]]:
    """Free constants with a simple number within reach: (position, number, distance in reaches), surest first."""
    found = [
        (n, simple, abs(simple.value - float(program.theta[n])) / max(reach, TUNED.smallest) + simple.cost)
        for n, simple, reach in _nearest(program, free, x, y, loss, weight)
        if simple is not None
    ]
    return sorted(found, key=lambda entry: entry[2])


def _nearest(
    program: Program, free: Tensor, x: Tensor, y: Tensor, loss: Loss | None, weight: Tensor | None
) -> list[tuple[int, SimpleNumber | None, float]]:
    """(position, simplest number within reach, reach) of every free constant."""
    errors, units = spreads(program, free, x, y, loss, weight)
    reach = TUNED.snap_reach * errors + TUNED.snap_exact * units + TUNED.snap_digits * program.theta.abs()
    angles = _angles(program)
    places = free.nonzero()[:, 0].tolist()
    return [(n, nearest(float(program.theta[n]), float(reach[n]), angle=angles[n]), float(reach[n])) for n in places]


def _angles(program: Program) -> list[bool]:
    """Which constants multiply or shift the argument of a periodic form."""
    flags: list[bool] = []
    for number, stage in enumerate(program.stages):
        own = [term.primitive.period is not None for term in stage.terms]
        later = program.stages[number + 1].terms if number + 1 < len(program.stages) else ()
        behind = [
            any(term.src == node and term.primitive.period is not None for term in later)
            for node in range(len(stage.factors))
        ]
        into = [
            behind[next(node for node, members in enumerate(stage.factors) if s in members)]
            for s in range(stage.subnodes)
        ]
        flags += own + own + [into[term.dst] for term in stage.terms] + into
    return flags


def spreads(
    program: Program, free: Tensor, x: Tensor, y: Tensor, loss: Loss | None, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Two (P,) from the curvature at the optimum, both 0 where a constant is set.

    First the standard errors. Then how far a constant can go, the others making up for it, before the output has moved
    by as much as y is spread.
    """
    errors, units = torch.zeros_like(program.theta), torch.zeros_like(program.theta)
    count = int(free.sum())
    if count == 0:
        return errors, units
    problem = ConstantsProblem(program, x, y, loss, weight, free)
    value, _, curvature = problem.quadratic(program.theta[free])
    scale = curvature.diagonal().clamp(min=TUNED.smallest).sqrt()
    curvature = curvature / scale / scale[:, None]
    if not bool(torch.isfinite(curvature).all()):  # units beyond what float64 can square: nothing can be said
        errors[free] = units[free] = torch.inf
        return errors, units
    inverse = torch.linalg.pinv(curvature, hermitian=True, rtol=TUNED.flat_curvature)
    units[free] = math.sqrt(2.0) * inverse.diagonal().clamp(min=0.0).sqrt() / scale
    # squared error: curvature of the mean loss is 2 J'J / n, its value the variance; other losses are log-likelihoods
    # per row
    squared = loss is None or loss.name == "squared_error"
    unit = value / max(x.shape[0] - count, 1) if squared else 0.5 / x.shape[0]
    return units * math.sqrt(max(unit, 0.0)), units


def _simplest(program: Program, x: Tensor, y: Tensor, loss: Loss | None, weight: Tensor | None) -> NormalForm:
    """The normal form whose constants are simplest to write down."""
    best: tuple[float, NormalForm] | None = None
    for form in normal_forms(program):
        if not bool(torch.isfinite(form.program.theta).all()):
            continue
        cost = sum(
            TUNED.unknown_cost if simple is None else simple.cost
            for _, simple, _ in _nearest(form.program, form.free, x, y, loss, weight)
        )
        if best is None or cost < best[0] - TUNED.better_by:
            best = (cost, form)
    return NormalForm(program, torch.ones_like(program.theta, dtype=torch.bool)) if best is None else best[1]
