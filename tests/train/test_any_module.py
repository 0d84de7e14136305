"""Fits of any module by every optimizer: what it learns, what stays as it was, and what does not fit the data."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgewise.errors import ConfigError, ShapeError, TrainingError
from edgewise.train import choose
from edgewise.train.fit import fit
from helpers import assert_close, assert_equal, no_trace, state_of

from .optimizers import OPTIMIZERS, mlp, rows

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
