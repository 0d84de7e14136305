"""refit: the very end of a chain, where the rows that chose and judged come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import Table
from ..errors import ConfigError, knows_keywords
from ..model import KAN
from ..transforms.mixture import mixture
from .by_ridge import HOW as BY_RIDGE
from .by_ridge import Shrunk
from .closing import finish
from .evidence.additive import additive
from .evidence.by_evidence import HOW, Again
from .job import Job, Rows, check_rows
from .mixed import HOW as BY_BOTH
from .mixed import Mixed
from .monitor import Monitor, watched
from .naming import opened
from .outer import HOW as BY_TURNS
from .outer import Outer
from .result import FitResult
from .resuming.chapters import opened as opened_chapter
from .resuming.journal import Part, blamed, part_of
from .schedule.candidate import Interrupted
from .schedule.ended import Ending
from .schedule.extrapolation import carried_on
from .schedule.knots import reaching_rows
from .schedule.last_refit import last_refit
from .schedule.null_model import constant
from .schedule.training import Training
from .solvers.status import Status

Way = Ending | Again | Shrunk | Mixed | Outer


@knows_keywords
def refit(
    result: FitResult,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    groups: Any = None,
    progress: bool = True,
    resume: str | Path | Part | None = None,
) -> FitResult:
    """Fit the network of a result once more, to all rows of X and y, those that were held out included.

    Shape and grid stay; only the parameters move, a few steps of Levenberg-Marquardt under the smoothness that the fit
    found. A fit under a ridge penalty is made anew, under the same one. No row is left to judge, so the `validation_`
    metrics are those of the result before.

    Args:
        result: what `fit` gave back for a KAN by Levenberg-Marquardt, by its evidence or under a ridge penalty.
        X (n, features): all rows, in whatever `fit` takes; a `Table` has its targets and groups.
        y (n,), (n, outputs) or class labels (n,): their targets.
        sample_weight (n,): weights, as for `fit`.
        groups (n,): a label for each row, as for `fit`. Offsets reach as far as the fit found them to.
        progress: show a bar.
        resume: a file for the state of the fit, as for `fit`.

    Returns:
        A new `FitResult`; the one given stays as it is.

    Raises:
        ConfigError: after a fit by another optimizer, of another module, with a memory, or one that was interrupted;
            without groups after a fit that found offsets of groups.
        DataError, ShapeError: for rows that cannot be used.
        KeyboardInterrupt: by Ctrl-C; the result given stays as good as it is.

    >>> import edgewise as ew
    >>> X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    >>> first = ew.fit(ew.KAN((1, 1)), X, X[:, 0] ** 2, progress=False)
    >>> last = refit(first, X, X[:, 0] ** 2, progress=False)
    >>> last.metrics["rmse"] < 1e-6, last.metrics["validation_rmse"] == first.metrics["validation_rmse"]
    (True, True)
    """
    ending = getattr(result, "ending", None)
    if not isinstance(ending, Way):
        raise ConfigError(
            "refit goes on from a finished fit of an edgewise.KAN by Levenberg-Marquardt, evidence or ridge to X and y;"
            " this result is of another kind. Fit with optimizer='lm', or keep the model as it is."
        )
    model, start = result.model, ending.state.model if isinstance(ending, Ending) else ending.start
    groups = X.groups if isinstance(X, Table) and groups is None else groups
    if groups is None and isinstance(ending, Again) and any(one.tied for one in ending.structures):
        raise ConfigError("the fit found offsets of groups; give groups=, the label of each row of X")
    _, X, y, _ = opened(model, X, y)
    job, everything = _all_rows(result, start, X, y, sample_weight, groups)
    part = part_of(resume, "refit")
    with watched((), progress) as monitor, blamed(part, monitor):
        done, status, job, ending = _again(result, job, everything, part, monitor)
    if part is not None and part.whole:
        part.journal.remove()
    ways = {Again: HOW, Shrunk: BY_RIDGE, Mixed: BY_BOTH, Outer: BY_TURNS, Ending: "Levenberg-Marquardt"}
    how = f"{ways[type(ending)]} on all rows"
    fresh = finish(model, done, done, job, everything, status, monitor, how)
    judged = {name: value for name, value in result.metrics.items() if name.startswith("validation_")}
    return replace(
        fresh,
        history=[*result.history, *fresh.history],
        validation_loss=result.validation_loss,
        metrics=fresh.metrics | judged,
        held_out=result.held_out,
        ending=None if isinstance(ending, Ending) else ending,
    )


def _again(
    result: FitResult, job: Job, everything: Rows, part: Part | None, monitor: Monitor
) -> tuple[KAN, Status, Job, Way]:
    """The network fitted in the way of its result, how that ended, and the job and the ending with what it found."""
    ending: Way = result.ending
    if isinstance(ending, Again):
        known = ending.structures, ending.shapes, ending.parts
        found = additive(ending.start, job, everything, monitor, *known, job.groups)
        return found.model, found.status, replace(job, loss=found.loss), replace(ending, doubts=found.doubts)
    if isinstance(ending, Shrunk):
        done, status = ending.again(job, monitor)
        if status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return done, status, job, ending
    if isinstance(ending, Outer):

        def anew(inner: FitResult, target: Tensor, weight: Tensor) -> FitResult:
            own = replace(job, y=target, weight=weight, loss=inner.ending.loss)
            model, status, _, again = _again(inner, own, (job.x, target, weight), None, monitor)
            return replace(inner, model=model, status=status, ending=again)

        last = ending.again((job.x, job.y, job.weight), anew)
        return last.model, last.inner.status, job, replace(ending, inner=last.inner)
    if isinstance(ending, Mixed):
        one, status, found, again = _again(ending.one, job, everything, part, monitor)
        other, ended = ending.other.again(job, monitor)
        if ended is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return mixture(one, other, ending.share), status, found, replace(ending, one=replace(ending.one, ending=again))
    start, known = ending.state.model, ending.state.roughness
    if result.status is Status.NOTHING:
        return constant(start, job), Status.NOTHING, job, ending
    if ending.state.status is Status.STOPPED and not known:  # steps would undo a stop by the held-out loss
        return start, Status.STOPPED, job, ending
    return *_by_steps(ending, job, everything, part, monitor), job, ending


def _by_steps(ending: Ending, job: Job, everything: Rows, part: Part | None, monitor: Monitor) -> tuple[KAN, Status]:
    """The network after the last steps of Levenberg-Marquardt on all rows, and how they ended."""
    start, known = ending.state.model, ending.state.roughness
    chapter = opened_chapter(part, monitor, start, job, ending.plan, known)
    training = Training(job, ending.plan, monitor, chapter=chapter)
    reaching = reaching_rows(start, job)  # rows that judged may lie outside
    state = replace(ending.state, model=reaching, roughness=known and known.on(reaching.edge_layers))
    training.best = state
    try:
        last = last_refit(training, state, everything)
    except Interrupted:  # half of these steps is worth no more than none
        raise KeyboardInterrupt from None
    return carried_on(last.model, job.x) if job.located else last.model, last.status


def _all_rows(result: FitResult, start: KAN, X: Any, y: Any, sample_weight: Any, groups: Any) -> tuple[Job, Rows]:
    """The job of a refit, and its rows; `start`: the network that it goes on from."""
    model: Any = result.model
    found = check_rows(
        X,
        y,
        loss=result.ending.loss,
        sample_weight=sample_weight,
        groups=groups,
        features=model.topology.features,
        outputs=len(model.topology.node_ids[-1]),
        dtype=torch.float64,
        device=start.device,
        seed=0,
        known=model.metadata.classes,
    )
    x, target, weight = found.rows
    return Job(x, target, found.loss, weight, classes=found.classes, groups=found.groups), found.rows
