"""Hidden layers where few rows would not call for them, and few steps of their training."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgewise.studies import stages
from edgewise.train import by_least_squares


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden layers are tried wherever they are asked for, once, in three steps a stage: for tests of the interface."""
    monkeypatch.setattr(by_least_squares, "TUNED", replace(by_least_squares.TUNED, steps=3, rounds=(1, 0)))
    monkeypatch.setattr(stages, "promising", lambda plain, training, settings: bool(settings.hidden))
    monkeypatch.setitem(stages.EFFORTS, "default", 0)
