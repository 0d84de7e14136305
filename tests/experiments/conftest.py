"""Every test here imports the experiments from the checkout."""

from __future__ import annotations

import pytest

from experiment_runs import ROOT


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
