"""The null model: what a network has to beat before it is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.job import Job
from edgewise.train.schedule.null_model import (
    Choices,
    believed,
    best_constant,
    constant,
    corrected,
    replaceable,
)
from edgewise.train.solvers.status import Status
from helpers import assert_close


def job(rows: int = 40, seed: int = 0, target: str = "noise") -> Job:
    """Targets of spread one: noise, or x and some noise, the first `rows` of 100 held out."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(100, 1, dtype=torch.float64, generator=generator)
    noise = torch.randn(100, 1, dtype=torch.float64, generator=generator)
    y = noise if target == "noise" else 0.8 * x + 0.6 * noise
    return Job(x[rows:], y[rows:], SquaredError(), xv=x[:rows], yv=y[:rows])


def held(given: Job) -> torch.Tensor:
    """The held-out targets (c,)."""
    assert given.yv is not None
    return given.yv[:, 0]


def choices_of(predictions: torch.Tensor, given: Job) -> Choices:
    """The choices of states that predict (s, c) on the held-out rows."""
    found = Choices()
    found.rows = list((predictions - held(given)).square())
    return found


def noisy_states(given: Job, seed: int, signal: float) -> torch.Tensor:
    """A thousand states that follow noise of their own, and the input as far as `signal`: (s, c)."""
    assert given.xv is not None
    generator = torch.Generator().manual_seed(100 + seed)
    own = torch.randn(1000, len(given.xv), dtype=torch.float64, generator=generator)
    return signal * given.xv[:, 0] + 0.5 * own


@pytest.mark.parametrize("rows", [10, 40])
def test_the_luckiest_of_many_states_is_not_believed(rows: int):
    lucky = refused = 0
    for seed in range(20):
        given = job(rows, seed)
        found = choices_of(noisy_states(given, seed, signal=0.0), given)
        lucky += float(found.table().mean(1).min()) < float(held(given).square().mean())
        refused += not believed(found, ew.KAN((1, 1)), given)
    assert lucky >= 18  # by their lowest held-out loss alone, they would have been
    assert refused >= 18


def test_states_that_tell_the_targets_are_believed():
    believed_ones = 0
    for seed in range(20):
        given = job(20, seed, target="signal")
        believed_ones += believed(choices_of(noisy_states(given, seed, signal=0.8), given), ew.KAN((1, 1)), given)
    assert believed_ones >= 18


def test_a_few_rows_with_large_targets_are_no_reason_for_doubt():
    given = job(20, target="signal")
    spiked = held(given).clone()
    spiked[0] = 1e4
    given = replace(given, yv=spiked[:, None])
    assert believed(choices_of(spiked.expand(3, -1) * 0.999, given), ew.KAN((1, 1)), given)


def test_weights_count_rows():
    states = torch.tensor([[0.0, 9.0, 9.0, 9.0], [1.0, 1.0, 1.0, 1.0]]).double()
    level = torch.tensor([5.0, 2.0, 2.0, 2.0]).double()
    weight = torch.tensor([1e9, 1.0, 1.0, 1.0]).double()
    plain, weighted = (corrected(states, level, w, 100, 0) for w in (None, weight))
    assert plain[0] < 1.1 < weighted[0]  # where the heavy row is drawn, the state that is right on it alone is chosen
    assert weighted[1] > plain[1]


def test_nothing_held_out_is_nothing_to_doubt_by():
    given = job()
    assert believed(Choices(), ew.KAN((1, 1)), given)
    assert believed(choices_of(torch.zeros(3, 40), given), ew.KAN((1, 1)), replace(given, xv=None, yv=None))


def test_states_that_give_no_numbers_are_not_believed():
    given = job()
    assert not believed(choices_of(torch.full((3, 40), torch.nan).double(), given), ew.KAN((1, 1)), given)


def test_the_constant_has_the_lowest_loss_of_all_constants():
    given = job()
    flat = constant(ew.KAN((1, 2, 1)), given)
    assert_close(flat(given.x), given.y.mean().expand(len(given.x), 1), like="float64")
    assert ew.summary(flat).edges == 0
    codes = torch.tensor([0, 1, 1, 1, 2] * 20)
    classes = Job(torch.zeros(100, 1, dtype=torch.float64), codes, CrossEntropy())
    level = best_constant(classes)
    assert level is not None
    losses = [float(CrossEntropy().rows((level + d).expand(100, -1), codes).mean()) for d in torch.eye(3) * 0.3]
    assert float(CrossEntropy().rows(level.expand(100, -1), codes).mean()) < min(losses)


def test_only_networks_of_splines_are_replaced():
    line = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)})
    assert replaceable(ew.KAN((2, 2, 1))) and not replaceable(line)


@pytest.mark.slow
def test_pure_noise_gives_a_constant_and_says_so():
    constants = 0
    for seed in range(6):
        generator = torch.Generator().manual_seed(seed)
        X = torch.rand(150, 4, dtype=torch.float64, generator=generator)
        y = torch.randn(150, dtype=torch.float64, generator=generator)
        result = ew.fit(ew.KAN((4, 2, 1), grid_size=3), X, y, grids=(3,), restarts=1, progress=False)
        if result.status is Status.NOTHING:
            constants += 1
            assert "constant" in result.message and ew.summary(result.model).edges == 0
            assert result.metrics["validation_r2"] < 0.1
    assert constants >= 5
