"""How a run by first-order methods ends: by its watcher, Ctrl-C or an error. Steps to values that are not finite are
undone."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgewise.train.solvers.rates import Rates
from edgewise.train.solvers.status import Status
from edgewise.train.solvers.stop import Step
from helpers import assert_equal, state_of

from ..zoo import mlp, points
from .small_runs import LOSS, data, minimize


def test_the_watcher_ends_the_run():
    x, y = data()
    end = minimize(mlp(), x, y, LOSS, watch=lambda epoch: epoch.number == 3)
    assert end.status is Status.STOPPED and end.epochs == 3


def test_an_interrupt_returns_the_best_so_far():
    judged: list[float | None] = []

    def watch(epoch: Step) -> bool:
        judged.append(epoch.judged)
        if epoch.number == 5:
            raise KeyboardInterrupt
        return False

    x, y = data()
    module = mlp()
    end = minimize(module, x, y, LOSS, watch=watch)
    assert end.status is Status.INTERRUPTED and end.epochs == 5
    assert end.value == judged[-1] and judged == sorted(judged, key=lambda value: -(value or 0.0))
    assert_equal(dict(module.state_dict()), end.state)


def test_an_error_of_the_watcher_leaves_a_usable_module():
    def watch(epoch: Step) -> bool:
        raise RuntimeError("mine")

    x, y = data()
    module = mlp().train()
    with pytest.raises(RuntimeError, match="mine"):
        minimize(module, x, y, LOSS, watch=watch)
    assert module.training
    storages = [p.untyped_storage().data_ptr() for p in module.parameters()]
    assert len(set(storages)) == len(storages) and all(p.grad is None for p in module.parameters())


class Cliff(nn.Module):
    """Not a number beyond a wall close to the minimum: long steps fall over it."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor([5.0], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sqrt(self.level - 0.9).expand(len(x), 1)


def test_steps_beyond_what_is_finite_are_undone():
    x, y = points(4, 1), torch.full((4, 1), math.sqrt(0.1), dtype=torch.float64)
    seen: list[Step] = []
    end = minimize(
        Cliff(), x, y, LOSS, epochs=200, rate=3.0, rates=Rates("constant"), watch=lambda epoch: bool(seen.append(epoch))
    )
    assert end.value < 1e-3
    assert seen[-1].reach <= 0.5 and any(
        math.isnan(epoch.value) or math.isnan(epoch.judged or 0.0) for epoch in seen
    )  # it did fall


def test_a_start_that_is_not_finite_fails_and_moves_nothing():
    x, y = data()
    module = mlp()
    before = state_of(module)
    end = minimize(module, x, y * math.nan, LOSS)
    assert end.status is Status.FAILED and end.epochs == 0
    assert_equal(state_of(module), before)


def test_a_loss_that_is_never_finite_again_ends_diverged():
    class Trap(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.level = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return torch.where(self.level == 1.0, self.level, torch.nan).expand(len(x), 1)

    x, y = points(4, 1), points(4, 1)
    end = minimize(Trap(), x, y, LOSS, epochs=100)
    assert end.status is Status.DIVERGED and end.epochs < 30 and end.state["level"].item() == 1.0


def test_rates_of_the_users_optimizer_are_left_alone_and_a_fall_ends_the_run():
    x, y = points(4, 1), torch.full((4, 1), math.sqrt(0.1), dtype=torch.float64)
    made: list[torch.optim.Optimizer] = []

    def sgd(parameters: Any) -> torch.optim.Optimizer:
        made.append(torch.optim.SGD(parameters, lr=30.0))
        return made[-1]

    module = Cliff()
    end = minimize(module, x, y, optimizer=sgd, rates=None, epochs=50)
    assert made[0].param_groups[0]["lr"] == 30.0
    assert end.status is Status.DIVERGED and end.state["level"].item() == module.level.item() == 5.0


def test_a_gradient_that_is_not_finite_is_undone_though_the_loss_is():
    class Corner(nn.Module):
        """The square root has no finite slope at 0, where one of the rows lies."""

        def __init__(self) -> None:
            super().__init__()
            self.level = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
            self.unseen = nn.Parameter(torch.tensor([0.0], dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return self.level * x + 0.0 * torch.sqrt(self.unseen)

    x, y = points(4, 1), points(4, 1)
    module = Corner()
    end = minimize(module, x, y, epochs=30)
    assert end.status is Status.DIVERGED and all(bool(p.isfinite().all()) for p in module.parameters())
