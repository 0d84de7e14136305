"""What a run by first-order methods leaves: the best state in storage of its own, the same mode, a seed's same bits."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from helpers import assert_close, assert_equal

from ..zoo import mlp, seeded
from .small_runs import LOSS, data, minimize


class Dropping(nn.Module):
    """Batch norm and dropout, which act in training only."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            self.inside = seeded(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1)))
            self.norm = nn.BatchNorm1d(2).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.inside(self.norm(x))


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
    assert end.value == min(seen) < seen[-1]
    assert_equal({name: value for name, value in module.state_dict().items()}, end.state)


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
