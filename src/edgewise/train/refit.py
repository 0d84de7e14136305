"""refit: the very end of a chain, where the rows that chose and judged come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..data import Table
from ..errors import ConfigError, knows_keywords
from .closing import finish
from .job import Job, check_rows
from .monitor import watched
from .naming import opened
from .refitting import Ending
from .result import FitResult, ending_of
from .resuming.journal import Part, blamed, part_of


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
    ending = ending_of(result)
    model = result.model
    groups = X.groups if isinstance(X, Table) and groups is None else groups
    if groups is None and ending.tied:
        raise ConfigError("the fit found offsets of groups; give groups=, the label of each row of X")
    _, X, y, _ = opened(model, X, y)
    job = _of_all_rows(model, ending, X, y, sample_weight, groups)
    part = part_of(resume, "refit")
    with watched((), progress) as monitor, blamed(part, monitor):
        found = ending.again(job, monitor, part)
    if part is not None and part.whole:
        part.journal.remove()
    job, rows, how = replace(job, loss=found.loss), (job.x, job.y, job.weight), f"{ending.how} on all rows"
    fresh = finish(model, found.model, found.model, job, rows, found.status, monitor, how, before=result)
    return replace(
        fresh,
        history=[*result.history, *fresh.history],
        held_out=result.held_out,
        ending=found.ending,
    )


def _of_all_rows(model: Any, ending: Ending, X: Any, y: Any, sample_weight: Any, groups: Any) -> Job:
    """The job of a refit."""
    found = check_rows(
        X,
        y,
        loss=ending.loss,
        sample_weight=sample_weight,
        groups=groups,
        features=model.topology.features,
        outputs=len(model.topology.node_ids[-1]),
        dtype=torch.float64,
        device=ending.start.device,
        seed=0,
        known=model.metadata.classes,
    )
    x, target, weight = found.rows
    return Job(x, target, found.loss, weight, classes=found.classes, groups=found.groups)
