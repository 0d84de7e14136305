"""The losses over the steps of the fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...plotting.wording import clean
from ..digits import amount


@dataclass(frozen=True)
class StepLosses:
    """Losses of every step (nan: none was taken), the steps at which a stage begins with its words, and the title."""

    train: list[float]
    held_out: list[float]
    stages: list[tuple[int, str]]  # the first step is step 1
    title: str

    @property
    def has_held_out(self) -> bool:
        """Whether any row was held out from the fit."""
        return any(map(math.isfinite, self.held_out))


def training(history: Sequence[Mapping[str, Any]]) -> StepLosses | None:
    """The losses in the rows of a fit's history; None where there are not two to draw a line through."""
    rows = [row for row in history if isinstance(row.get("train_loss", row.get("loss")), int | float)]
    if len(rows) < 2:
        return None
    train = [float(row.get("train_loss", row.get("loss"))) for row in rows]
    held_out = [float(v) if isinstance(v := row.get("validation_loss"), int | float) else math.nan for row in rows]
    seconds = max((float(v) for row in rows if isinstance(v := row.get("seconds"), int | float)), default=math.nan)
    took = f", {amount(seconds, 3)} s" if math.isfinite(seconds) else ""
    return StepLosses(train, held_out, _stages(rows), f"Loss, {len(rows)} steps{took}")


def _stages(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Where the part, the stage or the grid changes, and what begins there."""
    found, last = [], None
    for step, row in enumerate(rows, start=1):
        now = tuple(str(row[key]) for key in ("part", "stage", "grid_size") if row.get(key) is not None)
        if now != last:
            words = f"grid {row['grid_size']}" if row.get("grid_size") is not None else str(row.get("stage", ""))
            found.append((step, clean(words) if words else ""))
        last = now
    return found
