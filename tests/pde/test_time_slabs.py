"""Networks one after the other in time are one function."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.pde.time_slabs import TimeSlabs
from helpers import assert_equal


def slabs() -> TimeSlabs:
    return TimeSlabs([ew.KAN((2, 2), seed=seed) for seed in range(3)], [0.2, 0.7])


def test_each_point_is_answered_by_the_network_of_its_time():
    whole = slabs()
    x = torch.tensor([[0.1, -1.0], [0.1, 0.9], [0.3, 0.2], [0.4, 0.5], [0.5, 3.0]], dtype=torch.float64)
    answers = torch.stack([network(x) for network in whole.networks])
    assert_equal(whole(x), answers[torch.tensor([0, 2, 0, 1, 2]), torch.arange(5)])


def test_no_points_give_no_rows():
    assert slabs()(torch.zeros(0, 2, dtype=torch.float64)).shape == (0, 2)


def test_its_state_and_its_slopes():
    whole, other = slabs(), TimeSlabs([ew.KAN((2, 2), seed=9) for _ in range(3)], [0.0, 0.1])
    other.load_state_dict(whole.state_dict())
    x = torch.rand(6, 2, dtype=torch.float64, requires_grad=True)
    assert_equal(other(x), whole(x))
    (slope,) = torch.autograd.grad(whole(x).sum(), x)
    assert bool((slope != 0).all()) and isinstance(whole, nn.Module)


@pytest.mark.parametrize(
    ("networks", "times", "words"),
    [
        (True, [0.0, 1.0], "networks must be a list of networks"),
        ([], [], "networks must be a list of networks"),
        ([ew.KAN((2, 1))], 5, "times must be 0 increasing numbers"),
        ([ew.KAN((2, 1)), ew.KAN((2, 1))], b"a", "times must be 1 increasing numbers"),
        ([ew.KAN((2, 1)) for _ in range(3)], [1.0, 0.0], "times must be 2 increasing numbers"),
    ],
)
def test_wrong_slabs_are_told(networks: Any, times: Any, words: str):
    with pytest.raises(ConfigError, match=words):
        TimeSlabs(networks, times)
