"""First-order methods: known optima, torch's own steps, rates, weights, penalties, the best state, steps undone where
values are not finite, and nothing global touched."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ConfigError, TrainingError
from edgewise.losses import LOSSES, CrossEntropy, Loss, SquaredError
from edgewise.train.result import measure
from edgewise.train.solvers import first_order, levenberg_marquardt
from edgewise.train.solvers.first_order import Trained, adam
from edgewise.train.solvers.rates import SCHEDULES, Rates
from edgewise.train.solvers.status import Status
from edgewise.train.solvers.stop import Step
from helpers import assert_close, assert_equal, state_of

from ..zoo import Spline, logistic_data, logistic_problem, mlp, points, seeded, spline_problem

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
) -> Trained:
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


class Dropping(nn.Module):
    """Batch norm and dropout, which act in training only."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            self.inside = seeded(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1)))
            self.norm = nn.BatchNorm1d(2).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.inside(self.norm(x))


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


def test_the_best_state_is_what_remains():
    x, y = data(40)
    held, module, seen = data(30, seed=1), mlp(), []
    end = minimize(
        module,
        x,
        y,
        LOSS,
        epochs=40,
        rate=0.3,
        batch_size=8,
        held=held,
        watch=lambda epoch: bool(seen.append(epoch.judged)),
    )
    with torch.no_grad():
        now = LOSS.rows(module(held[0]), held[1]).mean().item()
    assert_close(now, end.value)
    assert end.value == min(seen) and seen[end.best_epoch - 1] == end.value
    assert_equal({name: value for name, value in module.state_dict().items()}, end.state)


def test_the_watcher_ends_the_run():
    x, y = data()
    end = minimize(mlp(), x, y, LOSS, watch=lambda epoch: epoch.number == 3)
    assert end.status is Status.STOPPED and end.epochs == 3


def test_an_interrupt_returns_the_best_so_far():
    def watch(epoch: Step) -> bool:
        if epoch.number == 5:
            raise KeyboardInterrupt
        return False

    x, y = data()
    module = mlp()
    end = minimize(module, x, y, LOSS, watch=watch)
    assert end.status is Status.INTERRUPTED and end.best_epoch == 5
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


def test_parameters_own_their_storage_again_and_share_none_with_the_result():
    x, y = data()
    module = mlp()
    before = list(module.parameters())
    end = minimize(module, x, y, LOSS, epochs=2)
    assert all(a is b for a, b in zip(before, module.parameters(), strict=True))
    storages = {p.untyped_storage().data_ptr() for p in module.parameters()} | {
        v.untyped_storage().data_ptr() for v in end.state.values()
    }
    assert len(storages) == 2 * len(before)
    assert all(p.untyped_storage().nbytes() == p.numel() * 8 for p in module.parameters())


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_module_stays(training):
    x, y = data()
    module = Dropping().train(training)
    minimize(module, x, y, LOSS, epochs=2)
    assert module.training is training and module.norm.training is training


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(leaves_no_trace):
    x, y = data()
    ends = [minimize(Dropping(), x, y, LOSS, epochs=5, batch_size=16, seed=seed) for seed in (4, 4, 5)]
    assert_equal(ends[0].state, ends[1].state)
    assert not torch.equal(ends[0].state["inside.0.weight"], ends[2].state["inside.0.weight"])


def test_the_callers_random_state_does_not_matter():
    x, y = data()
    one = minimize(Dropping(), x, y, LOSS, epochs=3, batch_size=16).state
    torch.manual_seed(77)
    assert_equal(minimize(Dropping(), x, y, LOSS, epochs=3, batch_size=16).state, one)


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
    assert end.status is Status.DIVERGED and end.epochs < 30 and end.best_epoch == 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_start_end_and_stay_where_they_should(name):
    x, y = data(8)
    rates: list[float] = []
    minimize(
        linear(),
        x,
        y,
        LOSS,
        epochs=100,
        rate=0.5,
        rates=Rates(name, warmup=0.1),
        watch=lambda epoch: bool(rates.append(epoch.reach)),
    )
    assert all(0 < rate <= 1 for rate in rates) and max(rates) > 0.98
    if name == "constant":
        assert rates[10:] == [1.0] * 90
    else:
        assert rates[-1] < 0.02
        top = rates.index(max(rates))
        assert all(b <= a for a, b in zip(rates[top:], rates[top + 1 :], strict=False))
        assert all(b >= a for a, b in zip(rates[:top], rates[1 : top + 1], strict=False))
    if name != "onecycle":
        assert_close(torch.tensor(rates[:10]), torch.arange(1, 11) * 0.1, like="float32")


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


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"warmup": 1.0}, "warmup"),
        ({"schedule": "cosin", "warmup": -1.0}, "2 problems"),
    ],
)
def test_unusable_rates_are_listed(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Rates(**wrong)


def test_nothing_to_train_is_said():
    x, y = data(5)
    with pytest.raises(TrainingError, match="nothing to train"):
        minimize(nn.Identity(), x, y, LOSS)


def test_rates_of_the_users_optimizer_are_left_alone_and_a_fall_ends_the_run():
    x, y = points(4, 1), torch.full((4, 1), math.sqrt(0.1), dtype=torch.float64)
    made: list[torch.optim.Optimizer] = []

    def sgd(parameters: Any) -> torch.optim.Optimizer:
        made.append(torch.optim.SGD(parameters, lr=30.0))
        return made[-1]

    module = Cliff()
    end = minimize(module, x, y, optimizer=sgd, rates=None, epochs=50)
    assert made[0].param_groups[0]["lr"] == 30.0
    assert end.status is Status.DIVERGED and end.best_epoch == 0 and module.level.item() == 5.0


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
