"""Rows whose target is far from what all others say of it: mostly mistakes, such as a digit too many.

Under squares one of them bends every function, or gets a product of its own. They are left out of all fits where they
bend functions so much that rows which nobody fitted are predicted clearly worse. Rows that judge are judged as they
are.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..data import Table
from ..errors import ConfigError, DataError, TrainingError
from ..losses import SquaredError
from ..model import KAN
from ..train.refit import refit
from ..train.resuming.journal import Part
from . import words
from .beginnings import parts
from .choosing import clearly_better
from .scores import predict
from .stages import chosen_network
from .study_settings import StudySettings
from .trained import Trained
from .tuning import TUNED

NORMAL = 1.4826  # standard deviation of a normal distribution, in those of the median absolute deviation


def without_gross_errors(
    trained: Trained, rest: Table, settings: StudySettings, progress: bool, journal: Part | None
) -> tuple[Trained, Table] | None:
    """All stages on the rows that are no gross errors, and these rows; None where there are none, or where the network
    is not clearly better without them. `trained`: the stages on all rows, `rest`.

    Raises:
        KeyboardInterrupt: by Ctrl-C.
    """
    loss, choosing = settings.loss_of(rest), parts(rest, settings.seed)[1]
    if not isinstance(loss, SquaredError) or trained.of_log is not None or choosing is None:
        return None
    if bool((is_far(trained.sums, choosing, rest) & ~is_far(trained.model, choosing, choosing)).any()):
        return None  # a network that has not seen such a row foresees it
    found, without, far = trained, rest, torch.zeros(len(rest), dtype=torch.bool)
    for _ in range(TUNED.gross_rounds):  # the largest errors hide others
        before, far = far, is_far(found.sums, rest, without)
        if int(far.sum()) > max(1, int(TUNED.gross_part * len(rest))):
            return None
        if torch.equal(far, before):
            break
        without = rest.take((~far).nonzero()[:, 0])
        try:
            found = chosen_network(without, settings, progress, journal)
        except (TrainingError, ConfigError, DataError):
            return None
        if found.interrupted:
            raise KeyboardInterrupt
    if found is trained:
        return None
    judging = parts(without, settings.seed)[1]
    better = judging is not None and clearly_better(found.model, trained.model, judging, loss)
    return (with_limits(found, without), without) if better or _bend(found, rest, far, settings) else None


def with_errors_of(trained: Trained, table: Table, settings: StudySettings) -> Trained:
    """The same with limits where rows are gross errors of which no stage saw one. `table`: all rows."""
    if not isinstance(settings.loss_of(table), SquaredError) or (trained.of_log, trained.limits) != (None, None):
        return trained
    far = is_far(trained.splines, table, table)
    few = 0 < int(far.sum()) <= max(1, int(TUNED.gross_part * len(table)))
    return with_limits(trained, table) if few and _bend(trained, table, far, settings) else trained


def _bend(trained: Trained, table: Table, far: Tensor, settings: StudySettings) -> bool:
    """Whether a network that is fitted to the other rows alone predicts some of these clearly better."""
    rows = replace(table, lines=tuple(range(len(table))))
    training, judging = parts(rows.take((~far).nonzero()[:, 0]), settings.seed)
    if judging is None or trained.chosen.ending is None:
        return False
    both = rows.take(torch.cat([torch.tensor(training.lines), far.nonzero()[:, 0]]))
    try:
        bent, free = (
            refit(trained.chosen, part.X, part.y, **part.row_settings, progress=False).model
            for part in (both, training)
        )
    except (TrainingError, ConfigError, DataError):
        return False
    return clearly_better(free, bent, judging, settings.loss_of(table))


def with_limits(trained: Trained, rows: Table) -> Trained:
    """The same with the errors beyond which a row is one, by what its network makes of these."""
    return replace(trained, limits=tuple(limits(trained.splines, rows).tolist()))


def limits(model: KAN, rows: Table) -> Tensor:
    """Errors of each output (k,) beyond which they are gross, by how far half of these rows are off."""
    least = TUNED.gross_least * rows.y.std(0)
    return TUNED.gross * (NORMAL * (predict(model, rows) - rows.y).abs().median(0).values).maximum(least)


def is_far(model: KAN, rows: Table, others: Table) -> Tensor:
    """Which rows (n,) are off by more than others bear out."""
    return ((predict(model, rows) - rows.y).abs() > limits(model, others)).any(1)


def gross(trained: Trained, rows: Table) -> Tensor:
    """Which rows (n,) are gross errors, where a network leaves these out; else none."""
    if trained.limits is None:
        return torch.zeros(len(rows), dtype=torch.bool)
    return ((predict(trained.splines, rows) - rows.y).abs() > rows.y.new_tensor(trained.limits)).any(1)


def believed(trained: Trained, rows: Table) -> Table:
    """The rows that are none."""
    far = gross(trained, rows)
    return rows.take((~far).nonzero()[:, 0]) if bool(far.any()) else rows


def told(trained: Trained, rows: Table) -> tuple[str, ...]:
    """A sentence on the rows that no fit used, nothing where there are none."""
    far = rows.take(gross(trained, rows).nonzero()[:, 0])
    if not len(far):
        return ()
    made = predict(trained.splines, far)
    row, output = divmod(int((made - far.y).abs().argmax()), far.y.shape[1])
    return (words.gross_errors(len(far), far.outputs[output], float(far.y[row, output]), float(made[row, output])),)
