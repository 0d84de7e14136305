"""Short runs of Adam on a small regression, for the tests of first-order methods."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from edgewise.losses import Loss, SquaredError
from edgewise.train.result import measure
from edgewise.train.solvers import first_order
from edgewise.train.solvers.first_order import StoppedRun, adam

from ..zoo import points, seeded

LOSS = SquaredError()


def data(rows: int = 60, seed: int = 0) -> tuple[Tensor, Tensor]:
    x = points(rows, 2, seed)
    return x, torch.exp(x[:, :1]) * torch.sin(2 * x[:, 1:])


def minimize(
    module: nn.Module,
    X: Tensor,
    y: Tensor,
    loss: Loss = LOSS,
    *,
    rate: float = 1e-2,
    held: tuple[Tensor, Tensor] | None = None,
    **settings: Any,
) -> StoppedRun:
    """Adam at this rate, its states judged by the loss on held-out rows, or on the rows themselves with the penalty."""
    penalty, weight = settings.get("penalty"), settings.get("weight")

    def judge(module: nn.Module) -> float:
        if held is not None:
            return measure(module, *held, loss)[0]
        value = measure(module, X, y if y.ndim > 1 or not y.is_floating_point() else y[:, None], loss, weight)[0]
        with torch.no_grad():
            return value if penalty is None else value + float(penalty(module, X))

    settings = {"judge": judge, "optimizer": lambda parameters: adam(parameters, rate), **settings}
    return first_order.minimize(module, X, y, loss, **settings)


def linear(outputs: int = 1) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        return seeded(nn.Linear(2, outputs))
