"""Training of any module, of residuals, and of KANs by gradient methods."""

from __future__ import annotations

import copy
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgewise.errors import ConfigError, ShapeError, TrainingError
from edgewise.model import KAN
from edgewise.train import by_gradient, by_module, choose
from edgewise.train.fit import fit
from edgewise.train.monitor import Monitor
from edgewise.train.priors import sparsity
from edgewise.train.solvers.status import Status
from helpers import assert_close, assert_equal, no_trace, state_of


def rows(count: int = 120, dtype: torch.dtype = torch.float64, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(count, 2, dtype=torch.float64, generator=generator) - 1
    return X.to(dtype), (torch.sin(2 * X[:, 0]) + X[:, 1] ** 2).to(dtype)


def mlp(*extra: nn.Module, outputs: int = 1, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 10), *extra, nn.Tanh(), nn.Linear(10, outputs)).to(dtype)


def adamw(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=0.02)


def torch_lbfgs(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.LBFGS(parameters, line_search_fn="strong_wolfe")


OPTIMIZERS: dict[str, Any] = {**{name: name for name in choose.NAMES}, "AdamW": adamw, "torch LBFGS": torch_lbfgs}
ENOUGH = {
    "lm": 1e-3,
    "lm-cg": 1e-2,
    "lbfgs": 2e-2,
    "ssbroyden": 2e-2,
    "ssbfgs": 2e-2,
    "adam": 0.35,
    "AdamW": 0.35,
    "torch LBFGS": 0.1,
}


@pytest.mark.parametrize(
    ("size", "want"),
    [
        ((4000, 1000, 1), "lm"),
        ((4001, 1000, 1), "lbfgs"),
        ((2000, 100_000, 1), "adam"),
        ((50_001, 100, 1), "adam"),
        ((500, 20_000, 20), "lbfgs"),
        ((200, 200_000, 1), "lm"),
        ((500, 200_000, 1), "adam"),
    ],
)
def test_auto_takes_the_best_method_whose_cost_fits(size: tuple[int, int, int], want: str):
    assert choose.choose(*size) == want


@pytest.mark.parametrize(
    ("size", "want"),
    [
        ((300, 1000, 1), "lm"),
        ((9000, 1000, 1), "lm"),
        ((11_000, 1000, 1), "lbfgs"),
        ((9000, 1000, 2), "lbfgs"),
        ((400, 10, 30), "lm"),
    ],
)
def test_auto_counts_residuals_where_a_module_has_fewer_of_them_than_parameters(size: tuple[int, int, int], want: str):
    assert choose.choose_for_module(*size) == want


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_perceptron_learns_by_every_optimizer(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    X, y = rows()
    model = nn.Sequential(nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 1)).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, dtype=p.dtype, generator=generator) * 0.7)
    before = state_of(model)
    seen: list[Any] = []
    monkeypatch.chdir(tmp_path)
    how: dict[str, Any] = {"optimizer": OPTIMIZERS[name], "steps": 120, "progress": False}
    with no_trace(tmp_path):
        result = fit(model, X, y, validation=rows(30, seed=1), callbacks=(seen.append,), **how)
    assert result.metrics["rmse"] < ENOUGH[name]
    assert_equal(state_of(model), before)
    assert seen == result.history and len(seen) >= 5
    assert result.choosing_loss is not None and min(row["validation_loss"] for row in seen) >= result.choosing_loss * (
        1 - 1e-9
    )
    with torch.no_grad():
        assert float((result.model(X)[:, 0] - y).square().mean()) < 4 * ENOUGH[name] ** 2


@pytest.mark.parametrize("name", [*choose.NAMES, "AdamW"])
def test_the_same_seed_gives_the_same_bits_whatever_the_global_state(name: str):
    X, y = rows(60)
    results = []
    for seed in (1, 2):
        model = mlp(nn.Dropout(0.2))
        torch.manual_seed(seed)
        results.append(
            fit(
                model,
                X,
                y,
                optimizer=OPTIMIZERS[name],
                steps=6,
                batch_size=16 if name in ("adam", "AdamW") else None,
                progress=False,
            )
        )
    assert_equal(results[0].model.state_dict(), results[1].model.state_dict())


@pytest.mark.parametrize("name", ["lm", "adam", "AdamW"])
@pytest.mark.parametrize("training", [True, False])
def test_the_copy_is_in_the_mode_of_the_model(name: str, training: bool):
    X, y = rows(40)
    model = mlp(nn.Dropout(0.1)).train(training)
    assert fit(model, X, y, optimizer=OPTIMIZERS[name], steps=2, progress=False).model.training is training


def test_batch_statistics_of_the_model_itself_stay():
    X, y = rows(80)
    model = mlp(nn.BatchNorm1d(10))
    before = copy.deepcopy(model.state_dict())
    result = fit(model, X, y, optimizer="adam", steps=5, batch_size=20, progress=False)
    assert_equal(dict(model.state_dict()), dict(before))
    assert not torch.equal(result.model[1].running_mean, before["1.running_mean"])


def test_a_module_that_gives_one_number_a_row_is_compared_with_one_column():
    X, y = rows(60)

    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x)[:, 0]

    wide = fit(mlp(), X, y, optimizer="lm", steps=10, progress=False)
    flat = fit(Flat(), X, y, optimizer="lm", steps=10, progress=False)
    assert_close(flat.train_loss, wide.train_loss, like="derivative")


@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "AdamW"])
def test_classes_of_a_module_are_its_outputs(name: str):
    X, y = rows(90)
    codes = torch.where(y > 0.3, 2, 0)
    result = fit(mlp(outputs=3), X, codes, optimizer=OPTIMIZERS[name], loss="cross_entropy", steps=80, progress=False)
    assert float((result.model(X).argmax(1) == codes).double().mean()) > 0.9
    assert result.metrics["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (nn.Linear(3, 1), {}, "cannot take X of shape"),
        (nn.Linear(2, 3), {}, "outputs of shape .2, 3. for 2 rows, the targets need .2, 1."),
        (nn.Linear(2, 1), {"loss": "cross_entropy"}, "a logit for each"),
        (nn.Linear(2, 2), {"loss": "cross_entropy"}, "classes 0 to 2 need .2, 3."),
        (nn.Identity(), {}, "the targets need"),
        (nn.LSTM(2, 1), {}, "one tensor, got tuple"),
        (
            nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (-1, 2)), nn.Linear(2, 1).requires_grad_(False)),
            {},
            "nothing to train",
        ),
    ],
    ids=["inputs", "outputs", "one logit", "too few logits", "no parameters", "tuple", "frozen"],
)
@pytest.mark.parametrize("name", ["lm", "adam"])
def test_modules_that_do_not_fit_the_data_are_told_so(
    model: nn.Module, settings: dict[str, Any], words: str, name: str
):
    X, y = rows(40, torch.float32)
    target = (2 * (y > 0)).long() if settings else y
    with pytest.raises((TrainingError, ShapeError), match=words):
        fit(model, X, target, optimizer=name, progress=False, **settings)


def test_a_factory_that_makes_no_optimizer_is_named():
    with pytest.raises(ConfigError, match=r"must return a torch.optim.Optimizer, got list"):
        fit(mlp(), *rows(), optimizer=list, progress=False)


def test_settings_that_would_do_nothing_are_refused():
    X, y = rows()
    with pytest.raises(
        ConfigError, match="sparsity, grids and restarts are for edgewise.KAN, the model is a Sequential"
    ):
        fit(mlp(), X, y, sparsity=0.1, progress=False)
    with pytest.raises(ConfigError, match="leave batch_size out"):
        fit(mlp(), X, y, optimizer="lbfgs", batch_size=10, progress=False)


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


# ------------------------------------------------------------------ KANs


@pytest.mark.parametrize(
    ("name", "enough"),
    [("lbfgs", 1e-3), ("ssbroyden", 1e-3), ("ssbfgs", 1e-3), ("lm-cg", 1e-3), ("adam", 0.2), ("AdamW", 0.3)],
)
def test_a_kan_learns_by_gradient_methods(name: str, enough: float):
    X, y = rows(300)
    model = KAN((2, 1), grid_size=4)
    before = state_of(model)
    result = fit(model, X, y, optimizer=OPTIMIZERS[name], steps=80, grids=(4, 8), progress=False)
    assert result.metrics["validation_rmse"] < enough
    assert {row["grid_size"] for row in result.history} <= {4, 8}
    assert_equal(state_of(model), before)


@pytest.mark.parametrize("name", ["lbfgs", "adam"])
def test_a_second_fit_by_a_gradient_method_never_shrinks_grids(name: str):
    X, y = rows(100)
    first = fit(
        KAN((2, 2, 1), grid_size=6), X, y, optimizer="lm", grids=(6,), steps=10, restarts=0, progress=False
    ).model
    again = fit(first, 0.5 * X, y, optimizer=name, steps=5, grids=(3, 6), progress=False).model
    for new, old in zip(again.edge_layers, first.edge_layers, strict=True):
        assert new.grid_size >= old.grid_size
        assert bool((new.interval[0] <= old.interval[0] + 1e-9).all()) and bool(
            (new.interval[1] >= old.interval[1] - 1e-9).all()
        )


def test_the_papers_sparsity_works_on_gradient_optimizers():
    X, y = rows(150)
    target = torch.sin(2 * X[:, 0])
    dense = fit(KAN((2, 2, 1)), X, target, optimizer="lbfgs", steps=40, grids=(5,), progress=False).model
    sparse = fit(
        KAN((2, 2, 1)), X, target, optimizer="lbfgs", steps=40, grids=(5,), sparsity=0.05, progress=False
    ).model

    def unused(model: KAN) -> float:
        sizes = model.trace(X)[1].edges[0].detach().abs().mean(0)
        return float(sizes[1].sum() / sizes.sum())

    assert unused(sparse) < 0.5 * unused(dense)


@pytest.mark.parametrize(("name", "most"), [("adam", 256), ("AdamW", 256), ("lbfgs", 500), ("torch LBFGS", 500)])
def test_a_penalised_step_sees_its_batch_or_a_sample_of_the_rows(name: str, most: int, monkeypatch: pytest.MonkeyPatch):
    X, y = rows(3000)
    seen: list[int] = []
    trace = KAN.trace

    def counted(model: KAN, x: Tensor) -> Any:
        if torch.is_grad_enabled():
            seen.append(x.shape[0])
        return trace(model, x)

    monkeypatch.setattr(KAN, "trace", counted)
    monkeypatch.setattr(sparsity, "TUNED", replace(sparsity.TUNED, sample=500))
    fit(KAN((2, 1)), X, y, optimizer=OPTIMIZERS[name], steps=1, grids=(5,), sparsity=0.1, progress=False)
    assert seen and max(seen) <= most


def test_the_number_of_passes_falls_with_the_rows():
    few, many, more = (choose.epochs_for(count) for count in (1000, 200_000, 2_000_000))
    assert few == 200 > many > more >= 1
    assert choose.epochs_for(200_000, batch_size=2560) > many


# ------------------------------------------------------------------ residuals


def growth(dtype: torch.dtype = torch.float64) -> Any:
    """u' = u on [0, 1], u(0) = 1."""
    x = torch.linspace(0, 1, 40, dtype=dtype)[:, None].requires_grad_()
    origin = torch.zeros(1, 1, dtype=dtype)

    def residual(model: nn.Module) -> Tensor:
        u = model(x)
        slope = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        return torch.cat([(slope - u)[:, 0], 10 * (model(origin) - 1)[0]])

    return residual


@pytest.mark.parametrize("optimizer", ["auto", *choose.FULL_BATCH])
def test_a_differential_equation_is_solved(optimizer: str, leaves_no_trace: Any):
    model = KAN((1, 1), grid_size=8, domain=(0, 1))
    before = state_of(model)
    result = fit(model, residual=growth(), optimizer=optimizer, progress=False)
    x = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    assert float((result.model(x) - x.exp()).detach().abs().max()) < 1e-4
    assert result.metrics["rms"] ** 2 == pytest.approx(result.train_loss)
    assert result.validation_loss is None
    assert_equal(state_of(model), before)
    assert result.model.edits[-1].action == "fit" and "residual" in result.message
    assert set(result.history[0]) == {
        "step",
        "stage",
        "grid_size",
        "loss",
        "train_loss",
        "validation_loss",
        "damping",
        "seconds",
    }


def test_a_differential_equation_is_solved_by_a_perceptron():
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    result = fit(model, residual=growth(), progress=False)
    x = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    assert float((result.model(x) - x.exp()).detach().abs().max()) < 1e-4
    assert result.model.training


@pytest.mark.parametrize("optimizer", choose.FULL_BATCH)
def test_ctrl_c_in_a_residual_fit_returns_the_best_so_far(optimizer: str):
    def interrupt(row: dict[str, Any]) -> None:
        if row["step"] == 3:
            raise KeyboardInterrupt

    result = fit(
        KAN((1, 1), domain=(0, 1)), residual=growth(), optimizer=optimizer, callbacks=(interrupt,), progress=False
    )
    assert result.status is Status.INTERRUPTED and len(result.history) == 3
    assert result.train_loss == pytest.approx(result.history[-1]["loss"])


def test_a_callback_ends_a_residual_fit():
    result = fit(
        KAN((1, 1), domain=(0, 1)), residual=growth(), callbacks=(lambda row: row["step"] == 2,), progress=False
    )
    assert result.status is Status.STOPPED and "callback" in result.message and len(result.history) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "adam"}, "'lm', 'lm-cg', 'lbfgs', 'ssbroyden' or 'ssbfgs', got 'adam'"),
        ({"sparsity": 0.1}, "sparsity does not go with residual"),
        ({"validation": 1, "sample_weight": 2}, "2 problems: validation does not go with residual.*sample_weight"),
        ({"grids": (3, 6)}, "grids does not go with residual"),
        ({"X": torch.zeros(2, 1)}, "X and y, or residual, not both"),
        ({"residual": 3}, "must be a function of the model, got 3"),
    ],
)
def test_unusable_settings_of_a_residual_fit(settings: dict[str, Any], words: str):
    with pytest.raises(ConfigError, match=words):
        fit(KAN((1, 1)), **({"residual": growth(), "progress": False} | settings))


@pytest.mark.parametrize(
    ("residual", "error", "words"),
    [
        (lambda model: 1.0, ShapeError, "must return a tensor of real numbers"),
        (lambda model: torch.ones(3), TrainingError, "does not depend on the model"),
        (lambda model: model(torch.rand(5, 1, dtype=torch.float64)), TrainingError, "different each time"),
        (lambda model: model(torch.zeros(2, 1, dtype=torch.float64)) / 0.0, TrainingError, "not finite at the start"),
    ],
    ids=["number", "constant", "random", "infinite"],
)
def test_unusable_residuals(residual: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        fit(KAN((1, 1)), residual=residual, progress=False)


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


# ------------------------------------------------------------------ units, modes, ends of a run


@pytest.mark.parametrize("name", ["adam", "lbfgs", "ssbroyden", "AdamW"])
@pytest.mark.parametrize("unit", [2.0**-60, 2.0**-20, 2.0**40])
def test_the_units_of_the_targets_change_nothing(name: str, unit: float):
    X, y = rows(100)
    plain, other = (
        fit(KAN((2, 1)), X, s * y, optimizer=OPTIMIZERS[name], steps=60, grids=(4,), progress=False)
        for s in (1.0, unit)
    )
    assert plain.metrics["r2"] > 0.3
    assert_close(other.metrics["r2"], plain.metrics["r2"], like="difference")
    assert_close(
        other.history[-1]["validation_loss"], unit**2 * plain.history[-1]["validation_loss"], like="difference"
    )
    assert_close(other.validation_loss, unit**2 * plain.validation_loss, like="difference")  # type: ignore[operator]


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


@pytest.mark.parametrize("name", ["adam", "AdamW"])
def test_no_batch_is_a_lone_row(name: str):
    X, y = rows(1138)  # 1025 to train on, 4 batches of 256 and a row
    fit(mlp(nn.BatchNorm1d(10)), X, y, optimizer=OPTIMIZERS[name], steps=1, progress=False)


@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam", "AdamW"])
def test_a_frozen_normalisation_stays_frozen(name: str):
    X, y = rows(80)
    model = mlp(nn.BatchNorm1d(10))
    model[1].eval()
    result = fit(model, X, y, optimizer=OPTIMIZERS[name], steps=3, progress=False).model
    assert result.training and not result[1].training
    assert_equal(result[1].running_mean, model[1].running_mean)


def test_rows_are_measured_in_blocks():
    X, y = rows(20_000, torch.float32)
    seen: list[int] = []

    class Counting(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(len(x))
            return super().forward(x)

    fit(Counting(2, 1), X, y, optimizer="adam", batch_size=64, steps=1, progress=False)
    assert max(seen) <= 1 << 14


@pytest.mark.parametrize("name", ["lm", "adam", "AdamW"])
def test_a_module_may_answer_in_another_number_format(name: str):
    X, y = rows(60, torch.float32)

    class Doubled(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).double()

    weight = torch.linspace(0.5, 1.0, 60)
    assert (
        fit(Doubled(2, 1), X, y, sample_weight=weight, optimizer=OPTIMIZERS[name], steps=3, progress=False).metrics[
            "rmse"
        ]
        < 2
    )


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


def test_auto_counts_the_logits_of_classes(monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[Any, ...]] = []
    chosen = choose.choose_for_module
    monkeypatch.setattr(by_module, "choose_for_module", lambda *sizes: seen.append(sizes) or chosen(*sizes))
    X, y = rows(60)
    fit(mlp(outputs=7), X, (y > 0.5).long(), loss="cross_entropy", steps=1, progress=False)
    assert seen[0][2] == 7


def test_auto_counts_the_residuals(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choose, "TUNED", replace(choose.TUNED, lm_work=1e5))
    X, y = rows(200)
    few, many = (
        fit(mlp(), residual=lambda model, n=n: model(X[:n])[:, 0] - y[:n], steps=1, progress=False) for n in (20, 200)
    )
    assert "Levenberg-Marquardt" in few.message and "L-BFGS" in many.message


def test_a_network_with_a_forward_pass_of_its_own_is_trained_as_it_is():
    class Positive(KAN):
        def forward(self, x: Tensor) -> Tensor:
            return torch.exp(super().forward(x))

    X, y = rows()
    result = fit(Positive((2, 1)), X, torch.exp(y), steps=40, progress=False)
    assert type(result.model) is Positive
    assert bool((result.model(X) > 0).all()) and result.metrics["r2"] > 0.99


def test_frozen_parameters_of_a_kan_are_named():
    model = KAN((2, 1))
    model.edge_layers[0].coef.requires_grad_(False)
    with pytest.raises(ConfigError, match=r"1 parameter of the KAN .*coef.* model.requires_grad_"):
        fit(model, *rows(), progress=False)


@pytest.mark.parametrize("model", [mlp, lambda: KAN((2, 1))], ids=["mlp", "kan"])
def test_a_batch_size_is_refused_where_auto_takes_all_rows(model: Any):
    with pytest.raises(ConfigError, match="batch_size is for mini-batches, 'auto' is Levenberg-Marquardt"):
        fit(model(), *rows(), batch_size=16, progress=False)


def test_a_loss_does_not_go_with_a_residual():
    with pytest.raises(ConfigError, match="loss does not go with residual"):
        fit(mlp(), residual=lambda model: model(rows()[0])[:, 0], loss="mse", progress=False)
