"""A fit of a KAN by Levenberg-Marquardt: restarts, finer grids, smoothness, and last steps on all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...errors import TrainingError
from ...model import KAN
from ..closing import finish
from ..job import Job, Rows
from ..monitor import Monitor
from ..result import FitResult
from ..resuming.chapters import opened
from ..schedule.candidate import Candidate, Interrupted
from ..schedule.climb import train
from ..schedule.costs import coarse_parameters, count_parameters
from ..schedule.ended import Stepped
from ..schedule.extrapolation import carried_on
from ..schedule.last_refit import last_refit
from ..schedule.null_model import Choices, believed, constant, level, replaceable
from ..schedule.plan import Plan
from ..schedule.scaling import fitted_before
from ..schedule.starts import fresh, number_of_starts
from ..schedule.training import Training
from ..schedule.tuning import TUNED
from ..schedule.unit_spreads import ordinary
from ..settings import FitSettings
from ..solvers.status import Status


@dataclass(frozen=True)
class _End:
    """What a training came to: the network to give back, the one that the held-out rows judge, how it ended, and what
    `refit` goes on from (None after an interruption)."""

    model: KAN
    judged: KAN
    status: Status
    ending: Stepped | None = None


def fit_kan(model: KAN, start: KAN, job: Job, everything: Rows, settings: FitSettings, monitor: Monitor) -> FitResult:
    """Train from `start`, the prepared copy of the model, and from fresh ones. `everything`: the rows of the job and
    those that choose, which a fit without sparsity gives back for its last steps."""
    plan, how = _plan(model, settings), _in_words(model, job, settings)
    choices = Choices()
    chapter = opened(settings.resume, monitor, start, job, settings, choices=choices.rows)
    training = Training(job, plan, monitor, choices, chapter)
    given_back = job.own_split and plan.sparsity == 0  # a sparse fit is a stage: its successor wants rows to choose by
    rows = everything if given_back else (job.x, job.y, job.weight)
    try:
        found = train(training, [start, *(fresh(start, k) for k in range(1, plan.starts))])
        judging = plan.sparsity == 0 and plan.rounds == TUNED.rounds and not job.memory  # a whole run, for its accuracy
        doubt = level(job) or (judging and not believed(training.choices, start, job))
        if doubt and replaceable(start) and not job.memory:
            end, rows = _nothing(found, training, everything), everything
        else:
            end = _finished(found, training, rows, given_back)
    except Interrupted as stop:
        if stop.best is None and stop.status is Status.FAILED:
            raise TrainingError(
                "the loss is not finite at the start and no start could be trained; scale inputs and targets to"
                " ordinary sizes"
            ) from None
        end = _cut_short(stop.best or training.best, start, training, stop.status)
    except KeyboardInterrupt:  # between the runs of the minimiser
        end = _cut_short(training.best, start, training, Status.INTERRUPTED)
    return replace(
        finish(model, end.model, end.judged, job, job.given(rows), end.status, monitor, how), ending=end.ending
    )


def _plan(model: KAN, settings: FitSettings) -> Plan:
    """What to do for these settings."""
    steps, memory = settings.steps, settings.memory
    return Plan(
        grids=settings.sizes,
        steps=TUNED.steps if steps is None else steps,
        sparsity=float(settings.sparsity),
        starts=1 if memory else number_of_starts(model, settings.restarts),
        keep_ranges=fitted_before(model) or memory is not None,
        rounds=TUNED.rounds if steps is None else (1, 0),
        field=TUNED.field_small if coarse_parameters(model) < TUNED.small else TUNED.field,
    )


def _in_words(model: KAN, job: Job, settings: FitSettings) -> str:
    """How the network was trained."""
    chosen = f" (chosen for {count_parameters(model)} parameters)" if settings.optimizer == "auto" else ""
    return f"Levenberg-Marquardt{chosen}" + (f", {job.memory.rows:g} earlier rows remembered" if job.memory else "")


def _finished(found: Candidate, training: Training, rows: Rows, given_back: bool) -> _End:
    """The state found, after its last steps, with its hidden edges carried on beyond the rows."""
    job, plan = training.job, training.plan
    # steps without smoothness would undo a stop by the held-out loss
    again = given_back and (found.status is not Status.STOPPED or found.roughness)
    best = last_refit(training, found, rows) if again else found
    ending, model, judged = Stepped(best, plan, job.loss), best.model, found.model
    if plan.sparsity > 0 and not job.memory:
        model = ordinary(model, rows[0])
    if job.located and not job.exact:  # logits may rather grow along tangents; a quadratic is about these splines
        done = carried_on(model, rows[0])
        judged = done if judged is model else carried_on(judged, job.x)
        model = done
    return _End(model, judged, found.status, ending)


def _cut_short(best: Candidate | None, start: KAN, training: Training, status: Status) -> _End:
    """The best state before an interruption, the start where there is none."""
    model = best.model if best else start
    return _End(model, training.best.model if training.best else model, status)


def _nothing(found: Candidate, training: Training, everything: Rows) -> _End:
    """The constant, where the rows that choose show no state to be better."""
    job = training.job
    flat = constant(found.model, job.whole(everything)) if job.own_split else constant(found.model, job)
    ending = Stepped(replace(found, model=flat, status=Status.NOTHING), training.plan, job.loss)
    return _End(flat, constant(found.model, job), Status.NOTHING, ending)
