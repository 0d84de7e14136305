"""What a run folder holds for the reader: report.html, kan.svg and formula.txt. Nothing that goes wrong here costs the
user the network."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

from ..data import Table
from ..errors import EdgewiseError
from ..plotting import describe, plot
from ..report import report
from ..report.figures import closed_forms
from ..size import summary
from ..topology import Edge
from . import formulas
from .closed import symbolic_edges
from .formulas import Written
from .learn import Trained
from .measure import Scores
from .run_folder import FORMULA, PICTURE, REPORT

FEW = 8  # different values of an input, below which an edge is not held against its spline
SHOWN = 300  # operations up to which the report typesets a formula


def written(trained: Trained, held: Table) -> tuple[Written | None, Written | None, str]:
    """The network that is kept and the one that was found but is worse, written down, and what went wrong, if anything
    did."""
    try:
        rejected = None if trained.closed.rejected is None else formulas.write(trained.closed.rejected, held)
        return formulas.write(trained.model, held), rejected, ""
    except Exception as error:
        return None, None, f"not written down: {_reason(error)}"


def papers(
    trained: Trained,
    rest: Table,
    held: Table,
    *,
    network: Scores,
    others: dict[str, Scores | str],
    formula: tuple[Written | None, Written | None, str],
    verdict: str,
    asked: bool,
) -> tuple[dict[str, bytes | str], dict[str, str]]:
    """(file name -> content, file name -> why it could not be made)."""
    good, rejected, wrong = formula
    files: dict[str, bytes | str] = {}
    missing: dict[str, str] = {}

    def make(name: str, content: Callable[[], bytes | str]) -> None:
        try:
            files[name] = content()
        except Exception as error:  # said in the result and on the screen
            missing[name] = _reason(error)

    make(PICTURE, lambda: picture(trained, rest))
    make(REPORT, lambda: page(trained, rest, held, network=network, others=others, written=good, verdict=verdict))
    if asked and wrong:
        missing[FORMULA] = wrong
    elif asked:
        rows = {"network": network, **others}
        make(FORMULA, lambda: formulas.text(good, trained.closed.message, rejected, held.task, len(held), rows))
    return files, missing


def picture(trained: Trained, rest: Table) -> bytes:
    """The network as SVG, the same bytes for the same network."""
    file = io.BytesIO()
    plot(trained.model, rest.X).savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def page(
    trained: Trained,
    rest: Table,
    held: Table,
    *,
    network: Scores,
    others: dict[str, Scores | str],
    written: Written | None,
    verdict: str,
) -> str:
    """report.html."""
    judged: dict[str, Any] = {"model": network}
    expressions: Sequence[Any] | None = None
    if written is not None:
        if trained.closed.model is not None:
            judged["formula"] = written.scores
        if sum(e.count_ops() for e in written.expressions) <= SHOWN:
            expressions = written.expressions
    notes = [
        *rest.notes,
        *([f"in the formula, {line}" for line in written.legend()] if written and expressions else []),
    ]
    sentences = " ".join(filter(None, [verdict, trained.closed.message if written else ""]))
    return report(
        trained.model,
        rest.X,
        rest.y,
        original=trained.first if trained.splines.active_edges() != trained.first.active_edges() else None,
        test=(held.X, held.y),
        history=trained.rows,
        baselines=others,
        errors=judged,
        formulas=expressions,
        closed_forms=_fits(trained, rest),
        verdict=sentences,
        notes=notes,
    )


def _fits(trained: Trained, rest: Table) -> dict[Edge, tuple[str, float]] | None:
    """The forms of a network of closed forms, each held against the spline whose place it took; None leaves the report
    to look for forms itself."""
    if trained.closed.model is None or summary(trained.model).edges > symbolic_edges(trained.model):
        return None
    forms = closed_forms(describe(trained.model, rest.X), describe(trained.splines, rest.X), None)
    few = [len(column.unique()) < FEW for column in rest.X.T]  # between so few values, a spline may do what it likes
    return {edge: (form.words, math.nan if edge[0] == 0 and few[edge[1]] else form.r2) for edge, form in forms.items()}


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, EdgewiseError) else f"{type(error).__name__}: {error}"
