"""Training in few steps, and hidden layers where few rows would not call for them."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from edgewise.estimators import kan_estimator
from edgewise.studies import stages
from edgewise.studies.study_settings import EFFORTS
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.ways import by_least_squares


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the interface: edges have one curve, hidden layers are tried wherever they are asked for, once, in
    three steps a stage."""
    monkeypatch.setattr(by_least_squares, "TUNED", replace(by_least_squares.TUNED, steps=3, rounds=(1, 0)))
    monkeypatch.setattr(stages, "promising", lambda plain, training, settings, loss: bool(settings.hidden))
    monkeypatch.setitem(EFFORTS, "default", 0)
    coarse = replace(TUNED, curves=1, fewest_curves=1, intervals=4, folds=2, rounds=5)
    for name, module in sys.modules.items():
        if name.startswith("edgewise.train.evidence.") and hasattr(module, "TUNED"):
            monkeypatch.setattr(module, "TUNED", coarse)


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula is written of splines, by name: for tests of what is done with it."""
    monkeypatch.setattr(kan_estimator, "closed", lambda learned, progress: learned.model)
