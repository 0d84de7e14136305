"""Adam: known optima, schedules, weights, penalties, the best state, steps undone where values are not finite, and
nothing global touched."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ConfigError, TrainingError
from edgewise.train.problems.losses import LOSSES, CrossEntropy, SquaredError
from edgewise.train.solvers import first_order, levenberg_marquardt
from edgewise.train.solvers.first_order import SCHEDULES, Epoch, minimize
from edgewise.train.solvers.status import Status
from helpers import assert_close, assert_equal, state_of

from ..zoo import Spline, logistic_data, logistic_problem, mlp, points, seeded, spline_problem

LOSS = SquaredError()


def data(rows: int = 60, seed: int = 0) -> tuple[Tensor, Tensor]:
    x = points(rows, 2, seed)
    return x, torch.exp(x[:, :1]) * torch.sin(2 * x[:, 1:])


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
    y = labels if loss == "cross_entropy" else nn.functional.one_hot(labels, 3).double()
    seen: list[Epoch] = []
    end = minimize(module(), x, y, LOSSES[loss], epochs=30, batch_size=30, watch=lambda epoch: seen.append(epoch))
    assert end.value < seen[0].train_loss and end.status is Status.BUDGET and end.epochs == len(seen) == 30


def test_the_first_step_is_adams():
    x, y = data()
    module = linear()
    before = [p.detach().clone() for p in module.parameters()]
    (LOSS.rows(module(x), y)).mean().backward()
    want = [b - 0.1 * p.grad.sign() for b, p in zip(before, module.parameters(), strict=True) if p.grad is not None]
    minimize(module, x, y, LOSS, epochs=1, rate=0.1, schedule="constant", warmup=0.0)
    for got, value in zip(module.parameters(), want, strict=True):
        assert_close(got, value, like="adapt")


def test_the_steps_are_those_of_torch():
    x, y = data()
    ours, theirs = mlp(), mlp()
    minimize(ours, x, y, LOSS, epochs=12, rate=0.02, decay=0.1, schedule="constant", warmup=0.0)
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.02, weight_decay=0.1)
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
        validation=held,
        watch=lambda epoch: seen.append(epoch.validation_loss),
    )
    with torch.no_grad():
        now = LOSS.rows(module(held[0]), held[1]).mean().item()
    assert_close(now, end.value)
    assert end.value == min(seen) and seen[end.best_epoch - 1] == end.value
    assert_equal({name: value for name, value in module.state_dict().items()}, end.state)


def test_ends_when_the_held_out_loss_no_longer_falls():
    x, y = data(20)
    end = minimize(mlp(width=30), x, y, LOSS, epochs=2000, rate=0.05, validation=(x, -y), patience=5)
    assert end.status is Status.STOPPED and end.epochs == end.best_epoch + 5 < 2000


def test_the_watcher_ends_the_run():
    x, y = data()
    end = minimize(mlp(), x, y, LOSS, watch=lambda epoch: epoch.number == 3)
    assert end.status is Status.STOPPED and end.epochs == 3


def test_an_interrupt_returns_the_best_so_far():
    def watch(epoch: Epoch) -> None:
        if epoch.number == 5:
            raise KeyboardInterrupt

    x, y = data()
    module = mlp()
    end = minimize(module, x, y, LOSS, watch=watch)
    assert end.status is Status.INTERRUPTED and end.best_epoch == 5
    assert_equal(dict(module.state_dict()), end.state)


def test_an_error_of_the_watcher_leaves_a_usable_module():
    def watch(epoch: Epoch) -> None:
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

    def size(module: nn.Module) -> Tensor:
        return 10.0 * sum((p.square().sum() for p in module.parameters()), torch.zeros((), dtype=torch.float64))

    module = mlp()
    end = minimize(module, x, y, LOSS, epochs=300, rate=0.05, penalty=size)
    assert max(float(p.detach().abs().max()) for p in module.parameters()) < 0.05
    with torch.no_grad():
        assert_close(end.value, (LOSS.rows(module(x), y).mean() + size(module)).item())


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
    seen: list[Epoch] = []
    end = minimize(
        Cliff(), x, y, LOSS, epochs=200, rate=3.0, schedule="constant", watch=lambda epoch: seen.append(epoch)
    )
    assert end.value < 1e-3
    assert seen[-1].rate < 3.0 / 2  # it did fall


def test_a_start_that_is_not_finite_fails_and_moves_nothing():
    x, y = data()
    module = mlp()
    before = state_of(module)
    end = minimize(module, x, y * math.nan, LOSS)
    assert end.status is Status.FAILED and end.epochs == 0
    assert_equal(state_of(module), before)


def test_a_loss_that_is_never_finite_again_ends_stalled():
    class Trap(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.level = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return torch.where(self.level == 1.0, self.level, torch.nan).expand(len(x), 1)

    x, y = points(4, 1), points(4, 1)
    end = minimize(Trap(), x, y, LOSS, epochs=100)
    assert end.status is Status.STALLED and end.epochs < 30 and end.best_epoch == 0


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
        schedule=name,
        warmup=0.1,
        watch=lambda epoch: rates.append(epoch.rate),
    )
    assert all(0 < rate <= 0.5 for rate in rates) and max(rates) > 0.49
    if name == "constant":
        assert rates[10:] == [0.5] * 90
    else:
        assert rates[-1] < 0.01
        top = rates.index(max(rates))
        assert all(b <= a for a, b in zip(rates[top:], rates[top + 1 :], strict=False))
        assert all(b >= a for a, b in zip(rates[:top], rates[1 : top + 1], strict=False))
    if name != "onecycle":
        assert_close(torch.tensor(rates[:10]), torch.arange(1, 11) * 0.05, like="float32")


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"rate": 0.0}, "rate must be positive"),
        ({"rate": math.nan}, "rate must be positive"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"warmup": 1.0}, "warmup"),
        ({"decay": -1.0}, "decay"),
        ({"patience": 0}, "patience"),
        ({"epochs": 0, "rate": -1.0}, "2 problems"),
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


def test_large_data_are_judged_in_parts(monkeypatch):
    x, y = data(50)
    whole = minimize(mlp(), x, y, LOSS, epochs=3).value
    monkeypatch.setattr(first_order, "EVALUATION", 7)
    assert_close(minimize(mlp(), x, y, LOSS, epochs=3).value, whole)
