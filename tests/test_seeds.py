"""A seed is a whole number, whoever's: numpy's and torch's give the bits that Python's gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from helpers import assert_equal, state_of

SEEDS: dict[str, Any] = {
    "numpy's": np.int64(3),
    "numpy's of a byte": np.uint8(3),
    "numpy's of no dimension": np.array(3),
    "torch's": torch.tensor(3),
    "torch's of 32 bits": torch.tensor(3, dtype=torch.int32),
}


def rows() -> torch.Tensor:
    return 2 * torch.rand(60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1


def fitted(seed: Any) -> Any:
    X = rows()
    result = ew.fit(ew.KAN((2, 2, 1)), X, X.sum(1), grids=(3,), restarts=1, steps=3, seed=seed, progress=False)
    return result.model, result.history[-1]["train_loss"], result.held_out.choosing if result.held_out else None


def studied(seed: Any) -> Any:
    X = rows()
    found = ew.study(X, X.sum(1), hidden=(), grids=(3,), formula=False, effort="quick", seed=seed, progress=False)
    return found.model, found.settings, found.held.lines


TAKERS: dict[str, Callable[[Any], Any]] = {
    "fit": fitted,
    "study": studied,
    "KAN": lambda seed: (ew.KAN((2, 3, 1), seed=seed),),
    "KANLayer": lambda seed: (ew.KANLayer(2, 3, seed=seed),),
    "perturb": lambda seed: (ew.perturb(ew.KAN((2, 3, 1)), seed=seed),),
    "widen": lambda seed: (ew.widen(ew.KAN((2, 3, 1)), 1, seed=seed),),
    "from_function": lambda seed: (None, ew.from_function(lambda x: x[:, 0], [(0, 1)], 20, seed).X),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_of_another_package_gives_the_same_bits(taker: str, seed: str):
    (want, *rest), (got, *others) = TAKERS[taker](3), TAKERS[taker](SEEDS[seed])
    if want is not None:
        assert_equal(state_of(got), state_of(want))
    for other, same in zip(others, rest, strict=True):
        assert torch.equal(other, same) if isinstance(same, torch.Tensor) else other == same


def test_a_network_tells_its_seed_as_a_plain_number():
    assert type(ew.KAN((2, 1), seed=SEEDS["torch's"]).config.seed) is int
    assert type(studied(SEEDS["numpy's"])[1].seed) is int
