"""How a fit ends, whatever its optimizer: by Ctrl-C, a callback, held-out rows or divergence, never above its start."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import torch
from torch import nn

from edgewise.errors import TrainingError
from edgewise.model import KAN
from edgewise.train.fit import fit
from edgewise.train.monitor import Monitor
from edgewise.train.solvers.status import Status
from edgewise.train.ways import by_gradient
from helpers import assert_equal

from .optimizers import OPTIMIZERS, mlp, rows


@pytest.mark.parametrize("model", [mlp, lambda: KAN((2, 2, 1))], ids=["mlp", "kan"])
@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "AdamW"])
def test_ctrl_c_returns_the_best_so_far(name: str, model: Any):
    def interrupt(row: dict[str, Any]) -> None:
        if row["step"] == 5:
            raise KeyboardInterrupt

    how: dict[str, Any] = {"optimizer": OPTIMIZERS[name], "callbacks": (interrupt,), "progress": False}
    result = fit(model(), *rows(), validation=rows(30, seed=1), **how)
    assert result.status is Status.INTERRUPTED and "interrupted" in result.message
    assert len(result.history) == 5
    assert result.choosing_loss is not None
    assert result.choosing_loss <= min(row["validation_loss"] for row in result.history) * (1 + 1e-9)


@pytest.mark.parametrize("model", [mlp, lambda: KAN((2, 2, 1))], ids=["mlp", "kan"])
@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "AdamW"])
def test_a_callback_ends_the_run(name: str, model: Any):
    result = fit(model(), *rows(), optimizer=OPTIMIZERS[name], callbacks=[lambda row: row["step"] == 3], progress=False)
    assert result.status is Status.STOPPED and "stopped by a callback" in result.message
    assert len(result.history) == 3


def test_a_run_stops_only_after_as_many_steps_without_a_lower_held_out_loss_as_led_to_the_lowest():
    generator = torch.Generator().manual_seed(1)
    X = torch.rand(150, 2, dtype=torch.float64, generator=generator) * 2 - 1
    y = torch.sin(3 * X[:, 0]) * X[:, 1] + 0.05 * torch.randn(150, dtype=torch.float64, generator=generator)
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 1)).double()
    result = fit(net, X[:120], y[:120], validation=(X[120:], y[120:]), optimizer="lbfgs", steps=2000, progress=False)
    held = [row["validation_loss"] for row in result.history]
    lowest = held.index(min(held)) + 1
    assert result.status is Status.STOPPED and lowest > 40  # or this shows nothing
    assert len(held) == 2 * lowest
    assert result.choosing_loss == min(held)


@pytest.mark.parametrize("steps", [1, 30])
def test_a_torch_optimizer_that_diverges_gives_back_the_start_and_says_so(steps: int):
    X, y = rows(200)
    model = mlp()
    result = fit(model, X, y, optimizer=lambda p: torch.optim.SGD(p, lr=1e3), steps=steps, progress=False)
    assert result.status is Status.DIVERGED and "lower rate" in result.message
    assert_equal(dict(result.model.state_dict()), dict(model.state_dict()))


@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "AdamW"])
def test_a_loss_that_is_infinite_at_the_start_is_an_error(name: str):
    X, y = rows(40, torch.float32)
    with pytest.raises(TrainingError, match="not finite at the start"):
        fit(mlp(dtype=torch.float32), X, 1e38 * y, optimizer=OPTIMIZERS[name], steps=2, progress=False)


@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "AdamW"])
def test_training_on_never_ends_above_the_loss_of_the_start(name: str):
    X, y = rows(100)
    noisy = y + 0.3 * torch.randn(y.shape, dtype=y.dtype, generator=torch.Generator().manual_seed(5))
    good = fit(mlp(), X, y, optimizer="lm", steps=50, progress=False).model
    held = rows(300)[0][200:], rows(300)[1][200:]
    with torch.no_grad():
        before = float((good(held[0])[:, 0] - held[1]).square().mean())
    after = fit(good, X, noisy, validation=held, optimizer=OPTIMIZERS[name], steps=20, progress=False)
    assert after.choosing_loss is not None and after.choosing_loss <= before * (1 + 1e-9)


@pytest.mark.parametrize("name", ["lbfgs", "adam"])
def test_ctrl_c_between_two_grids_keeps_the_first(name: str, monkeypatch: pytest.MonkeyPatch):
    over_range, calls = by_gradient.over_range, [0]

    def pressed(*given: Any, **settings: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise KeyboardInterrupt
        return over_range(*given, **settings)

    monkeypatch.setattr(by_gradient, "over_range", pressed)
    held = rows(30, seed=1)
    result = fit(KAN((2, 1), grid_size=4), *rows(100), validation=held, optimizer=name, steps=10, progress=False)
    assert result.status is Status.INTERRUPTED and len(result.history) == 10
    assert result.choosing_loss is not None
    assert result.choosing_loss <= min(row["validation_loss"] for row in result.history) * (1 + 1e-9)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("model", [mlp, lambda: KAN((2, 1))], ids=["mlp", "kan"])
def test_ctrl_c_while_the_result_is_measured_is_let_pass_once(model: Any, times: int, monkeypatch: pytest.MonkeyPatch):
    finishing = Monitor.finishing

    def pressed(monitor: Monitor) -> None:
        finishing(monitor)
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Monitor, "finishing", pressed)
    if times == 1:
        assert fit(model(), *rows(20), steps=3, progress=False).metrics["rmse"] > 0
    else:
        with pytest.raises(KeyboardInterrupt):
            fit(model(), *rows(20), steps=3, progress=False)
