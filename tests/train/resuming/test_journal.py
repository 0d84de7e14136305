"""A fit that was killed and goes on ends with the same bits as one that was never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.errors import CheckpointError, ConfigError, EdgewiseWarning
from edgewise.train.result import FitResult
from edgewise.train.resuming import journal, trees
from helpers import all_but_slow, assert_equal, state_of

GENERATOR = torch.Generator().manual_seed(1)
X = 2 * torch.rand(150, 2, dtype=torch.float64, generator=GENERATOR) - 1
NOISE = 0.05 * torch.randn(150, dtype=torch.float64, generator=GENERATOR)
Y = torch.exp(torch.sin(3 * X[:, 0]) + X[:, 1] ** 2) + NOISE


class Killed(BaseException):
    """What a process meets in the middle of a step."""


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots after every step."""
    monkeypatch.setattr(journal, "EVERY", 0.0)
    monkeypatch.setattr(journal, "SHARE", 0)


def module(*, dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 6), nn.Dropout(dropout), nn.Tanh(), nn.Linear(6, 1)).double()


def fit(case: str, **how: Any) -> FitResult:
    how = {"progress": False, **how}
    if case == "lm":
        return ew.fit(ew.KAN((2, 2, 1)), X, Y, grids=(3,), restarts=0, **how)
    if case == "sparse":
        return ew.fit(ew.KAN((2, 2, 1)), X, Y, grids=(3,), sparsity=0.01, **how)
    if case == "classes":
        return ew.fit(ew.KAN((2, 2)), X, Y > 1.5, grids=(3,), **how)
    if case == "mini-batches":
        return ew.fit(ew.KAN((2, 2, 1)), X, Y, optimizer="adam", steps=12, batch_size=32, sparsity=0.01, **how)
    if case == "factory":
        return ew.fit(module(dropout=0.1), X, Y, optimizer=torch.optim.AdamW, steps=30, batch_size=32, **how)
    if case == "residual":
        return ew.fit(module(), residual=lambda m: m(X)[:, 0] - Y, steps=20, **how)
    if case == "kan lbfgs":
        return ew.fit(ew.KAN((2, 2, 1)), X, Y, optimizer="lbfgs", steps=20, **how)
    return ew.fit(module(), X, Y, optimizer=case.removesuffix(" module"), steps=25, **how)


def killed_at(step: int, case: str, path: Path) -> bool:
    """Whether the fit was killed at this step, counted from where it began or went on; with snapshots of every step."""
    seen = 0

    def kill(row: dict[str, Any]) -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "EVERY", 0.0)
        patch.setattr(journal, "SHARE", 0)
        try:
            fit(case, resume=path, callbacks=(kill,))
        except Killed:
            return True
    return False


CASES = [
    "lm",
    "sparse",
    "classes",
    "mini-batches",
    "factory",
    "residual",
    "kan lbfgs",
    "lbfgs",
    "ssbroyden",
    "lm module",
    "lm-cg",
]


@pytest.mark.parametrize("case", all_but_slow(["factory", "lm module", "residual", "lbfgs", "kan lbfgs"], CASES))
def test_a_fit_that_was_killed_goes_on_to_the_same_bits(case: str, tmp_path: Path):
    path = tmp_path / "state"
    wanted = fit(case)
    assert killed_at(4, case, path) and path.exists()
    assert killed_at(9, case, path)
    got = fit(case, resume=path)
    assert_equal(state_of(got.model), state_of(wanted.model))
    assert [without_time(row) for row in got.history] == [without_time(row) for row in wanted.history]
    assert (got.metrics, got.status, got.message) == (wanted.metrics, wanted.status, wanted.message)
    assert not path.exists()  # the work is done


def without_time(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "seconds"}


@pytest.mark.slow
def test_steps_that_were_taken_are_not_taken_again(tmp_path: Path):
    path, steps = tmp_path / "state", len(fit("lm").history)
    assert killed_at(steps - 5, "lm", path)
    seen: list[dict[str, Any]] = []
    fit("lm", resume=path, callbacks=(seen.append,))
    assert len(seen) <= 6


def test_a_journal_of_another_fit_is_refused(tmp_path: Path):
    path = tmp_path / "state"
    assert killed_at(4, "lm", path)
    for case in ("sparse", "kan lbfgs"):
        with pytest.raises(CheckpointError, match="other data, of another model or with other settings"):
            fit(case, resume=path)
    with pytest.raises(CheckpointError, match="other data"):
        ew.fit(ew.KAN((2, 2, 1)), X, Y + 1, grids=(3,), restarts=0, progress=False, resume=path)
    assert path.exists()
    fit("lm", resume=path)


def test_a_damaged_journal_is_told(tmp_path: Path):
    (tmp_path / "state").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="holds no unfinished fit"):
        fit("lm", resume=tmp_path / "state")
    trees.write({"format": 99}, tmp_path / "state")
    with pytest.raises(CheckpointError, match="another version"):
        fit("lm", resume=tmp_path / "state")
    with pytest.raises(ConfigError, match="resume must be the path"):
        fit("lm", resume=3)


@pytest.mark.usefixtures("always")
@pytest.mark.slow
def test_a_full_disk_costs_the_snapshot_and_not_the_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trees, "write", full)
    with pytest.warns(EdgewiseWarning, match="No space left"):
        got = fit("lm", resume=tmp_path / "state")
    assert_equal(state_of(got.model), state_of(fit("lm").model))


@pytest.mark.slow
@pytest.mark.usefixtures("always")
def test_an_interrupted_fit_keeps_its_journal(tmp_path: Path):
    path, seen = tmp_path / "state", 0

    def interrupt(row: dict[str, Any]) -> None:
        nonlocal seen
        seen += 1
        if seen == 9:
            raise KeyboardInterrupt

    first = fit("lm", resume=path, callbacks=(interrupt,))
    assert first.status.name == "INTERRUPTED" and path.exists()
    assert_equal(state_of(fit("lm", resume=path).model), state_of(fit("lm").model))


@pytest.mark.usefixtures("always")
@pytest.mark.slow
def test_refit_goes_on_as_well(tmp_path: Path):
    first, path = fit("lm"), tmp_path / "state"
    wanted = ew.refit(first, X, Y, progress=False)
    got = ew.refit(first, X, Y, progress=False, resume=path)
    assert_equal(state_of(got.model), state_of(wanted.model))
    assert not path.exists()
