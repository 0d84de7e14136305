"""fit: from data to a trained copy, the same bits for a seed, a result that tells all, and Ctrl-C at any time."""

from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.train.solvers.status import Status
from helpers import assert_close, assert_equal, assert_no_shared_storage, no_trace, state_of

from .small_fits import QUICK, rmse, rows, trained_on

KEYS = {"step", "stage", "grid_size", "loss", "train_loss", "validation_loss", "damping", "seconds"}


@pytest.mark.parametrize("optimizer", ["lm", "lbfgs", "adam", torch.optim.AdamW], ids=str)
def test_the_model_and_the_data_stay_bit_identical(optimizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    X, y = rows()
    weight = torch.ones(len(X), dtype=torch.float64)
    model = ew.KAN((2, 2, 1), grid_size=4)
    before = state_of(model), X.clone(), y.clone(), weight.clone()
    monkeypatch.chdir(tmp_path)
    with no_trace(tmp_path):
        result = ew.fit(
            model,
            X,
            y,
            optimizer=optimizer,
            sample_weight=weight,
            validation=(X, y),
            steps=4,
            grids=(4, 6),
            progress=False,
        )
    assert_equal((state_of(model), X, y, weight), before)
    assert_no_shared_storage(model, result.model)
    assert all(p.requires_grad and p.grad is None for p in result.model.parameters())
    assert result.model.training is model.training


@pytest.mark.parametrize("optimizer", ["lm", "lbfgs", "adam", torch.optim.AdamW], ids=str)
def test_the_same_seed_gives_the_same_bits(optimizer: Any):
    X, y = rows(60)
    results = []
    for number in (0, 1):
        torch.manual_seed(number)
        np.random.seed(number)
        settings: dict[str, Any] = {"restarts": 2} if optimizer == "lm" else {}
        results.append(
            ew.fit(
                ew.KAN((2, 2, 1), grid_size=3, seed=5),
                X,
                y,
                optimizer=optimizer,
                seed=3,
                steps=5,
                progress=False,
                **settings,
            )
        )
    assert_equal(state_of(results[0].model), state_of(results[1].model))
    assert [row["loss"] for row in results[0].history] == [row["loss"] for row in results[1].history]


def test_another_seed_holds_out_other_rows():
    X, y = rows(60)
    one, other = (ew.fit(ew.KAN((2, 1)), X, y, seed=seed, **QUICK) for seed in (0, 1))
    assert one.history[0]["validation_loss"] != other.history[0]["validation_loss"]


def test_a_result_can_be_pickled_and_its_model_saved(tmp_path: Path):
    X, y = rows(60)
    result = pickle.loads(pickle.dumps(ew.fit(ew.KAN((2, 1)), X, y, **QUICK)))
    ew.save(result.model, tmp_path / "kan.safetensors")
    assert torch.equal(ew.load(tmp_path / "kan.safetensors")(X), result.model(X))


def test_history_message_and_metadata():
    X, y = rows(60)
    seen: list[Any] = []
    result = ew.fit(ew.KAN((2, 2, 1)), X, y, callbacks=(seen.append,), **QUICK)
    X, y = trained_on(result, X, y)
    assert seen == result.history and all(set(row) == KEYS for row in seen)
    assert [row["step"] for row in seen] == list(range(1, len(seen) + 1))
    assert all(math.isfinite(row["loss"]) for row in seen)
    assert {row["stage"] for row in seen} <= {"start", "refine", "sparsify", "all rows"}
    for part in (
        result.status.sentence,
        "Levenberg-Marquardt",
        f"{len(seen)} steps",
        "KAN [2, 2, 1]",
        f"rmse {result.metrics['rmse']:.3g}",
        "held-out",
    ):
        assert part in result.message
    assert set(result.metrics) == {
        "rmse",
        "mae",
        "r2",
        "validation_rmse",
        "validation_mae",
        "validation_r2",
        "expected_rmse",
    }
    assert result.train_loss == pytest.approx(result.metrics["rmse"] ** 2)
    assert result.train_loss == pytest.approx(rmse(result.model, X, y) ** 2, rel=1e-6)
    assert result.status.name in repr(result)
    assert result.model.edits[-1].action == "fit" and result.status.name in result.model.edits[-1].detail
    assert_close(np.array(result.model.metadata.ranges), torch.stack([X.amin(0), X.amax(0)], 1))
    assert result.seconds >= seen[-1]["seconds"]


@pytest.mark.parametrize(("settings", "words"), [({"progress": True}, "steps"), ({"progress": False}, "")])
def test_progress_is_shown_on_stderr_only_when_asked_for(
    settings: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    ew.fit(ew.KAN((2, 1)), *rows(60), **(QUICK | settings))
    out, err = capsys.readouterr()
    assert out == "" and (words in err if words else err == "")


@pytest.mark.parametrize("after", [1, 7, 1000])
@pytest.mark.parametrize("sparsity", [0.0, 0.05])
def test_ctrl_c_returns_the_best_so_far(after: int, sparsity: float):
    X, y = rows(60)

    def interrupt(row: dict[str, Any]) -> None:
        if row["step"] == after or (after == 1000 and row["stage"] == "all rows"):
            raise KeyboardInterrupt

    result = ew.fit(ew.KAN((2, 2, 1)), X, y, callbacks=(interrupt,), sparsity=sparsity, **QUICK)
    if any(row["step"] == after or row["stage"] == "all rows" for row in result.history):
        assert result.status is Status.INTERRUPTED and Status.INTERRUPTED.sentence in result.message
    assert math.isfinite(result.train_loss) and result.validation_loss is not None
    assert bool(torch.isfinite(result.model(X)).all())
    if after < 1000:
        assert len(result.history) == after


def test_ctrl_c_before_the_first_step_returns_the_scaled_start(monkeypatch: pytest.MonkeyPatch):
    X, y = rows(60)

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.train.schedule.knots.regrid", interrupted)
    result = ew.fit(ew.KAN((2, 1)), X, y, **QUICK)
    assert result.status is Status.INTERRUPTED and not result.history
    assert bool(torch.isfinite(result.model(X)).all())


def test_an_error_in_a_callback_is_the_users_to_see():
    def broken(row: dict[str, Any]) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ew.fit(ew.KAN((2, 1)), *rows(40), callbacks=(broken,), **QUICK)


def test_a_fit_to_few_groups_says_that_nothing_judged_it():
    X = torch.rand(140, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    said = ew.fit(ew.KAN((2, 1)), X, X[:, 0], groups=torch.arange(140) % 7, optimizer="evidence", progress=False)
    assert "Nothing was held out of 7 groups (fewer than 8)" in said.message


@pytest.mark.slow
def test_a_fit_that_nothing_judges_says_so():
    X, y = rows(20)
    assert "Nothing was held out of 20 rows" in ew.fit(ew.KAN((2, 1)), X, y, progress=False).message
    for other in (
        ew.fit(ew.KAN((2, 1)), *rows(40), progress=False),
        ew.fit(ew.KAN((2, 1)), X, y, validation=rows(9, seed=1), progress=False),
    ):
        assert "Nothing was held out" not in other.message
