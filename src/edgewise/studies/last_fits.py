"""What comes after the choice of a network: closed forms, means over parts of the rows, and the fit to all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..data import Table
from ..losses import Location, SquaredError
from ..model import KAN
from ..size import summary
from ..symbolic.symbolify import symbolify
from ..train.evidence.by_evidence import Again
from ..train.refit import refit
from ..train.resuming.journal import Journal
from .beginnings import parts
from .closed_forms import close, skipped, symbolic_edges
from .gross_errors import believed
from .kept_shapes import keeps, shapes_of
from .law_behind import with_law
from .stages import of_any_shape
from .study_settings import StudySettings
from .trained import Trained, of_law, of_targets
from .tuning import TUNED


def completed(trained: Trained, rest: Table, settings: StudySettings, progress: bool) -> Trained:
    """The chosen network as the mean of fits to parts of the training rows, where it is one, and with closed forms,
    where these are asked for and as good. `rest`: what it was chosen by."""
    if trained.interrupted:
        return trained
    training, choosing = parts(rest, settings.seed)
    chosen, loss, closed, interrupted = trained.chosen, settings.loss_of(rest), trained.closed, False
    try:
        if isinstance(chosen.ending, Again) and chosen.ending.parts:
            chosen = refit(chosen, training.X, training.y, **training.row_settings, progress=False)
        if settings.formula:
            closed = (
                close(chosen.model, training, choosing, progress, shapes_of(chosen))
                if not isinstance(loss, Location)
                else skipped(f"they are fitted by squares, not by the loss {loss.name}")
            )
            if isinstance(loss, SquaredError) and of_any_shape(settings):
                closed = with_law(closed, chosen.model, training, choosing, progress)
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        if closed is trained.closed:
            closed = skipped("the search for closed forms was interrupted")
        else:
            closed = replace(closed, message=f"{closed.message} The search for a law was interrupted.")
        interrupted = True
    splines = of_targets(chosen.model, trained.of_log, rest)
    return replace(
        trained,
        model=splines if closed.model is None else of_law(closed.model, trained.of_log, rest),
        first=splines if trained.first is trained.splines else trained.first,
        splines=splines,
        chosen=chosen,
        closed=closed,
        interrupted=interrupted,
    )


def final(trained: Trained, table: Table, progress: bool, journal: Journal | None = None) -> KAN:
    """The network that is kept, its parameters fitted once more to all rows of the table, those that judged included.

    Shape, grid and closed forms stay. Where the fit was by a gradient method without a penalty, or was interrupted, it
    stays as it is. Where all rows do not confirm what some of them found, a constant comes of it. To keep the network
    of some was tried on five made laws under heavy tails: squared errors were 0.5, 0.8, 0.9, 3 and 11 times as large.
    """
    if trained.interrupted or summary(trained.model).edges == 0 and trained.chosen.ending is None:
        return trained.model
    if trained.of_log is not None and not bool((table.y > 0).all()):  # a row that judges has no logarithm
        return trained.model
    table = believed(trained, table)
    if (forms := trained.closed.model) is not None:
        how: dict[str, Any] = {"sample_weight": table.weight, "tolerance": TUNED.form_tolerance, "progress": progress}
        again = symbolify(forms, table.X, table.y, **how)
        kept = keeps(again, shapes_of(trained.chosen), table)
        again = again if symbolic_edges(again) == symbolic_edges(forms) and kept else forms
        return of_law(again, trained.of_log, table)
    if trained.chosen.ending is None:
        return trained.model
    how = {**table.row_settings, "progress": progress, "resume": journal and journal.part("all rows")}
    return of_targets(refit(trained.chosen, table.X, table.y, **how).model, trained.of_log, table)
