"""The page as a value: what it says and shows, before any of it is HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import KAN
from ..plotting.wording import clean
from ..size import summary
from ..topology import Edge
from .digits import amount, score, score_words
from .figures import closed_forms, scores
from .sections import dependence, edge_cards, networks
from .sections.accuracy import accuracy
from .sections.expressions import expressions
from .sections.losses_over_steps import training
from .sections.residuals import residuals
from .sections.table_columns import table_columns
from .sections.usage import usage
from .subject import Subject

LONGEST_TITLE = 140  # letters: about two lines
LONGEST_TARGET = 80  # letters of the outputs in a title: about one line


@dataclass(frozen=True)
class Fact:
    """A number in the head of the page, and what it is."""

    value: str
    words: str


@dataclass(frozen=True)
class Section:
    """One part of the page. `name` is its anchor and its template, `link` its word in the navigation, `content` what
    the template lays out."""

    name: str
    link: str
    title: str
    lead: str
    content: Any


@dataclass(frozen=True)
class Page:
    """All of a report."""

    title: str
    verdict: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]


def page(
    subject: Subject,
    *,
    history: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, Any],
    errors: Mapping[str, Any],
    formulas: Sequence[Any] | None,
    formula_notes: Sequence[str],
    forms: Mapping[Edge, tuple[str, float]] | None,
    title: str | None,
    verdict: str,
    notes: Sequence[str],
    model_file: str,
    saved: KAN,
) -> Page:
    """The page on a subject; the arguments are those of `report`. Parts without content are left out."""
    judged = dict(errors)
    if "model" not in judged:
        judged = {"model": scores(subject.model, subject.judged), **judged}
    found = closed_forms(subject.shown, subject.before, forms)
    curves = dependence.dependence_charts(subject)
    written = expressions(subject, formulas, formula_notes)
    missed = ("confusions", "Confusion matrix") if subject.classes else ("residuals", "Residuals")
    fitted = f"The model was fitted to these {len(subject.fitted.X)} rows."
    parts = (
        Section("expressions", "Formula", "Formula", "It takes the inputs in the units of the data.", written),
        Section("accuracy", "Accuracy", "Accuracy", subject.judged_on, accuracy({**judged, **baselines})),
        Section("networks", "Network", "Network", networks.legend(subject), networks.networks(subject, found)),
        Section("edge_cards", "Edges", "Edge functions", edge_cards.lead(found), edge_cards.edge_cards(subject, found)),
        Section("dependence", "Inputs", "Partial dependence", dependence.lead(subject, curves), curves),
        Section(missed[0], missed[1], missed[1], subject.judged_on, residuals(subject)),
        Section("training", "Training", "Training", "", training(history)),
        Section("table_columns", "Data", "Data", fitted, table_columns(subject, notes)),
        Section("usage", "Use", "Use it in Python", "", usage(subject, saved, model_file)),
    )
    return Page(
        clean(title) if title else _title(subject),
        clean(verdict) if verdict else "",
        _facts(subject, judged),
        tuple(part for part in parts if part.content),
    )


def _title(subject: Subject) -> str:
    """Which outputs come from which inputs, as far as a title can hold it."""
    named = subject.model.metadata.outputs if subject.classes else ()
    target = ", ".join(map(clean, named)) or ", ".join(subject.outputs)
    whole = f"{target} from {', '.join(subject.inputs)}"
    if len(whole) <= LONGEST_TITLE:
        return whole
    return f"{target if len(target) <= LONGEST_TARGET else 'The outputs'} from {len(subject.inputs)} inputs"


def _facts(subject: Subject, judged: Mapping[str, Any]) -> tuple[Fact, ...]:
    """The scores that matter most, the network's shape and size, the number of rows.

    A formula that is the network itself has the same scores, which are not repeated.
    """
    news = {name: row for name, row in judged.items() if name == "model" or row != judged["model"]}
    found = [fact for name, row in news.items() for fact in _score_facts(clean(name), row)]
    size, old = summary(subject.model), subject.original
    shape, edges = "shape", "edges"
    if old is not None:
        shape += f", was {old.topology.shape_text()}"
    if size.symbolic_edges:
        edges += f", {size.symbolic_edges} in closed form"
    count = str(size.edges) if old is None else f"{size.edges} of {summary(old).edges}"
    found += [
        Fact(subject.model.topology.shape_text(), shape),
        Fact(count, edges),
        Fact(str(len(subject.fitted.X)), "rows"),
    ]
    return tuple(found)


def _score_facts(name: str, row: Any) -> list[Fact]:
    """The RMSE and the best known of R2 and accuracy, else the first score."""
    if isinstance(row, int | float):
        return [Fact(amount(row), f"error of the {name}")]
    if not isinstance(row, Mapping) or not row:
        return []
    main = next((kind for kind in ("r2", "accuracy", "rmse") if kind in row), next(iter(row)))
    kinds = dict.fromkeys(("rmse", main) if "rmse" in row else (main,))
    return [Fact(score(kind, row[kind]), f"{score_words(kind)} of the {name}") for kind in kinds]
