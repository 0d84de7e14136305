"""What the solver must reach from every seed, on functions of several kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from helpers import ZOO


def error(model: Any, X: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((model(X) - y).square().mean().sqrt())


@pytest.mark.parametrize("seed", range(10))
def test_the_papers_first_example_below_5e_6(seed: int):
    X, y = ZOO["exp_sin"].sample(1000, seed=seed)
    result = ew.fit(ew.KAN((2, 1, 1), grid_size=3, seed=seed), X, y, grids=(3, 6, 12, 24, 48), progress=False)
    assert error(result.model, *ZOO["exp_sin"].sample(1000, seed=seed + 100)) < 5e-6


def test_a_sparse_fit_then_prune_leaves_one_hidden_node_for_nine_seeds_in_ten():
    alone = []
    for seed in range(10):
        X, y = ZOO["exp_sin"].sample(1000, seed=seed)
        result = ew.fit(ew.KAN((2, 5, 1), seed=seed), X, y, sparsity=0.02, progress=False)
        small = ew.prune(result.model, X)
        alone.append(small.topology.widths[1] == (1, ()))
        assert small.topology.node_ids[0] == (0, 1)
    assert sum(alone) >= 9


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("widths", [(2, (0, 1)), (2, (0, 1), 1), (2, 2, 1)], ids=str)
def test_a_product_below_1e_8(widths: tuple[Any, ...], seed: int):
    X, y = ZOO["product"].sample(1000, seed=seed)
    result = ew.fit(ew.KAN(widths, seed=seed), X, y, progress=False)
    assert error(result.model, *ZOO["product"].sample(1000, seed=seed + 100)) < 1e-8


OTHERS: dict[
    str, tuple[Callable[..., Tensor], tuple[Any, ...], int, float]
] = {  # function, widths, inputs, largest test RMSE
    "log of a sum of squares": (lambda a, b: torch.log(1 + a**2 + b**2), (2, 1, 1), 2, 1e-4),
    "gaussian": (lambda a, b: torch.exp(-2 * (a**2 + b**2)), (2, 1, 1), 2, 1e-4),
    "distance": (lambda a, b, c: torch.sqrt(1 + a**2 + b**2 + c**2), (3, 1, 1), 3, 1e-4),
    "relativistic sum": (lambda a, b: (a + b) / (2 + a * b), (2, 2, 1), 2, 1e-3),
    "saddle": (lambda a, b: (a + b) ** 2 - (a - b) ** 3, (2, 2, 1), 2, 1e-4),
    "three factors": (lambda a, b, c: torch.exp(a) * torch.cos(b) * (1 + c**2), (3, (0, (3,))), 3, 1e-5),
    "two products": (lambda a, b, c, d: a * torch.sin(2 * b) + c * d, (4, (0, 2), 1), 4, 1e-3),
}


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("name", OTHERS)
def test_functions_of_several_kinds(name: str, seed: int):
    function, widths, inputs, most = OTHERS[name]
    generator = torch.Generator().manual_seed(seed)
    X, Xt = (2 * torch.rand(1500, inputs, dtype=torch.float64, generator=generator) - 1 for _ in range(2))
    result = ew.fit(ew.KAN(widths, seed=seed), X, function(*X.T), progress=False)
    assert error(result.model, Xt, function(*Xt.T)[:, None]) < most


@pytest.mark.parametrize("noise", [0.01, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_noise_is_not_fitted(noise: float, seed: int):
    X, y = ZOO["exp_sin"].sample(500, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    noisy = y + noise * torch.randn(y.shape, dtype=torch.float64, generator=generator)
    result = ew.fit(ew.KAN((2, 2, 1), seed=seed), X, noisy, progress=False)
    assert error(result.model, *ZOO["exp_sin"].sample(1000, seed=seed + 100)) < noise
