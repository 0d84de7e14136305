"""The page on the laws of a table with levels: the law of all, that of each, how they were found, what they miss."""

from __future__ import annotations

from typing import Any

import torch

from ..data import as_target
from ..discovery.by_level import LevelDiscovery
from ..discovery.judging.laws import Law
from ..discovery.levels.shared_law import SharedLaw
from ..plotting.wording import clean
from .digits import amount, score
from .page import Fact, Page, Section
from .sections.expressions import Expression, Expressions, as_latex
from .sections.law_levels import law_levels
from .sections.law_trail import law_trail
from .sections.residuals import residual_charts


def level_page(found: LevelDiscovery, X: Any, y: Any) -> Page:
    """The page on what was found in these rows. Raises `DataError` and `ShapeError` for rows that do not fit."""
    predicted = found(X)
    measured = as_target(y, rows=len(predicted), width=1, dtype=torch.float64, device="cpu")
    target, column = clean(found.target), clean(found.column)
    judged = "The figures come from rows that neither fitted nor chose a formula."
    parts = (
        Section(
            "expressions", "Formula", "Formula", f"{found.message[0].upper()}{found.message[1:]}.", _formulas(found)
        ),
        Section("law_levels", "Levels", "All levels", judged, law_levels(found)),
        Section(
            "law_trail",
            "Trail",
            "How it was found",
            "What was found out about the table, each with its test, and what was tried in vain.",
            law_trail(found.steps),
        ),
        Section(
            "residuals",
            "Residuals",
            "Residuals",
            f"All {len(predicted)} rows are shown, also those that the formulas were fitted to.",
            residual_charts([target], predicted[:, None], measured),
        ),
    )
    facts = (Fact(str(len(found.levels)), f"levels of {column}"), Fact(str(len(predicted)), "rows"))
    if found.shared is not None:
        shared = found.shared
        facts = (
            Fact(amount(shared.rmse, 3), "RMSE of the formula"),
            Fact(score("r2", shared.r2), "R² of the formula"),
            *facts,
        )
    return Page(f"{target} by {column}", "", facts, tuple(part for part in parts if part.content))


def _formulas(found: LevelDiscovery) -> Expressions:
    """The formula of all levels, if there is one, and that of each."""
    target = clean(found.target)
    named: dict[str, Law | SharedLaw] = {} if found.shared is None else {target: found.shared}
    named |= {f"{target} at {clean(level)}": one.best for level, one in found.levels.items()}
    written = [
        Expression(name, law.expression, f"{name} = {clean(law.text)}", as_latex(law.expression))
        for name, law in named.items()
    ]
    common = () if found.shared is None else found.shared.constants
    notes = [f"{one.value:.10g} has a standard error of {one.error:.2g}" for one in common]
    return Expressions(tuple(written), tuple(notes))
