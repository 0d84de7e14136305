"""What comes after the choice of a network: closed forms, means over parts of the rows, and the fit to all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..data import Table
from ..losses import Linked, Location, SquaredError
from ..model import KAN
from ..size import summary
from ..symbolic.symbolify import symbolify
from ..train.evidence.by_evidence import Again
from ..train.refit import refit
from ..train.resuming.journal import Journal
from .beginnings import parts
from .closed_forms import close, skipped, symbolic_edges
from .forms_again import follow_curves, forms_again
from .gross_errors import believed
from .kept_shapes import keeps, shapes_of
from .law_behind import with_law
from .replacing import moved
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

    Shape, grid and closed forms stay. Where splines stay beside these, or all are lines, they follow the curves that a
    fit by evidence to all rows gives. Where the fit was by a gradient method without a penalty, or was interrupted, it
    stays as it is. Where all rows do not confirm what some of them found, a constant comes of it. To keep the network
    of some was tried on five made laws under heavy tails: squared errors were 0.5, 0.8, 0.9, 3 and 11 times as large.
    """
    if trained.interrupted or summary(trained.model).edges == 0 and trained.chosen.ending is None:
        return trained.model
    of = trained.chosen.ending and trained.chosen.ending.loss
    if trained.of_log is not None and isinstance(of, Linked) and bool(of.faulty(table.y).any()):  # of rows that judge
        return trained.model
    table = believed(trained, table)
    forms, splines = trained.closed.model, None
    if trained.chosen.ending is not None and (forms is None or follow_curves(forms) and not trained.closed.apart):
        how: dict[str, Any] = {**table.row_settings, "resume": journal and journal.part("all rows")}
        splines = refit(trained.chosen, table.X, table.y, progress=progress, **how).model
    if forms is not None:
        return of_law(_with_forms(forms, splines, trained, table, progress), trained.of_log, table)
    return trained.model if splines is None else of_targets(splines, trained.of_log, table)


def _with_forms(forms: KAN, splines: KAN | None, trained: Trained, table: Table, progress: bool) -> KAN:
    """Closed forms with the constants that all rows give them: by the curves of `splines`, or by least squares."""
    if splines is not None:
        again = forms_again(forms, splines, table.X)
        good = again is not None and moved(again, splines, table) <= moved(forms, splines, table)
    else:
        how: dict[str, Any] = {"sample_weight": table.weight, "tolerance": TUNED.form_tolerance, "progress": progress}
        again = symbolify(forms, table.X, table.y, **how)
        good = symbolic_edges(again) == symbolic_edges(forms)
    return again if again is not None and good and keeps(again, shapes_of(trained.chosen), table) else forms
