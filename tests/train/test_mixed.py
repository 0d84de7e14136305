"""A mixture of two fits is refitted as the mixture of their refits."""

from __future__ import annotations

import pickle

import pytest
import torch

import edgewise as ew
from edgewise.train.mixed import Mixed, mixed
from edgewise.train.monitor import Monitor
from edgewise.train.result import FitResult
from edgewise.train.ways.by_ridge import Shrunk

DRAW = torch.Generator().manual_seed(0)
X = torch.randn(120, 2, dtype=torch.float64, generator=DRAW)
Y = torch.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] + 0.2 * torch.randn(120, dtype=torch.float64, generator=DRAW)


@pytest.fixture(scope="module")
def parts() -> tuple[FitResult, FitResult]:
    one = ew.fit(ew.KAN((2, (1, 4), 1)), X[:100], Y[:100], optimizer="evidence", progress=False)
    start = ew.KAN((2, 5, 1), grid_size=(1, 5), base="none")
    return one, ew.fit(start, X[:100], Y[:100], optimizer="ridge", progress=False, steps=50)


def both(parts: tuple[FitResult, FitResult]) -> FitResult:
    one, other = parts
    assert isinstance(other.ending, Shrunk)
    return mixed(one, other.model, other.ending, 0.25)


@pytest.mark.slow
def test_its_refit_is_the_mixture_of_refits(parts: tuple[FitResult, FitResult]):
    found = both(parts)
    again, *each = (ew.refit(result, X, Y, progress=False) for result in (found, *parts))
    want = 0.75 * each[0].model(X) + 0.25 * each[1].model(X)
    apart = float((again.model(X) - want).detach().abs().max())
    assert apart < 1e-3  # beyond the grid of the broad layer, the other grid holds its lines nearly
    assert isinstance(again.ending, Mixed) and "mixture" in again.message
    assert not torch.equal(again.model(X), found.model(X))


def test_it_can_be_pickled_and_refitted_again(parts: tuple[FitResult, FitResult]):
    found = both(parts)
    once = ew.refit(found, X, Y, progress=False)
    twice = ew.refit(pickle.loads(pickle.dumps(once)), X, Y, progress=False)
    assert torch.equal(once.model(X), twice.model(X))


def test_its_message_and_its_loss_are_those_of_the_mixture(parts: tuple[FitResult, FitResult]):
    found = both(parts)
    assert "25% of a broad layer" in found.message and parts[0].message in found.message
    held = parts[0].held_out
    assert held is not None and found.validation_loss is None and not found.metrics
    seen = parts[0].seen
    assert seen is not None
    assert found.train_loss == pytest.approx(float((found.model(seen.x) - seen.y).detach().square().mean()))


def test_ctrl_c_leaves_the_result_as_it_was(parts: tuple[FitResult, FitResult], monkeypatch: pytest.MonkeyPatch):
    found = both(parts)
    before = found.model(X)

    def pressed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Monitor, "row", pressed)
    with pytest.raises(KeyboardInterrupt):
        ew.refit(found, X, Y, progress=False)
    assert torch.equal(found.model(X), before)
