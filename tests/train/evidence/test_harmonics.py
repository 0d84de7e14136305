"""The functions of an edge from an input that comes round again."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.train.evidence.harmonics import Harmonics, harmonics
from helpers import assert_close

F = torch.float64


def made(n: int = 300, period: float = 24.0) -> tuple[torch.Tensor, torch.Tensor, Harmonics]:
    """Rows that crowd in one part of the day, their shares, and the functions."""
    draw = torch.Generator().manual_seed(0)
    x = period * torch.rand(n, dtype=F, generator=draw) ** 2
    share = torch.rand(n, dtype=F, generator=draw)
    share = share / share.sum()
    return x, share, harmonics(x, share, period, 3, 20, 24)


def test_functions_are_orthogonal_on_the_rows_and_grow_rougher():
    x, share, found = made()
    values = found.values(x)
    assert float((share @ values).abs().max()) < 1e-10
    assert_close(values.T @ (share[:, None] * values), torch.eye(found.size, dtype=F), like="adapt")
    assert bool((found.roughness.diff() > -1e-9).all())


def test_functions_repeat_far_from_the_rows():
    x, _, found = made()
    for times in (1, -3, 1000):
        assert float((found.values(x + 24.0 * times) - found.values(x)).abs().max()) < 1e-9


def test_no_value_is_below_the_lowest_one_that_is_told():
    _, _, found = made()
    draw = torch.Generator().manual_seed(1)
    at = 24.0 * torch.rand(100_000, dtype=F, generator=draw)
    for _ in range(5):
        coef = torch.randn(found.size, dtype=F, generator=draw)
        values = found.values(at) @ coef
        low = found.lowest(coef)
        assert low <= float(values.min())
        assert low > float(values.min()) - 1e-2 * float(values.max() - values.min())


def test_sines_are_the_same_function():
    x, _, found = made()
    coef = torch.randn(found.size, dtype=F, generator=torch.Generator().manual_seed(2))
    sines, constant = found.sines(coef)
    values = sum((size * torch.sin(factor * x + phase) for factor, phase, size in sines), torch.tensor(constant))
    assert_close(values, found.values(x) @ coef, like="adapt")
    assert sines[0][0] == pytest.approx(2 * math.pi / 24)


def test_few_values_have_few_functions_and_one_has_none():
    x = torch.arange(40, dtype=F) % 4 * 6
    share = torch.full_like(x, 1 / 40)
    assert harmonics(x, share, 24.0, 3, 20, 24).size == 3
    alike = harmonics(x % 6, share, 24.0, 3, 20, 24)
    assert alike.size == 1 and not bool(alike.values(x).any())
