"""The null model: what a network has to beat before it is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.train.job import Job
from edgewise.train.problems.losses import CrossEntropy, SquaredError
from edgewise.train.schedule.null_model import TUNING, believed, best_constant, constant, replaceable
from edgewise.train.solvers.status import Status
from helpers import assert_close


def job(noise: float, rows: int = 200, seed: int = 0) -> Job:
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(rows, 1, dtype=torch.float64, generator=generator) - 1
    y = x + noise * torch.randn(rows, 1, dtype=torch.float64, generator=generator)
    return Job(x[50:], y[50:], SquaredError(), xv=x[:50], yv=y[:50])


def line() -> ew.KAN:
    """y = x, exactly."""
    return ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)})


def test_a_network_that_tells_the_targets_is_believed_and_one_that_does_not_is_not():
    assert believed(line(), job(noise=0.1))
    assert believed(line(), job(noise=1.0))
    unlike = job(noise=0.1)
    assert not believed(line(), replace(unlike, yv=-unlike.yv))


def test_what_few_large_targets_make_of_the_standard_error_is_no_reason_for_doubt():
    given = job(noise=0.0)
    spike = given.yv.clone()
    spike[0] = 1e4
    x = given.xv.clone()
    x[0] = 1e4
    assert believed(line(), replace(given, xv=x, yv=spike))


def test_nothing_held_out_is_nothing_to_doubt_by():
    given = job(noise=1.0)
    assert believed(line(), replace(given, xv=None, yv=None))


def test_outputs_that_are_no_numbers_are_not_believed():
    given = job(noise=0.1)
    broken = ew.KAN((1, 1))
    with torch.no_grad():
        broken.edge_layers[0].coef.fill_(float("nan"))
    assert not believed(broken, given)


def test_the_constant_has_the_lowest_loss_of_all_constants():
    given = job(noise=1.0)
    flat = constant(ew.KAN((1, 2, 1)), given)
    assert_close(flat(given.x), given.y.mean().expand(len(given.x), 1), like="float64")
    assert ew.summary(flat).edges == 0
    codes = torch.tensor([0, 1, 1, 1, 2] * 20)
    classes = Job(torch.zeros(100, 1, dtype=torch.float64), codes, CrossEntropy())
    level = best_constant(classes)
    losses = [float(CrossEntropy().rows((level + d).expand(100, -1), codes).mean()) for d in torch.eye(3) * 0.3]
    assert float(CrossEntropy().rows(level.expand(100, -1), codes).mean()) < min(losses)


def test_only_networks_of_splines_are_replaced():
    assert replaceable(ew.KAN((2, 2, 1))) and not replaceable(line())


@pytest.mark.parametrize("seed", range(4))
def test_pure_noise_gives_a_constant_and_says_so(seed: int):
    generator = torch.Generator().manual_seed(seed)
    X = torch.rand(150, 4, dtype=torch.float64, generator=generator)
    y = torch.randn(150, dtype=torch.float64, generator=generator)
    result = ew.fit(ew.KAN((4, 3, 1), grid_size=3), X, y, grids=(3, 6), restarts=1, progress=False)
    new = torch.rand(1000, 4, dtype=torch.float64, generator=generator)
    assert float(result.model(new).std()) < 0.5  # of targets whose spread is one
    assert result.metrics["validation_r2"] < 0.1
    if result.status is Status.NOTHING:
        assert "constant" in result.message and ew.summary(result.model).edges == 0


def test_tuning_names_what_is_believed():
    given = job(noise=3.0, seed=2)
    assert believed(line(), given, replace(TUNING, standard_errors=0.0)) or not believed(line(), given)
    assert not believed(line(), given, replace(TUNING, standard_errors=100.0))
