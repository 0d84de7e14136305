"""A fit of a KAN to rows with noise: L-BFGS under a ridge penalty, whose strength foretells unseen rows best.

The penalty is a normal prior of one width for all coefficients and scales (Hoerl & Kennard 1970,
doi:10.1080/00401706.1970.10488634). Rows are left out in turn to say how strong it is (Stone 1974,
doi:10.1111/j.2517-6161.1974.tb00994.x), and then all of them fit. No step is left out, and no state of a run chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from ...data import observations, together
from ...losses import Loss
from ...model import KAN
from ...threads import threads_for
from ..closing import finish
from ..job import Job, Rows
from ..monitor import Monitor
from ..problems.flat import parameters_of
from ..problems.kan import NetworkProblem
from ..refitting import Plain, Refitted
from ..result import FitResult
from ..resuming.journal import Part
from ..schedule.null_model import best_constant, constant, level, replaceable
from ..schedule.scaling import in_own_units, prepared
from ..settings import FitSettings
from ..solvers import by_name
from ..solvers.status import Status
from ..solvers.stop import Step, Stop

HOW = "L-BFGS under a ridge penalty"
# as many rows' losses as a coefficient of one costs; no table that was tried had its best beyond these
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
FIRST = 3  # place of the strength that is tried first; the tables that were tried have theirs on both sides of it
ERRORS = 1.0  # standard errors that a weaker penalty must gain
FOLDS = 5  # as is usual; with ten, fits take twice as long
STEPS = 300  # of L-BFGS, at most; on handwritten digits, unseen rows lost a tenth less by 300 steps than by 200
# steps after which a first look may end; on 85 folds of 17 tables, no broad layer that was far behind then was taken,
# and 40 of them end at the first, 4 at the second
GLANCES = (60, 120)
CUT = (Status.INTERRUPTED, Status.STOPPED)  # how runs end that the user ends


@dataclass(frozen=True)
class Shrunk(Plain):
    """What `refit` goes on from: the scaled network that every fit began with, its loss, the strength of the penalty,
    and the steps at most. An infinite strength leaves the best constant."""

    start: KAN
    loss: Loss
    strength: float
    steps: int
    how: ClassVar[str] = HOW  # in words

    def again(self, job: Job, monitor: Monitor, part: Part | None) -> Refitted:
        """The same fit to the rows of a job; none of its states is kept. Raises `KeyboardInterrupt` by Ctrl-C."""
        model, status = self.fitted(job, monitor)
        if status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return Refitted(model, status, job.loss, self)

    def fitted(self, job: Job, monitor: Monitor) -> tuple[KAN, Status]:
        """The network of the rows of a job, and how its run ended."""
        if self.strength == math.inf:
            return constant(self.start, job), Status.NOTHING
        return _shrunk(self.start, job, self.strength, self.steps, monitor)


@dataclass(frozen=True)
class Judged:
    """A strength, the losses (n,) of unseen rows under it, one of the networks that say so, and how their fits ended.

    weight (n,): how often each row counts. model: of a whole run, if there was any.
    """

    strength: float
    losses: Tensor
    weight: Tensor
    model: KAN
    status: Status

    @property
    def cut(self) -> bool:
        """Whether the user ended it."""
        return self.status in CUT

    def gain(self, other: Judged) -> tuple[float, float]:
        """How much less rows lose than by another strength, in the mean, and the standard error of that."""
        gain = other.losses - self.losses
        mean, count = self.mean(gain), float(self.weight.sum())
        return mean, math.sqrt(self.mean((gain - mean).square()) / max(count - 1, 1.0))

    def mean(self, values: Tensor) -> float:
        """Of the rows (n,)."""
        return float(self.weight @ values / self.weight.sum())


def fit_kan(model: KAN, start: KAN, job: Job, everything: Rows, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Fit `start`, the prepared copy of the model. Rows are left out in turn, so only those that judge are left out for
    good. A network no better than a constant on unseen rows is not given back, the constant is."""
    rows = everything if job.own_split else (job.x, job.y, job.weight)
    whole, steps = (
        replace(_on(job, rows), groups=job.groups_of_all if job.own_split else job.groups),
        settings.steps or STEPS,
    )
    found = _best(start, whole, steps, monitor)
    strength, trained, status = found.strength, found.model, found.status
    if not found.cut:
        lower = not level(whole) and found.mean(found.losses) < _of_constant(_in_own_units(start, whole))
        nothing = not lower and best_constant(whole) is not None and replaceable(start)
        ending = Shrunk(start, job.loss, math.inf if nothing else strength, steps)
        last, status = ending.fitted(whole, monitor)
        trained = trained if status in CUT else last  # half a run is worth less than one to fewer rows
    if job.own_split:
        job = replace(job, xv=None, yv=None, wv=None)
    result = finish(model, trained, trained, job, rows, status, monitor, f"{HOW} of {strength:g}")
    return result if status in CUT else replace(result, ending=ending)


def tried(model: KAN, job: Job, hopeful: Callable[[KAN, int], bool]) -> tuple[KAN, Shrunk]:
    """The network of the strength that is tried first, without any question to unseen rows, and what `refit` goes on
    from. Raises `KeyboardInterrupt` by Ctrl-C.

    hopeful: told of the network, and of its steps, after so many as `GLANCES` says. Where it says no, there are no
    more.
    """
    ending = Shrunk(prepared(model, job), job.loss, STRENGTHS[FIRST], STEPS)
    found = ending.start
    for before, steps in pairwise((0, *GLANCES, STEPS)):
        found, status = _shrunk(found, job, ending.strength, steps - before, Monitor(progress=False))
        if status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if status is Status.CONVERGED or not hopeful(found, steps):
            break
    return found, ending


def _best(start: KAN, job: Job, steps: int, monitor: Monitor) -> Judged:
    """The strength that unseen rows lose least by, as far as a walk from the first one finds it. A weaker one must gain
    more than one standard error (Breiman et al. 1984, section 3.4.3)."""
    best = _judged(start, job, STRENGTHS[FIRST], steps, monitor)
    for ahead, errors in ((STRENGTHS[FIRST + 1 :], 0.0), (STRENGTHS[:FIRST][::-1], ERRORS)):
        before = best
        for strength in ahead:
            if best.cut:
                return best
            following = _judged(start, job, strength, steps, monitor)
            gain, error = following.gain(best)
            if not following.cut and not gain > errors * error:
                break
            best = replace(best, status=following.status) if following.cut else following
        if best is not before:  # on the other side they lose more
            break
    return best


def _judged(start: KAN, job: Job, strength: float, steps: int, monitor: Monitor) -> Judged:
    """What rows lose by fits to the others."""
    losses, weight, model = torch.zeros(len(job.x), dtype=torch.float64), _weight(job), None
    try:
        for known, unseen in _folds(job):
            fitted, status = _shrunk(start, _of(job, known), strength, steps, monitor)
            if status in CUT:
                return Judged(strength, losses, weight, fitted if model is None else model, status)
            model = fitted
            with torch.no_grad():
                losses[unseen] = _row_losses(start, _of(job, unseen), model).double().cpu()
    except KeyboardInterrupt:  # between two runs
        return Judged(strength, losses, weight, start if model is None else model, Status.INTERRUPTED)
    assert model is not None  # there is a row
    return Judged(strength, losses, weight, model, status)


def _in_own_units(start: KAN, job: Job) -> Job:
    """The job with targets of squares in the units of the network, in which all outputs count the same."""
    return replace(job, y=in_own_units(start, job.loss, job.y)[1])


def _row_losses(start: KAN, job: Job, model: KAN) -> Tensor:
    """What rows lose by a network (n,), with squares in the units of the network."""
    loss, y = in_own_units(start, job.loss, job.y)
    return loss.rows((model(job.x) - start.output_shift) / start.output_scale, y)


def _of_constant(job: Job) -> float:
    """What rows lose by the best constant in the mean; without bound where it is not known."""
    best = best_constant(job)
    if best is None:
        return math.inf
    weight, losses = _weight(job), job.loss.rows(best.expand(len(job.x), -1), job.y).double().cpu()
    return float(weight @ losses / weight.sum())


def _folds(job: Job) -> Iterator[tuple[Tensor, Tensor]]:
    """The places of the rows that fit and of those that do not. Copies of a row are on the same side, and so are the
    rows of a group; one row alone is on both."""
    number = observations(job.x, job.y)
    if job.groups is not None:
        number = together(job.groups, number.cpu())
    count = int(number.max()) + 1
    if count == 1:
        every = torch.arange(len(number), device=number.device)
        yield every, every
        return
    part = (torch.randperm(count, generator=torch.Generator().manual_seed(job.seed)) % FOLDS).to(number)[number]
    for fold in range(min(FOLDS, count)):
        yield (part != fold).nonzero()[:, 0], (part == fold).nonzero()[:, 0]


def _of(job: Job, rows: Tensor) -> Job:
    """The job of the rows at these places."""
    return _on(job, (job.x[rows], job.y[rows], None if job.weight is None else job.weight[rows]))


def _on(job: Job, rows: Rows) -> Job:
    """The job of these rows, none of which chooses."""
    x, y, weight = rows
    return replace(job, x=x, y=y, weight=weight, xv=None, yv=None, wv=None, held_out=None)


def _weight(job: Job) -> Tensor:
    """How often each row counts (n,)."""
    return torch.ones(len(job.x), dtype=torch.float64) if job.weight is None else job.weight.double().cpu()


def _shrunk(start: KAN, job: Job, strength: float, steps: int, monitor: Monitor) -> tuple[KAN, Status]:
    """The network of a penalty of this strength, and how its run ended."""
    loss, y = in_own_units(start, job.loss, job.y)
    problem = NetworkProblem(start.build(), start.scale_inputs(job.x), y, loss, job.weight)
    unit = float(start.output_scale.square().mean()) if job.squared else 1.0
    target = Ridged(problem, strength * _unit(_in_own_units(start, job)) / job.rows)

    def note(step: Step, judged: float | None) -> bool:
        value = step.value * unit
        figures = {"loss": value, "train_loss": value, "validation_loss": judged, "damping": step.reach}
        return monitor.row(stage="fit", grid_size=None, **figures)

    first = problem.start()
    stop = Stop(first, math.inf, judge=lambda theta: None, note=note)
    with threads_for(10.0 * len(job.x) * len(first)):
        try:
            status = by_name.minimize("lbfgs", target, first, steps=steps, watch=stop).status
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
    problem.flat.load(stop.last)
    return problem.model.build(), Status.STOPPED if monitor.stopped else status


class Ridged:
    """The loss of a network's problem, and a ridge penalty: this factor times the squares of coefficients and
    scales."""

    def __init__(self, problem: NetworkProblem, factor: float) -> None:
        self.problem = problem
        parts = [
            torch.full((p.numel(),), factor * (p is layer.coef or p is layer.base_scale), dtype=torch.float64)
            for layer in problem.layers
            for p in parameters_of(layer)
        ]
        self.factor = problem.flat.moving(torch.cat(parts).to(problem.x.device))

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """Value and gradient (M,) of the sum at theta (M,)."""
        value, gradient = self.problem.loss_gradient(theta)
        pull = self.factor * theta
        return value + float(pull @ theta), gradient + 2 * pull


def _unit(job: Job) -> float:
    """What the loss of a row is measured in: nats as they are, numbers in what the best constant loses."""
    alone = _of_constant(job) if job.located else 1.0
    return alone if alone > 0 else 1.0  # of targets that are all the same
