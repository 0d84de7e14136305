"""The helpers must be able to fail: a test that leans on them is only as good as they are."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from torch import nn

from helpers import TOLERANCES, ZOO, assert_close, assert_equal, assert_no_shared_storage, no_trace, state_of


def test_close_accepts_round_off_and_equal_nan_and_inf():
    assert_close(torch.tensor([1.0, 2.0], dtype=torch.float64) + 1e-15, [1.0, 2.0])
    assert_close([math.nan, math.inf, 1.0], [math.nan, math.inf, 1.0], like="exact")
    assert_close(torch.empty(0, 3), torch.empty(0, 3))
    assert_close(torch.ones(2, dtype=torch.bfloat16), np.ones(2), like="exact")


@pytest.mark.parametrize(
    ("got", "want"),
    [
        ([1.0, 2.0 + 1e-9], [1.0, 2.0]),
        ([1.0], 1.0),
        ([math.nan], [1.0]),
        ([1.0], [math.nan]),
        ([math.inf], [-math.inf]),
        ([1e300], [math.inf]),
        ([1e-11], [0.0]),
    ],
)
def test_close_rejects(got, want):
    with pytest.raises(AssertionError):
        assert_close(got, want)


def test_close_measures_against_the_largest_wanted_value():
    assert_close([1e6, 1e-9], [1e6, 0.0])
    with pytest.raises(AssertionError):
        assert_close([1e6, 1e-9], [1e6, 0.0], scale=1.0)


def test_close_knows_no_tolerance_without_a_name():
    with pytest.raises(KeyError):
        assert_close(1.0, 1.0, like="roughly")
    assert all(0 <= tolerance < 1e-4 for tolerance in TOLERANCES.values())


def test_state_is_a_copy_and_sees_every_change():
    linear, norm = nn.Linear(2, 3), nn.BatchNorm1d(3)
    model = nn.Sequential(linear, norm)
    assert_equal(state_of(model), state_of(model))
    changes = [
        lambda: linear.weight.data.mul_(1 + 1e-6),
        lambda: norm.get_buffer("running_mean").add_(1),
        lambda: linear.requires_grad_(False),
        lambda: setattr(norm, "eps", 1e-3),
        model.eval,
    ]
    for change in changes:
        held = state_of(model)
        change()
        with pytest.raises(AssertionError):
            assert_equal(state_of(model), held)


def test_equal_is_to_the_bit():
    assert_equal({"a": torch.tensor([math.nan])}, {"a": torch.tensor([math.nan])})
    for got, want in [(0.0, -0.0), (1.0, math.nextafter(1.0, 2.0))]:
        with pytest.raises(AssertionError):
            assert_equal(torch.tensor([got], dtype=torch.float64), torch.tensor([want], dtype=torch.float64))
    with pytest.raises(AssertionError):
        assert_equal(torch.zeros(2), torch.zeros(2, dtype=torch.float64))


def test_shared_storage_is_seen():
    one, other = nn.Linear(2, 2), nn.Linear(2, 2)
    assert_no_shared_storage(one, other)
    other.weight = one.weight
    with pytest.raises(AssertionError):
        assert_no_shared_storage(one, other)


@pytest.mark.parametrize("problem", ZOO.values(), ids=ZOO)
def test_zoo_is_reproducible_finite_and_in_range(problem, leaves_no_trace):
    X, y = problem.sample(50, seed=3)
    low, high = torch.tensor(problem.ranges, dtype=torch.float64).T
    assert X.shape == (50, len(problem.ranges)) and y.shape == (50, 1)
    assert ((low <= X) & (high >= X)).all() and y.isfinite().all()
    assert_equal(problem.sample(50, seed=3), (X, y))


@pytest.mark.parametrize(
    "touch",
    [
        lambda folder: torch.rand(1),
        lambda folder: np.random.rand(),
        lambda folder: random.random(),
        lambda folder: torch.set_grad_enabled(False),
        lambda folder: (folder / "written").touch(),
    ],
    ids=["torch", "numpy", "random", "grad", "file"],
)
def test_no_trace_sees(touch, tmp_path):
    with pytest.raises(AssertionError):
        with no_trace(tmp_path):
            touch(tmp_path)
    torch.set_grad_enabled(True)


def test_poisoned_memory_shows(poisoned_memory):
    assert torch.empty(4).isnan().all()


def test_global_states_are_the_same_for_every_test():
    assert random.random() == random.Random(0).random()
    assert_equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(0)))
