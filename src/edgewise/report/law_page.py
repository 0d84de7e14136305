"""The page on a law: the formula, the front that it stands on, how it was found, and what it misses."""

from __future__ import annotations

from typing import Any

import torch

from ..data import as_matrix, as_target
from ..discovery.discover import Discovery
from ..plotting.wording import clean
from .digits import amount, score
from .page import Fact, Page, Section
from .sections.expressions import Expression, Expressions, as_latex
from .sections.law_front import law_front
from .sections.law_trail import law_trail
from .sections.residuals import residual_charts


def law_page(found: Discovery, X: Any, y: Any) -> Page:
    """The page on what was found in these rows. Raises `DataError` and `ShapeError` for rows that do not fit."""
    law = found.best
    rows = as_matrix(X, width=len(law.names), dtype=torch.float64, device="cpu")
    measured = as_target(y, rows=len(rows), width=1, dtype=torch.float64, device="cpu")
    target, front = clean(found.target), law_front(found)
    judged = "The figures come from rows that neither fitted nor chose a formula."
    parts = (
        Section(
            "expressions", "Formula", "Formula", f"{found.message[0].upper()}{found.message[1:]}.", _formula(found)
        ),
        Section("law_front", "Front", "All formulas", f"{judged} None is both shorter and nearer than another.", front),
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
            f"All {len(rows)} rows are shown, also those that the formula was fitted to.",
            residual_charts([target], law(rows)[:, None], measured),
        ),
    )
    facts = (
        Fact(amount(law.rmse, 3), "RMSE of the formula"),
        Fact(score("r2", law.r2), "R² of the formula"),
        Fact(str(law.complexity), "symbols"),
        Fact(str(len(rows)), "rows"),
    )
    used = [clean(str(symbol)) for symbol in sorted(law.expression.free_symbols, key=str)]
    title = f"{target} from {', '.join(used)}" if used else target
    return Page(title, "", facts, tuple(part for part in parts if part.content))


def _formula(found: Discovery) -> Expressions:
    """The best formula, with its constants of several digits and their standard errors."""
    law, target = found.best, clean(found.target)
    notes = [f"{one.value:.10g} has a standard error of {one.error:.2g}" for one in law.constants]
    text = f"{target} = {clean(law.text)}"
    return Expressions((Expression(target, law.expression, text, as_latex(law.expression)),), tuple(notes))
