"""The scores of the model, its formula and the baselines, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...plotting.wording import clean
from ..digits import score, score_words


@dataclass(frozen=True)
class ScoreRow:
    """One line: scores in the order of the columns, or a reason why there are none."""

    name: str
    scores: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Accuracy:
    """A table whose first line is the model's."""

    columns: tuple[str, ...]
    rows: tuple[ScoreRow, ...]


def accuracy(judged: Mapping[str, Any]) -> Accuracy:
    """Scores by name: each a number, a mapping of numbers, or a sentence that says why there is none."""
    given = {name: {"error": row} if isinstance(row, int | float) else row for name, row in judged.items()}
    kinds = list(dict.fromkeys(str(kind) for row in given.values() if isinstance(row, Mapping) for kind in row))
    kinds = sorted(kinds, key=lambda kind: kind != "error")  # a bare number has no other column to stand in
    rows = []
    for name, row in given.items():
        if isinstance(row, Mapping):
            rows.append(ScoreRow(clean(name), tuple(score(kind, row.get(kind)) for kind in kinds)))
        else:
            rows.append(ScoreRow(clean(name), ("–",) * len(kinds), clean(row)))
    return Accuracy(tuple(map(score_words, kinds)), tuple(rows))
