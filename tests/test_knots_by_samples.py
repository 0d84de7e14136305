"""Knots that are laid by samples."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edgewise import grid, knots_by_samples
from helpers import assert_close, assert_equal, random_breaks


@pytest.mark.parametrize("quantile", [0.0, 0.5, 1.0])
def test_ties_and_constant_columns_cannot_collapse_knots(quantile: float):
    x = torch.zeros(100, 4, dtype=torch.float64)
    x[:, 1] = 7.0  # constant
    x[50:, 2] = 1.0  # two values
    x[:95, 3] = 0.3  # one value nearly always
    x[95:, 3] = torch.linspace(0, 1, 5, dtype=torch.float64)
    knots = knots_by_samples.from_samples(x, 8, 3, quantile=quantile)
    widths = grid.breaks_of(knots, 3).diff(dim=1)
    range_ = knots[:, 11] - knots[:, 3]
    assert bool((widths >= 0.005 * range_[:, None] / 8).all())
    assert_close(knots[:2, [3, 11]], [[-1.0, 1.0], [6.0, 8.0]])
    assert_close(knots[2:, [3, 11]], [[0.0, 1.0], [0.0, 1.0]])


def test_samples_set_the_range_and_the_margin_widens_it():
    x = torch.linspace(2.0, 4.0, 30, dtype=torch.float64)[:, None]
    knots = knots_by_samples.from_samples(x, 5, 2, margin=0.1)
    assert_close(knots[0, [2, 7]], [1.8, 4.2])
    assert grid.is_uniform(knots)


def test_quantile_knots_hold_equal_counts():
    x = torch.rand(4001, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) ** 2
    breaks = grid.breaks_of(knots_by_samples.from_samples(x, 8, 3, quantile=1.0), 3)[0]
    counts = torch.histogram(x[:, 0], breaks).hist
    assert float(counts.min()) > 450 and float(counts.max()) < 550


@given(st.sampled_from([1, 2, 3, 5]), st.integers(3, 40), st.integers(0, 100), st.sampled_from([5, 60, 4000]))
def test_crowded_knots_keep_ends_and_number_and_increase(degree: int, size: int, seed: int, rows: int):
    generator = torch.Generator().manual_seed(seed)
    knots = grid.from_breaks(random_breaks(2, size, seed), degree)
    low, high = knots[:, degree], knots[:, degree + size]
    x = low + (high - low) * torch.rand(rows, 2, dtype=torch.float64, generator=generator)
    demand = torch.exp(3 * torch.randn(2, size, dtype=torch.float64, generator=generator))
    moved = knots_by_samples.crowded(knots, degree, demand, x)
    assert moved.shape == knots.shape
    assert_equal(moved[:, [degree, degree + size]], knots[:, [degree, degree + size]])
    assert bool((moved.diff(dim=1) > 0).all())


def test_no_interval_is_starved_of_samples_by_crowding():
    knots = grid.uniform(-torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64), 40, 3)
    x = torch.linspace(-1, 1, 401, dtype=torch.float64)[:, None]
    demand = torch.ones(1, 40, dtype=torch.float64)
    demand[0, 20] = 1e9
    breaks = grid.breaks_of(knots_by_samples.crowded(knots, 3, demand, x), 3)[0]
    counts = torch.histogram(x[:, 0], breaks)[0]
    assert int(counts.min()) >= 2 and float(breaks.diff().min()) < 0.4 * float(knots.diff().max())


def long_tailed(kind: str, rows: int = 400) -> torch.Tensor:
    x = torch.randn(rows, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    if kind == "one far":
        x[7] = 1e6
    return {
        "one far": x,
        "lognormal": torch.exp(2.5 * x),
        "two sided": torch.sinh(4 * x),
        "rounded": torch.exp(3 * x).round(),
    }[kind]


@pytest.mark.parametrize("kind", ["one far", "lognormal", "two sided", "rounded"])
@pytest.mark.parametrize("size", [1, 3, 10, 200])
def test_most_knots_lie_where_most_samples_do(kind: str, size: int):
    x = long_tailed(kind)
    low, high, narrow = knots_by_samples.bulk(x)
    assert bool(narrow)
    breaks = grid.breaks_of(knots_by_samples.over_samples(x, size, 3, dense=(low, high, narrow)), 3)[0]
    assert (
        bool((breaks.diff() > 0).all()) and float(breaks[0]) <= float(x.min()) and float(breaks[-1]) >= float(x.max())
    )
    inside = ((breaks > low) & (breaks < high)).sum()
    assert int(inside) >= 0.5 * (size - 1)


def test_a_bulk_is_seen_only_where_there_is_one():
    generator = torch.Generator().manual_seed(0)
    even, normal = (
        torch.rand(1000, 1, dtype=torch.float64, generator=generator),
        torch.randn(1000, 1, dtype=torch.float64, generator=generator),
    )
    rare = torch.zeros(1000, 1, dtype=torch.float64)
    rare[::100] = 1.0  # most are one number
    close = 1e8 + 1e-7 * even
    close[0] = 0.0  # a bulk that float64 hardly resolves
    assert not bool(knots_by_samples.bulk(torch.cat([even, normal, normal.exp(), rare, close], dim=1))[2].any())
    assert bool(knots_by_samples.bulk(even, (torch.tensor([0.0]), torch.tensor([50.0])))[2])


def test_an_old_interval_that_is_far_wider_than_the_samples_is_covered():
    x = torch.rand(200, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    old = torch.tensor([-500.0], dtype=torch.float64), torch.tensor([90.0], dtype=torch.float64)
    knots = knots_by_samples.over_samples(x, 12, 3, within=old, dense=knots_by_samples.bulk(x, old))
    breaks = grid.breaks_of(knots, 3)[0]
    assert float(breaks[0]) <= -500 and float(breaks[-1]) >= 90
    assert int(((breaks > 0) & (breaks < 1)).sum()) >= 6
