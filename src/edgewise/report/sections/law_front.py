"""The formulas that a search found, from the shortest to the nearest."""

from __future__ import annotations

from dataclasses import dataclass

from ...discovery.discover import Discovery
from ...plotting.wording import clean
from ..digits import amount, score


@dataclass(frozen=True)
class FrontRow:
    """One formula: how long it is, what it is wrong by, and whether it is the best one."""

    formula: str
    complexity: int
    rmse: str
    r2: str
    best: bool


@dataclass(frozen=True)
class LawFront:
    """The rows of the table, and lengths and errors for the chart, with the place of the best one."""

    rows: tuple[FrontRow, ...]
    complexities: list[float]
    errors: list[float]
    target: str


def law_front(found: Discovery) -> LawFront:
    """The front of a search."""
    rows = tuple(
        FrontRow(clean(str(law)), law.complexity, amount(law.rmse, 3), score("r2", law.r2), str(law) == str(found.best))
        for law in found.front
    )
    return LawFront(
        rows,
        [float(law.complexity) for law in found.front],
        [law.rmse for law in found.front],
        clean(found.target),
    )
