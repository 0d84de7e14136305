"""Whether errors have tails that squares do not bear: a few rows that are far off, above and below, make most of the
squared error, and every function follows them.

The likelihood of Student's t says so. Both losses have one scale, so that neither is favoured by fitting it. Where
Student's is the likelier one, a network is fitted by it, too. That must predict rows left out in turn clearly better.
Where errors reach farther to one side, as those of amounts do, its middle is not the mean, and nothing is told.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ..data import Table
from ..errors import ConfigError, DataError, TrainingError
from ..losses import StudentT
from ..losses.statistics import weighted_quantile
from ..train.result import FitResult
from ..train.solvers.status import Status
from . import words
from .beginnings import with_room
from .choosing import mean_over, standard_error
from .gross_errors import believed
from .left_out import in_turn
from .scores import predict
from .stages import in_closed_form
from .study_settings import StudySettings
from .trained import Trained
from .tuning import TUNED


def told(trained: Trained, rows: Table, settings: StudySettings) -> tuple[str, ...]:
    """Sentences on the loss that bears the tails of the errors; nothing where they have none, where the loss was asked
    for, and where rows are so many that few bend no function. Ctrl-C ends this question alone: the network is there.
    `rows`: those of the fits."""
    of_mean = rows.classes is None and trained.of_log is None and trained.chosen.ending is not None
    if not settings.automatic or not of_mean or trained.interrupted or len(rows) > TUNED.log_searched:
        return ()
    rows = believed(trained, rows)
    if rows.count < TUNED.log_fewest:
        return ()
    errors = rows.y - predict(trained.splines, rows)
    tailed = [place for place, error in enumerate(errors.T) if _has_tails(error, rows.y[:, place], rows)]
    leans = [abs(_lean(errors[:, place], rows)) for place in tailed]
    if not tailed or max(leans) > TUNED.tails_clear:  # no other fit would tell otherwise
        return ()
    try:
        old, new = (_unseen(result, rows) for result in (trained.chosen, _by_student(rows, settings)))
    except (TrainingError, ConfigError, DataError, KeyboardInterrupt):
        return ()
    clear = {place: _clear(old[:, place], new[:, place], rows) for place in tailed}
    lean = max(abs(_lean(new[:, place], rows)) for place in tailed)
    if not (max(clear.values()) >= TUNED.tails_clear and lean <= TUNED.tails_sided):  # nor where one is no number
        return ()
    place = max(clear, key=lambda place: clear[place])
    then, now = (float(weighted_quantile(error[:, place].abs(), rows.weight, 0.5)) for error in (old, new))
    return (words.heavy_tails(rows.outputs[place], then, now),) if now < then else ()


def _has_tails(error: Tensor, y: Tensor, rows: Table) -> bool:
    """Whether errors (n,) are clearly likelier under Student's t than under the normal distribution. Where they are
    next to nothing beside the targets (n,), they may be those of splines. Where most targets are the same number, the
    others are no errors."""
    spread = mean_over((y - mean_over(y, rows)).square(), rows)
    noisy = mean_over(error.square(), rows) > TUNED.nearly_exact * spread
    varied = 2 * mean_over((y == y.median()).double(), rows) <= 1
    return noisy and varied and _nats(error, rows) > TUNED.tails_least


def _nats(error: Tensor, rows: Table) -> float:
    """By how many nats a row errors (n,) are likelier under Student's t, each distribution with its best scale."""
    loss = StudentT().tuned(error[:, None], rows.weight)
    half, scale = loss.freedom / 2, error.new_tensor(loss.scale)
    norm = math.lgamma(half + 0.5) - math.lgamma(half) - 0.5 * math.log(2 * half * math.pi) - float(scale.log())
    student = norm - mean_over(loss.rows(torch.zeros_like(error)[:, None], error[:, None]), rows)
    return student + 0.5 * (math.log(2 * math.pi * mean_over(error.square(), rows)) + 1)


def _by_student(rows: Table, settings: StudySettings) -> FitResult:
    """A network of sums and pairs under Student's t."""
    few = len(rows.inputs) <= TUNED.log_inputs
    start = with_room(rows, settings if few else replace(settings, interactions=0))
    how = {"loss": StudentT(), "seed": settings.seed, "progress": False, **rows.row_settings}
    found = in_closed_form(start, rows, settings, how)
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found


def _unseen(result: FitResult, rows: Table) -> Tensor:
    """The errors (n, k) of rows that a fit of the same structure has not seen."""
    found = torch.zeros_like(rows.y)
    for there, model, _ in in_turn(result, rows):
        found[there] = rows.y[there] - predict(model, rows.take(there))
    return found


def _clear(old: Tensor, new: Tensor, rows: Table) -> float:
    """By how many standard errors the new errors (n,) of rows left out are likelier than the old ones."""
    loss = StudentT().tuned(new[:, None], rows.weight)
    zero = torch.zeros_like(old)[:, None]
    gain = loss.rows(zero, old[:, None]) - loss.rows(zero, new[:, None])
    error = standard_error(gain, rows)
    return mean_over(gain, rows) / error if error > 0 else 0.0


def _lean(left: Tensor, rows: Table) -> float:
    """By how many standard errors what is left (n,) reaches farther above its middle: Rao's score test of one scale
    above it and another below (Fernandez & Steel 1998, doi:10.1080/01621459.1998.10474117)."""
    loss = StudentT().begun(left[:, None], rows.weight)
    u = ((left[:, None] - loss.constant(left[:, None], rows.weight)) / left.new_tensor(loss.scale))[:, 0]
    pull = loss.psi(u)
    tilt = u.abs() * pull
    tilt = tilt - mean_over(tilt * pull, rows) / mean_over(pull.square(), rows) * pull  # what another middle explains
    error = standard_error(tilt, rows)
    return mean_over(tilt, rows) / error if error > 0 else math.inf
