"""Sums over rows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from edgewise.train.evidence.posterior import Prior
from edgewise.train.evidence.sums import Sums
from helpers import assert_close

N, M = 120, 30


def prior(m: int = M) -> Prior:
    return Prior(torch.zeros(m, dtype=torch.long), torch.ones(m, dtype=torch.float64), 1, torch.zeros(m).long())


def rows() -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    functions = 5 + torch.randn(N, M, dtype=torch.float64, generator=draw)
    return functions, 100 + functions[:, 0], torch.randint(1, 4, (N,), generator=draw).double()


@pytest.mark.parametrize("size", [N, 50, 7])
@pytest.mark.parametrize("m", [M, N - 5])
def test_one_pass_over_blocks_gives_the_sums_about_the_means(size: int, m: int):
    functions, y, weight = rows()
    functions = functions.repeat(1, 4)[:, :m] ** torch.arange(1, m + 1).double().div(m)

    def blocks() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return zip(functions.split(size), y.split(size), weight.split(size), strict=True)

    found, share = Sums.of(blocks, prior(m)), weight / weight.sum()
    centred, target = functions - share @ functions, y - share @ y
    assert_close(torch.from_numpy(found.matrix), centred.T @ (weight[:, None] * centred), like="adapt")
    assert_close(torch.from_numpy(found.right), centred.T @ (weight * target), like="adapt")
    assert_close(torch.tensor(found.constant, dtype=torch.float64), share @ y, like="float64")
    assert math.isclose(found.square, float(weight @ target.square()), rel_tol=1e-10)


def test_fewer_rows_than_functions_keep_their_rows():
    functions, y, weight = (part[:20] for part in rows())

    def blocks() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return zip(functions.split(7), y.split(7), weight.split(7), strict=True)

    found, share = Sums.of(blocks, prior()), weight / weight.sum()
    assert found.design is not None
    assert_close(
        torch.from_numpy(found.design), weight.sqrt()[:, None] * (functions - share @ functions), like="float64"
    )
    assert_close(torch.from_numpy(found.target), weight.sqrt() * (y - share @ y), like="float64")


@pytest.mark.parametrize("size", [N, 20])
def test_a_part_of_the_functions_in_another_order_has_its_own_sums(size: int):
    functions, y, weight = (part[:size] for part in rows())
    places = np.arange(M)[::-1]
    found = Sums.of(lambda: iter([(functions, y, weight)]), prior()).take(places)
    alone = Sums.of(lambda: iter([(functions.flip(1), y, weight)]), prior())
    for one, other in zip(found.solve(np.ones(M), 0.5), alone.solve(np.ones(M), 0.5), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
