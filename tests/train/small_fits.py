"""Small data and quick settings for the tests of `fit`, and what a fit is measured by."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

QUICK: dict[str, Any] = {"restarts": 0, "steps": 10, "grids": (4, 6), "progress": False}


def rows(count: int = 100, columns: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(count, columns, dtype=torch.float64, generator=generator) - 1
    return X, torch.sin(2 * X[:, 0]) + X[:, -1] ** 2


def rmse(model: Any, X: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((model(X) - y.reshape(len(X), -1)).square().mean().sqrt())


def trained_on(result: Any, X: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows that a fit trained on in the end: all but those that judge."""
    used = torch.ones(len(X), dtype=torch.bool)
    used[result.held_out.judging] = False
    return X[used], y[used]
