"""The end of a fit of a KAN: the network in the model's own number format, its errors, and the run in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from .. import knots_by_samples
from ..losses import CrossEntropy, Linked
from ..metadata import Edit
from ..model import KAN
from ..size import summary
from .expected_error import expected_rmse
from .held_out import FEWEST, FEWEST_GROUPS
from .job import Job, Rows
from .monitor import Monitor
from .priors.seen import Seen
from .result import FitResult, headline, measure
from .solvers.status import Status

FAR = 100.0  # times the width of the bulk of a column, from which on its range is worth a remark


def finish(
    model: KAN,
    trained: KAN,
    judged: KAN,
    job: Job,
    rows: Rows,
    status: Status,
    monitor: Monitor,
    how: str,
    before: FitResult | None = None,
) -> FitResult:
    """The result: the trained network in the model's own number format, its losses, and the run in words. `rows`: those
    that its last steps were on. `before`: whose held-out rows are among these, and judged it then."""
    monitor.finishing()
    x, y, weight = rows
    ranges = tuple(zip(x.amin(0).tolist(), x.amax(0).tolist(), strict=True))
    metadata = trained.metadata
    metadata = replace(
        metadata,
        ranges=ranges,
        classes=job.classes or metadata.classes,
        task="classification" if isinstance(job.loss, CrossEntropy) else "regression",
        loss=job.loss.name if isinstance(job.loss, Linked) else "",
        split=job.held_out.record if job.held_out else metadata.split,
    )
    done = trained.build(metadata=metadata).to(model.dtype).train(model.training)

    def measured(network: KAN, x: Tensor, y: Tensor, weight: Tensor | None = None) -> tuple[float, dict[str, float]]:
        return measure(network.build().to(model.dtype), x.to(model.dtype), y, job.loss, weight)

    train_loss, metrics = measured(done, x, y, weight)
    validation_loss = None
    if job.unseen is not None:
        validation_loss, held = measured(trained if job.own_split else judged, *job.unseen)
        metrics |= {f"validation_{name}": value for name, value in held.items()}
        if job.own_split and job.squared and judged is not trained:  # the rows that chose were given back
            metrics["expected_rmse"] = expected_rmse(held["rmse"], judged, trained, x, job.loss, job.seed)
    if before is not None:
        validation_loss = before.validation_loss
        metrics |= {name: value for name, value in before.metrics.items() if name.startswith("validation_")}
    grid_size = [layer.grid_size for layer in trained.edge_layers]
    done.edits = (*model.edits, Edit("fit", f"{how}; grid_size={grid_size}; {status.name}"))
    shown = headline(job.loss, metrics)
    figures = f"{shown} {metrics[shown]:.3g}" if shown else f"loss {train_loss:.3g}"
    if shown and validation_loss is not None:
        expected = f", expected of new rows {metrics['expected_rmse']:.2g}" if "expected_rmse" in metrics else ""
        held_out = "held-out" if before is None else "before this, held-out"
        figures += f" ({held_out} {metrics['validation_' + shown]:.3g}{expected})"
    message = f"{monitor.sentence(status)}. {how}, {monitor.length}, {summary(done)}. {figures}."
    judged_at_all = validation_loss is not None or job.memory is not None or not job.located
    message = " ".join([message, *remarks(x, metadata.inputs, judged_at_all, job.groups)])
    seen = Seen(trained, x, y, weight, job.loss, job.memory)
    return FitResult(
        done,
        monitor.rows,
        status,
        message,
        train_loss,
        validation_loss,
        metrics,
        monitor.elapsed,
        seen,
        choosing_loss=None if job.xv is None or job.yv is None else measured(judged, job.xv, job.yv, job.wv)[0],
        held_out=job.held_out,
    )


def remarks(x: Tensor, names: Sequence[str], judged: bool, groups: Tensor | None = None) -> list[str]:
    """What a user should know of a fit to x (n, d), of groups (n,) if any: far rows, and that nothing judged it."""
    found = far_columns(x, names)
    if not judged:
        few = f"{x.shape[0]} rows (fewer than {FEWEST})"
        if groups is not None and x.shape[0] >= FEWEST:
            count = len(groups.unique())
            few = f"{count} group{'s' * (count != 1)} (fewer than {FEWEST_GROUPS})"
        found.append(
            f"Nothing was held out of {few}: noise is not told from the function, and"
            " the error on new rows may be far larger."
        )
    return found


def far_columns(x: Tensor, names: Sequence[str] = ()) -> list[str]:
    """A sentence for each of the first columns of x (n, d) that reaches very far beyond where nearly all its rows
    lie."""
    low, high, narrow = knots_by_samples.bulk(x)
    far = narrow & (x.amax(0) - x.amin(0) > FAR * (high - low))
    shown = names if len(names) == x.shape[1] else [f"x{i + 1}" for i in range(x.shape[1])]
    return [
        f"{shown[i]} runs from {float(x[:, i].amin()):.3g} to {float(x[:, i].amax()):.3g}, but nine tenths of its rows"
        f" lie between {float(low[i]):.3g} and {float(high[i]):.3g}: are the others right, or is its logarithm the"
        " better input?"
        for i in far.nonzero()[:3, 0].tolist()
    ]
