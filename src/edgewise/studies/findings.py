"""What a study found, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..data import Table
from ..model import KAN
from .formula_text import Written
from .scores import Scores
from .study_settings import StudySettings
from .trained import Trained


@dataclass(frozen=True, eq=False)
class Findings:
    """A table, the network found for it, and what rows that took part in nothing say of it.

    model: the network, its parameters fitted to all rows at the very end. judged: the same network before that, which
    the scores are of. scores: name -> errors of every stage and of the baselines, on `held`, the rows that only judge;
    a sentence stands where a baseline could not be computed. formula: `judged` written down, or None; unwritten: why it
    is None: also a network that is no better than a constant is no law. forms: what came of the search for closed
    forms, in words; empty where none was asked for. trained: every stage. source: where the table came from.
    """

    table: Table
    rest: Table
    held: Table
    settings: StudySettings
    model: KAN
    judged: KAN
    trained: Trained
    scores: dict[str, Scores | str]
    formula: Written | None
    rejected: Written | None
    unwritten: str
    verdict: str
    forms: str
    seconds: float
    source: str = ""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def formulas(self) -> tuple[Any, ...]:
        """One sympy expression per output, in the units of the table; () where the network is too large for it, or no
        better than a constant on rows that it has not seen.

        They are those of `judged`, as the scores are; `ew.formula(study.model)` has the constants of the last fit.
        """
        return () if self.formula is None else self.formula.expressions

    @property
    def message(self) -> str:
        """What was found, in words: the verdict, and what came of the search for closed forms."""
        return " ".join(filter(None, [self.verdict, self.forms]))

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended a stage."""
        return self.trained.interrupted

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.table)} rows: {self.verdict})"
