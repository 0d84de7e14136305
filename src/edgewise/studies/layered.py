"""A network with hidden layers: fitted with sparsity, pruned and fitted again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..data import Table, split
from ..errors import DataError
from ..losses import CrossEntropy, Loss
from ..model import KAN
from ..size import summary
from ..train.fit import fit
from ..train.result import FitResult
from ..train.resuming.journal import Journal, Part
from ..train.solvers.status import Status
from ..transforms import prune
from .beginnings import fresh
from .choosing import as_good, clearly_better, clearly_worse, explained
from .closed_forms import thin
from .leftover import something_left
from .study_settings import EFFORTS, StudySettings
from .tuning import TUNED


@dataclass(frozen=True)
class Layered:
    """A network with hidden layers: the fits before and after pruning (None: there was none), and the one chosen."""

    first: FitResult
    second: FitResult | None
    chosen: FitResult


def layered(
    training: Table,
    choosing: Table,
    settings: StudySettings,
    how: dict[str, Any],
    journal: Journal | Part | None,
    loss: Loss,
) -> Layered:
    """Fit with sparsity, prune, fit again. `how`: what both fits are told. `loss`: that compares them.

    The rows that choose between stages stop neither fit: the best of many states is better on the rows that it was
    picked by than on others.
    """
    try:
        rest, stopping = split(training, TUNED.choosing, (settings.seed + 2) % 2**64)
    except DataError:  # each group has the only rows of a class
        rest, stopping = split(replace(training, groups=None), TUNED.choosing, (settings.seed + 2) % 2**64)
    validation = stopping.X, stopping.y, stopping.weight
    how = {**how, **rest.row_settings, "grids": settings.grids, "validation": validation}
    if isinstance(how["loss"], CrossEntropy) and rest.classes is not None:
        how["loss"] = how["loss"].bounded(rest.count, len(rest.classes))
    first = fit(
        fresh(rest, settings),
        rest.X,
        rest.y,
        sparsity=settings.sparsity,
        restarts=EFFORTS[settings.effort],
        resume=journal and journal.part("fit"),
        **how,
    )
    if settings.sparsity == 0 or first.status is Status.INTERRUPTED:
        return Layered(first, None, first)
    pruned, part = prune(first.model, rest.X), journal and journal.part("refit after pruning")
    second = fit(pruned, rest.X, rest.y, resume=part, **how)
    nothing = second.status is Status.NOTHING and first.status is not Status.NOTHING
    worse = nothing or clearly_worse(second.model, first.model, choosing, loss)
    chosen = first if worse and second.status is not Status.INTERRUPTED else second
    return Layered(first, second, chosen)


def promising(plain: KAN, training: Table, settings: StudySettings, loss: Loss) -> bool:
    """Whether a fit by steps is worth a try. Much effort tries it in any case. Else it must be small, unless its shape
    was given. And something must be left to find, or a formula may take fewer edges with hidden layers."""
    if settings.effort == "quick" or settings.constraints:  # which hidden layers would not keep
        return False
    if settings.effort == "thorough":
        return True
    if not shape_given(settings) and summary(fresh(training, settings)).parameters > TUNED.layered_parameters:
        return False
    if something_left(plain, training, settings.seed, loss):
        return True
    return settings.formula and bool(settings.hidden) and plain.topology.depth > 1


def shape_given(settings: StudySettings) -> bool:
    """Whether the caller said what networks with hidden layers look like."""
    return (settings.hidden, settings.grids) != (StudySettings.hidden, StudySettings.grids)


def preferred(deep: KAN, plain: KAN, choosing: Table, loss: Loss) -> bool:
    """Whether the network with hidden layers is clearly better, or as good with fewer edges. A constant is never
    preferred for its fewer edges: where few rows with far targets choose, it looks as good. Nor does a handful of rows
    say that a network is as good, unless it is nearly exact: one was off by six ranges a little beyond the rows."""
    if clearly_better(deep, plain, choosing, loss):
        return True
    if choosing.count < TUNED.fewest_choosing and not explained(deep, choosing) >= 1 - TUNED.nearly_exact:
        return False
    return 0 < summary(deep).edges < summary(plain).edges and as_good(deep, plain, choosing, loss=loss)


def light(training: Table) -> Table:
    """The rows that networks with hidden layers are fitted to."""
    return thin(training, max(TUNED.layered_rows, TUNED.layered_cells // len(training.inputs)))
