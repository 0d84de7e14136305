"""One run of Levenberg-Marquardt on a network whose knots stay where they are."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor

from ...model import KAN
from ..job import Rows
from ..priors.smoothness import Roughness, Smoothness, estimate
from ..priors.sparsity import EdgePenalty
from ..problems.kan import NetworkProblem
from ..resuming.journal import resumed
from ..solvers import levenberg_marquardt
from ..solvers.status import Status
from ..solvers.stop import Step, Stop
from ..solvers.types import Damping, Minimum
from .candidate import Candidate, Interrupted
from .costs import grid_size
from .scaling import in_own_units
from .training import Training
from .tuning import TUNED


def run(
    training: Training,
    model: KAN,
    name: str,
    *,
    steps: int,
    penalty: EdgePenalty | None = None,
    damping: Damping | None = None,
    roughness: Roughness | None = None,
) -> tuple[Candidate, Damping]:
    """Minimise from a model, which stays as it is; the state found, and the damping at the end.

    Under a penalty or a smoothness the last state comes back, as it minimises both; without, the one with the lowest
    held-out loss. Where an earlier state of a smooth run had a lower one, that is kept beside.

    Args:
        training: whose rows are trained on, and which keeps the best state.
        model: where to begin.
        name: of the stage, for the rows of the history.
        steps: at most so many.
        penalty: what makes it sparse.
        damping: where an earlier run on the same knots ended.
        roughness: what is known of the edges, and smooths them.

    Raises:
        Interrupted: by Ctrl-C or a callback; the best state so far is kept.
    """
    task = _Task(training, model, penalty, roughness)
    stop = Stop(
        task.problem.start(),
        math.inf if task.forced else task.judged(task.problem.start()),
        judge=task.judge,
        note=lambda step, judged: task.note(name, step, judged),
        patience=None if task.forced else TUNED.early,
    )
    settled = TUNED.settled if penalty is None else TUNED.settled_sparse
    try:
        end = resumed(
            training.chapter,
            stop,
            lambda snapshots: levenberg_marquardt.minimize(
                task.problem,
                stop.last,
                steps=steps,
                damping=damping,
                tolerance=settled,
                watch=stop,
                snapshots=snapshots,
            ),
        )
        status = Status.STOPPED if stop.by_user else task.status(end, stop)
    except KeyboardInterrupt:
        raise _interrupted(task, stop, Status.INTERRUPTED) from None
    if stop.by_user:
        raise _interrupted(task, stop, Status.STOPPED)
    return task.found(stop, status), end.damping


def _interrupted(task: _Task, stop: Stop, status: Status) -> Interrupted:
    """What ends the training; the state that the run has come to is kept."""
    task.training.keep(task.candidate(stop.last if task.forced else stop.best.state, Status.INTERRUPTED))
    return Interrupted(task.training.best, status)


class _Task:
    """The problem of a run in the network's units, its held-out rows, and what leads back to the user's units."""

    def __init__(
        self, training: Training, model: KAN, penalty: EdgePenalty | None, roughness: Roughness | None
    ) -> None:
        job, private = training.job, model.build()
        self.training, self.roughness = training, roughness
        self.unit = float(model.output_scale.square().mean()) if job.squared else 1.0
        self.smoothness: Smoothness | None = roughness.term(private.edge_layers, job.rows) if roughness else None
        terms = [term for term in (penalty, self.smoothness) if term is not None]
        self.forced = bool(terms)  # whether something beside the loss is minimised
        loss, y = in_own_units(model, job.loss, job.y)
        self.problem = NetworkProblem(
            private,
            model.scale_inputs(job.x),
            y,
            loss,
            job.weight,
            terms,
            job.exact.on(private) if job.exact else None,
        )
        self.held: Rows | None = None
        if job.xv is not None and job.yv is not None:
            self.held = model.scale_inputs(job.xv), in_own_units(model, job.loss, job.yv)[1], job.wv

    def judged(self, theta: Tensor) -> float:
        """The held-out loss; infinite without held-out rows."""
        return math.inf if self.held is None else self.problem.loss_value(theta, *self.held)

    def judge(self, theta: Tensor) -> float | None:
        """The held-out loss of a state that can be chosen, which is remembered."""
        if self.held is None:
            return None
        judged = self.problem.loss_value(theta, *self.held)
        self.training.choices.add(self.problem, theta, self.held)
        return judged

    def note(self, name: str, step: Step, judged: float | None) -> bool:
        """Tell the user of a step, in his units."""
        return self.training.monitor.row(
            stage=name,
            grid_size=grid_size(self.problem.model),
            loss=step.value * self.unit,
            train_loss=self.problem.last_loss * self.unit,
            validation_loss=None if judged is None else judged * self.unit,
            damping=step.reach,
        )

    def status(self, end: Minimum, stop: Stop) -> Status:
        """How the run ended: a held-out loss that had risen is a stop, a loss that round-off hides no stall."""
        if self.held and not self.forced and self.judged(end.theta) > TUNED.risen * stop.best.loss:
            return Status.STOPPED
        stalled = end.status in (Status.STALLED, Status.BUDGET)
        return Status.CONVERGED if stalled and end.value < TUNED.round_off else end.status

    def found(self, stop: Stop, status: Status) -> Candidate:
        """The state that the run is for, with the roughness that it shows."""
        candidate = self.candidate(stop.last if self.forced else stop.best.state, status)
        if not (self.roughness and self.smoothness and candidate.usable):
            return candidate
        candidate = replace(candidate, roughness=estimate(self.problem, stop.last, self.smoothness, self.roughness))
        if stop.best.loss * self.unit < candidate.judged:
            earlier = self.candidate(stop.best.state, Status.STOPPED)
            self.training.keep(replace(earlier, roughness=candidate.roughness))
        return candidate

    def candidate(self, theta: Tensor, status: Status) -> Candidate:
        """The problem's network with these parameters, and its losses in the user's units."""
        problem = self.problem
        loss = problem.loss_value(theta, problem.x, problem.y, problem.weight)
        judged = problem.loss_value(theta, *self.held) if self.held else loss
        problem.flat.load(theta)
        model = problem.model.build()
        return Candidate(model, loss * self.unit, judged * self.unit, status, overshoot=self.training.overshoot(model))
