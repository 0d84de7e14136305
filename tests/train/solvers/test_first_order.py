"""First-order methods: known optima, torch's own steps, weights, batches, penalties, and settings that are unusable."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ConfigError, TrainingError
from edgewise.losses import LOSSES, CrossEntropy
from edgewise.train.solvers import levenberg_marquardt
from edgewise.train.solvers.rates import Rates
from edgewise.train.solvers.status import Status
from edgewise.train.solvers.stop import Step
from helpers import assert_close

from ..zoo import Spline, logistic_data, logistic_problem, mlp, points, spline_problem
from .small_runs import LOSS, data, linear, minimize


def test_a_spline_fit_approaches_the_known_optimum():
    _, best = spline_problem()
    x, module = points(120, 1), Spline()
    end = minimize(module, x, torch.sin(4 * x), LOSS, epochs=400, rate=0.1)
    assert best <= end.value < best + 1e-5


def test_logistic_regression_approaches_the_minimum():
    x, labels = logistic_data()
    module = linear(3)
    end = minimize(module, x, labels, CrossEntropy(), epochs=80, batch_size=40, rate=0.05)
    problem = logistic_problem()
    assert_close(end.value, levenberg_marquardt.minimize(problem, problem.start()).value, like="difference", scale=20.0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "module", [lambda: mlp(outputs=3), lambda: ew.KAN((2, 2, 3)), lambda: linear(3)], ids=["mlp", "network", "linear"]
)
def test_every_loss_falls_on_every_module(module, loss):
    x, labels = logistic_data()
    y = labels if loss == "cross_entropy" else 0.05 + 0.9 * nn.functional.one_hot(labels, 3).double()
    seen: list[Step] = []
    end = minimize(module(), x, y, LOSSES[loss], epochs=30, batch_size=30, watch=lambda epoch: bool(seen.append(epoch)))
    assert end.value < seen[0].value and end.status is Status.BUDGET and end.epochs == len(seen) == 30


def test_the_first_step_is_adams():
    x, y = data()
    module = linear()
    before = [p.detach().clone() for p in module.parameters()]
    (LOSS.rows(module(x), y)).mean().backward()
    want = [b - 0.1 * p.grad.sign() for b, p in zip(before, module.parameters(), strict=True) if p.grad is not None]
    minimize(module, x, y, LOSS, epochs=1, rate=0.1, rates=Rates("constant", warmup=0.0))
    for got, value in zip(module.parameters(), want, strict=True):
        assert_close(got, value, like="adapt")


def test_the_steps_are_those_of_torch():
    x, y = data()
    ours, theirs = mlp(), mlp()

    def adamw(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, lr=0.02, weight_decay=0.1)

    minimize(ours, x, y, epochs=12, optimizer=adamw, rates=None)
    optimizer = adamw(theirs.parameters())
    for _ in range(12):
        optimizer.zero_grad()
        LOSS.rows(theirs(x), y).mean().backward()
        optimizer.step()
    for got, want in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(got, want)


def test_weights_count_as_repeated_rows():
    x, y = data(6)
    repeated = torch.tensor([0, 0, 1, 2, 2, 2, 4])
    one, other = mlp(), mlp()
    weight = torch.tensor([2.0, 1, 3, 0, 1, 0], dtype=torch.float64)
    first = minimize(one, x, y, LOSS, epochs=10, weight=weight)
    second = minimize(other, x[repeated], y[repeated], LOSS, epochs=10)
    assert_close(first.value, second.value)
    for name, value in first.state.items():
        assert_close(value, second.state[name], like="derivative")


def test_batches_cover_every_row_once_and_none_is_a_lone_row():
    x, y = data(33)
    met: list[Tensor] = []

    class Recording(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()

        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                met.append(x)
            return self.inner(x)

    minimize(Recording(), x, y, LOSS, epochs=1, batch_size=8)
    assert [len(block) for block in met] == [7, 7, 7, 6, 6]
    assert torch.equal(torch.cat(met).sort(0).values, x.sort(0).values) and not torch.equal(torch.cat(met), x)


def test_a_penalty_is_minimised_with_the_loss():
    x, y = data()

    def size(module: nn.Module, rows: Tensor) -> Tensor:
        return 10.0 * sum((p.square().sum() for p in module.parameters()), torch.zeros((), dtype=torch.float64))

    module = mlp()
    end = minimize(module, x, y, LOSS, epochs=300, rate=0.05, penalty=size)
    assert max(float(p.detach().abs().max()) for p in module.parameters()) < 0.05
    with torch.no_grad():
        assert_close(end.value, (LOSS.rows(module(x), y).mean() + size(module, x)).item())


def test_frozen_parameters_and_tied_ones():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frozen = nn.Parameter(points(2, 2), requires_grad=False)
            self.one = nn.Parameter(points(2, 2, seed=1))
            self.other = self.one

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(x @ self.frozen @ self.one) @ self.other[:, :1]

    x, y = data()
    module = Tied()
    before, start = module.frozen.clone(), module.one.detach().clone()
    minimize(module, x, y, LOSS, epochs=3)
    assert torch.equal(module.frozen, before) and module.frozen.grad is None
    assert module.one is module.other and not torch.equal(module.one, start)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"optimizer": list}, "must return a torch.optim.Optimizer, got list"),
        ({"epochs": 0, "batch_size": 0}, "2 problems"),
    ],
)
def test_unusable_settings_are_listed(wrong, message):
    x, y = data(5)
    with pytest.raises(ConfigError, match=message):
        minimize(mlp(), x, y, LOSS, **wrong)


def test_nothing_to_train_is_said():
    x, y = data(5)
    with pytest.raises(TrainingError, match="nothing to train"):
        minimize(nn.Identity(), x, y, LOSS)


def test_a_penalty_is_computed_on_the_rows_of_the_batch():
    x, y = data(40)
    sizes: list[int] = []

    def penalty(module: nn.Module, rows: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            sizes.append(rows.shape[0])
        return torch.zeros((), dtype=torch.float64)

    minimize(mlp(), x, y, epochs=2, batch_size=10, penalty=penalty)
    assert sizes == [10] * 8


def test_every_batch_ticks():
    x, y = data(40)
    ticks: list[tuple[int, float]] = []
    minimize(mlp(), x, y, epochs=2, batch_size=20, tick=lambda epoch, part: ticks.append((epoch, part)))
    assert ticks == [(1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)]
