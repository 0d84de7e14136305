"""refit: what ends it."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.train.monitor import Monitor


def test_ctrl_c_ends_it_and_leaves_the_result_as_it_was(monkeypatch: pytest.MonkeyPatch):
    X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    first = ew.fit(ew.KAN((1, 1)), X, torch.sin(5 * X[:, 0]), grids=(4,), restarts=0, progress=False)
    before = first.model(X)

    def pressed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Monitor, "row", pressed)
    with pytest.raises(KeyboardInterrupt):
        ew.refit(first, X, torch.sin(5 * X[:, 0]), progress=False)
    assert torch.equal(first.model(X), before)
