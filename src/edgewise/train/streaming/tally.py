"""The loss and the metrics of rows that come in blocks and are not kept: streams, images, texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ...losses import CrossEntropy, Loss, SquaredError
from ..solvers import processes
from ..solvers.optimizer_steps import by_rows


class Tally:
    """Sums over blocks of rows, in float64; of several processes, over the rows of all of them.

    >>> tally = Tally(SquaredError())
    >>> for y in (torch.zeros(2, 1), torch.ones(2, 1)):
    ...     tally.add(torch.zeros(len(y), 1), y)
    >>> tally.result()
    (0.5, {'rmse': 0.7071067811865476, 'mae': 0.5, 'r2': -1.0})
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.sums: dict[str, Tensor] = {}

    def add(self, prediction: Tensor, y: Tensor, weight: Tensor | None = None) -> None:
        """A block: outputs, targets (b, k) or class numbers (b, ...), and weights (b,)."""
        prediction = by_rows(prediction, y).double()
        y = y.double() if y.is_floating_point() else y
        share = prediction.new_ones(len(y)) if weight is None else weight.double()
        found: dict[str, Any] = {"rows": share.sum(), "loss": share @ self.loss.rows(prediction, y)}
        if isinstance(self.loss, CrossEntropy):
            found["right"] = share @ (prediction.argmax(-1) == y).double().reshape(len(y), -1).mean(1)
        elif isinstance(self.loss, SquaredError):
            found |= {"absolute": share @ (prediction - y).abs().mean(1), "y": share @ y, "squares": share @ y.square()}
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value

    def result(self, together: bool = False) -> tuple[float, dict[str, float]]:
        """The mean loss and the metrics that suit it; `together`: of the rows of all processes, each of which has
        others."""
        sums = {name: processes.total(value) for name, value in self.sums.items()} if together else self.sums
        rows = float(sums["rows"])
        value = float(sums["loss"]) / rows
        if isinstance(self.loss, CrossEntropy):
            return value, {"cross_entropy": value, "accuracy": float(sums["right"]) / rows}
        if isinstance(self.loss, SquaredError):
            spread = float((sums["squares"] / rows - (sums["y"] / rows).square()).mean())
            r2 = 1.0 - value / spread if spread > 0 else float("nan")
            return value, {"rmse": value**0.5, "mae": float(sums["absolute"]) / rows, "r2": r2}
        return value, {}


@torch.no_grad()
def tallied(
    module: nn.Module, blocks: Iterable[tuple[Tensor, ...]], loss: Loss, together: bool = False
) -> tuple[float, dict[str, float]]:
    """The mean loss of a module, and the metrics, over blocks (X, y) or (X, y, weight)."""
    tally = Tally(loss)
    for x, y, *weight in blocks:
        tally.add(module(x), y, *weight)
    return tally.result(together)
