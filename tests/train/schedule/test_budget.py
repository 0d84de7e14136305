"""When a finer grid is worth its cost: shares of the constant's loss, ends that are told apart from grids that are too
coarse."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from edgewise.train.job import make_job
from edgewise.train.schedule.budget import affordable, constant_loss, exact, needed, resolved
from edgewise.train.schedule.tuning import TUNED

CHEAP, EXACT, RESOLVED = TUNED.cheap, TUNED.exact, TUNED.resolved


def job_of(y: Any, loss: Any = "auto") -> Any:
    x = torch.linspace(-1, 1, len(y), dtype=torch.float64)[:, None]
    where = {"features": None, "outputs": None, "dtype": torch.float64, "device": torch.device("cpu"), "seed": 0}
    return make_job(x, y, validation=(x, y), loss=loss, sample_weight=None, **where)[0]


def test_the_constant_of_a_regression_leaves_its_variance():
    assert constant_loss(job_of(torch.tensor([0.0, 0.0, 6.0, 6.0], dtype=torch.float64))) == pytest.approx(9.0)


def test_the_constant_of_two_even_classes_leaves_one_bit():
    assert constant_loss(job_of(torch.tensor([0, 1, 1, 0]), "cross_entropy")) == pytest.approx(math.log(2))


def test_a_costly_grid_is_for_functions_that_are_not_exact():
    assert exact(EXACT**2, CHEAP + 1) and not exact(2 * EXACT**2, CHEAP + 1)
    assert not exact(EXACT**2, CHEAP)
    assert not exact(0.0, CHEAP + 1)  # a share that is not known


def test_the_more_a_grid_costs_the_larger_the_error_that_needs_it():
    lowest = [
        min(share for share in torch.logspace(-30, 0, 301).tolist() if not exact(share, CHEAP * size))
        for size in (2, 4, 8)
    ]
    assert lowest == sorted(lowest) and lowest[0] < lowest[1] < lowest[2] < RESOLVED


def test_a_costly_grid_must_earn_more_once_the_function_is_resolved():
    assert needed(RESOLVED / 2, CHEAP + 1) < needed(RESOLVED / 2, CHEAP) == needed(2 * RESOLVED, CHEAP + 1)
    assert resolved(RESOLVED / 2) and not resolved(2 * RESOLVED)


def test_rounds_on_a_costly_grid_take_as_long_as_on_a_cheap_one():
    for size in (1, 1.5, 2):
        assert affordable(16, RESOLVED, int(CHEAP * size)) * size**3 <= 16
    assert affordable(16, RESOLVED, CHEAP) == 16 and affordable(16, RESOLVED, 10 * CHEAP) == 0
