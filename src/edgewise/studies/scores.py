"""Errors of predictions on rows, in the few figures that are shown."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data import Table
from ..model import KAN

Scores = dict[str, float]
FLOOR = 1e-15  # smallest probability in a cross-entropy: one confident error does not make it infinite

# n rows, k outputs or classes


def scores(table: Table, predicted: Tensor) -> Scores:
    """Errors of predictions (n, k): rmse, mae and r2 of numbers; accuracy and cross_entropy of class probabilities.

    r2 is 1 - (squared errors) / (squares around the mean), summed over all outputs. It is nan where the targets do not
    vary.
    """
    if table.classes is not None:
        chosen = predicted.gather(1, table.y[:, None])[:, 0]
        return {
            "accuracy": (predicted.argmax(dim=1) == table.y).double().mean().item(),
            "cross_entropy": abs(chosen.clamp(min=FLOOR).log().mean().item()),  # not minus zero
        }
    difference = predicted - table.y
    around = (table.y - table.y.mean(dim=0)).square().sum()
    return {
        "rmse": difference.square().mean().sqrt().item(),
        "mae": difference.abs().mean().item(),
        "r2": (1.0 - difference.square().sum() / around).item() if around > 0 else float("nan"),
    }


def headline(task: str) -> str:
    """The score that is compared."""
    return "rmse" if task == "regression" else "accuracy"


def predict(model: KAN, table: Table) -> Tensor:
    """Predictions for the rows of a table (n, k): numbers, or class probabilities."""
    with torch.no_grad():
        y = model(table.X)
    return y if table.classes is None else y.softmax(dim=1)


def row_losses(model: KAN, table: Table) -> Tensor:
    """Squared error or cross-entropy of every row (n,); nan where the model is undefined."""
    with torch.no_grad():
        y = model(table.X)
    if table.classes is None:
        return (y - table.y).square().mean(dim=1)
    return torch.nn.functional.cross_entropy(y, table.y, reduction="none")
