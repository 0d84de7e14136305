"""The fit to all rows that ends a study."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.studies import last_fits
from edgewise.train.result import FitResult


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_study_says_where_all_rows_end_in_a_constant(confirmed: bool, monkeypatch: pytest.MonkeyPatch):
    """Of targets with heavy tails, all rows may not confirm what a part of them found."""
    X = torch.rand(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = X[:, 0] + X[:, 1] ** 2
    constant = ew.fit(ew.KAN((2, 1)), X, torch.ones_like(y), optimizer="evidence", progress=False).model

    def to_nothing(result: FitResult, *_: Any, **__: Any) -> FitResult:
        return replace(result, model=constant)

    if not confirmed:
        monkeypatch.setattr(last_fits, "refit", to_nothing)
    study = ew.study(X, y, effort="quick", formula=False, progress=False)
    assert study.judged.active_edges() and bool(study.model.active_edges()) == confirmed
    assert ("the final model predicts the same" in study.verdict) != confirmed
