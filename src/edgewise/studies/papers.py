"""What a study shows: report.html, kan.svg and formula.txt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..data import Table
from ..errors import EdgewiseError
from ..losses import Loss
from ..plotting import describe, plot
from ..plotting.picture_file import as_file
from ..report import report
from ..report.figures import closed_forms
from ..size import summary
from ..topology import Edge
from . import formula_text, words
from .closed_forms import symbolic_edges
from .findings import Findings
from .formula_text import JUDGED, MODEL, Written
from .scores import predict
from .trained import Trained
from .tuning import TUNED


def written(trained: Trained, held: Table, loss: Loss) -> tuple[Written | None, Written | None, str]:
    """The network that is kept, and the one that was found but is worse, written down; and why they are not, where
    sympy is missing or an edge cannot be written."""
    try:
        rejected = None if trained.closed.rejected is None else formula_text.write(trained.closed.rejected, held, loss)
        return formula_text.write(trained.model, held, loss), rejected, ""
    except EdgewiseError as error:
        return None, None, f"not written down: {error}"


def picture(study: Findings) -> bytes:
    """The network as SVG, the same bytes for the same network."""
    return as_file(plot(study.model, study.rest.X), "svg")


def formula_file(study: Findings) -> str:
    """formula.txt."""
    scores = {name: row for name, row in study.scores.items() if name != "formula"}
    return formula_text.text(study.formula, study.forms, study.rejected, len(study.held), scores)


def page(study: Findings) -> str:
    """report.html: the network that is judged, and how to use the one after the last fit."""
    trained, rest, held, written = study.trained, study.rest, study.held, study.formula
    own = ("this network", "formula")
    last = torch.equal(predict(study.judged, rest), predict(study.model, rest))  # no fit came after
    judged: dict[str, Any] = {"model": study.scores["this network"]}
    if "formula" in study.scores:
        judged["formula"] = study.scores["formula"]
    expressions: Sequence[Any] | None = None
    if written is not None and sum(e.count_ops() for e in written.expressions) <= TUNED.typeset:
        expressions = written.expressions
    return report(
        study.judged,
        rest.X,
        rest.y,
        original=trained.first if trained.splines.active_edges() != trained.first.active_edges() else None,
        test=(held.X, held.y),
        history=trained.rows,
        baselines={name: row for name, row in study.scores.items() if name not in own},
        errors=judged,
        formulas=expressions,
        closed_forms=_fits(trained, rest),
        verdict=study.message if last else f"{study.message} {words.shows_judged(JUDGED, MODEL)}",
        notes=rest.notes,
        formula_notes=written.legend() if written and expressions else (),
        model_file=MODEL,
        saved=study.model,
    )


def _fits(trained: Trained, rest: Table) -> dict[Edge, tuple[str, float]] | None:
    """The forms of a network of closed forms, each held against the spline whose place it took; None leaves the report
    to look for forms itself."""
    if trained.closed.model is None or summary(trained.model).edges > symbolic_edges(trained.model):
        return None
    before = None if trained.closed.apart else describe(trained.splines, rest.X)
    forms = closed_forms(describe(trained.model, rest.X), before, None)
    # between few values, a spline may do what it likes
    few = [len(column.unique()) < TUNED.few_values for column in rest.X.T]
    return {edge: (form.words, math.nan if edge[0] == 0 and few[edge[1]] else form.r2) for edge, form in forms.items()}
