"""refit: the very end of a chain, where the rows that chose and judged come back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from ..errors import ConfigError, knows_keywords
from ..screen import told_by
from .closing import finish
from .job import Job, check_rows
from .monitor import Monitor
from .naming import opened
from .problems.losses import Loss
from .result import FitResult
from .schedule.candidate import Candidate
from .schedule.extrapolation import carried_on
from .schedule.knots import reaching_rows
from .schedule.last_refit import last_refit
from .schedule.null_model import constant
from .schedule.plan import Plan
from .schedule.training import Training
from .solvers.status import Status


@dataclass(frozen=True)
class Ending:
    """What a fit ended with: the state before its edges were carried on beyond the rows, its plan, and its loss."""

    state: Candidate
    plan: Plan
    loss: Loss


@knows_keywords
def refit(result: FitResult, X: Any, y: Any, *, sample_weight: Any = None, progress: bool = True) -> FitResult:
    """Fit the network of a result once more, to all rows of X and y, those that were held out included.

    Shape and grid stay; only the parameters move, a few steps of Levenberg-Marquardt under the smoothness that the fit
    found. No row is left to judge, so the `validation_` metrics are those of the result before.

    Args:
        result: what `fit` gave back for a KAN by Levenberg-Marquardt on X and y.
        X (n, features): all rows, in whatever `fit` takes.
        y (n,), (n, outputs) or class labels (n,): their targets.
        sample_weight (n,): weights, as for `fit`.
        progress: show a bar.

    Returns:
        A new `FitResult`; the one given stays as it is.

    Raises:
        ConfigError: after a fit by another optimizer, of another module, with a memory, or one that was interrupted.
        DataError, ShapeError: for rows that cannot be used.

    >>> import edgewise as ew
    >>> X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    >>> first = ew.fit(ew.KAN((1, 1)), X, X[:, 0] ** 2, progress=False)
    >>> last = refit(first, X, X[:, 0] ** 2, progress=False)
    >>> last.metrics["rmse"] < 1e-6, last.metrics["validation_rmse"] == first.metrics["validation_rmse"]
    (True, True)
    """
    ending = getattr(result, "ending", None)
    if not isinstance(ending, Ending):
        raise ConfigError(
            "refit goes on from a finished fit of an edgewise.KAN by Levenberg-Marquardt to X and y; this result is of"
            " another kind. Fit with optimizer='lm', or keep the model as it is."
        )
    model, start, plan = result.model, ending.state.model, ending.plan
    _, X, y, _ = opened(model, X, y)
    found = check_rows(
        X,
        y,
        loss=ending.loss,
        sample_weight=sample_weight,
        features=model.topology.features,
        outputs=len(model.topology.node_ids[-1]),
        dtype=torch.float64,
        device=start.device,
        seed=0,
        known=model.metadata.classes,
    )
    x, target, weight = found.rows
    job = Job(x, target, found.loss, weight, classes=found.classes)
    monitor = Monitor(progress=progress)
    try:
        with told_by(monitor.tell):
            if result.status is Status.NOTHING:
                done, status = constant(start, job), Status.NOTHING
            elif ending.state.status is Status.STOPPED and not ending.state.roughness:
                done, status = start, Status.STOPPED  # steps without smoothness would undo a stop by the held-out loss
            else:
                training = Training(job, plan, monitor)
                state = replace(ending.state, model=reaching_rows(start, job))
                training.best = state
                last = last_refit(training, state, found.rows)
                done, status = (carried_on(last.model, x) if job.regression else last.model), last.status
    finally:
        monitor.close()
    fresh = finish(model, done, done, job, found.rows, status, monitor, "Levenberg-Marquardt on all rows")
    judged = {name: value for name, value in result.metrics.items() if name.startswith("validation_")}
    return replace(
        fresh,
        history=[*result.history, *fresh.history],
        validation_loss=result.validation_loss,
        metrics=fresh.metrics | judged,
        held_out=result.held_out,
    )
