"""Tuning is protected: the accuracy table notices when constants of the training and of the search for formulas change.

A change that stays unseen costs accuracy somewhere else, unnoticed; so most of these must show.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

import accuracy_table


@dataclass(frozen=True)
class Change:
    """A constant of a module of edgewise, or a field of one ("TUNING.rounds"), and what it becomes."""

    module: str
    name: str
    value: Any

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """Until the patch is undone."""
        module = importlib.import_module(f"edgewise.{self.module}")
        constant, _, field = self.name.partition(".")
        value = replace(getattr(module, constant), **{field: self.value}) if field else self.value
        patch.setattr(module, constant, value)


CHANGES = (
    Change("train.fit", "ROUNDS", (1, 0)),
    Change("train.schedule.trainer", "HALVINGS", (2, 2, 30)),
    Change("train.schedule.trainer", "SETTLED", 1e-2),
    Change("train.schedule.trainer", "SPARSE_POWERS", (1.0, 1.0, 1.0, 1.0)),
    Change("train.schedule.trainer", "LAST_ROUNDS", 1),
    Change("train.schedule.budget", "EXACT", 1e-4),
    Change("train.schedule.extrapolation", "FARTHEST", 1e-3),
    Change("train.schedule.candidate", "HANDICAP", 1.0),
    Change("train.priors.smoothness", "NEAR", 30),
    Change("train.priors.smoothness", "MOST", 1e2),
    Change("train.priors.smoothness", "ENOUGH", 100.0),
    Change("train.solvers.levenberg_marquardt", "FLOOR", 1.0),
    Change("train.solvers.levenberg_marquardt", "WORTH", 0.9),
    Change("train.job", "HELD_OUT", 0.5),
    Change("symbolic.search", "KEEP", 1),
    Change("symbolic.candidates", "EVIDENCE", 0.0),
    Change("symbolic.simple_numbers", "UNKNOWN", 0.0),
)
