"""Knots: uniform, from samples, refined by exact insertion, extended."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from edgewise import grid, ops
from edgewise.errors import GridError
from helpers import assert_close, assert_equal

DEGREES = [0, 1, 2, 3, 4, 5, 7]


def random_breaks(inputs: int, size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    widths = 0.2 + torch.rand(inputs, size, dtype=torch.float64, generator=generator)
    return torch.cat([torch.zeros(inputs, 1, dtype=torch.float64), widths.cumsum(1)], dim=1) - 1.0


def values(x: Tensor, coef: Tensor, knots: Tensor, degree: int) -> Tensor:
    return ops.edge_values(x, coef, knots, degree=degree)


@pytest.mark.parametrize("degree", DEGREES)
def test_uniform_knots_are_equally_spaced_and_end_where_they_should(degree: int):
    knots = grid.uniform(
        torch.tensor([-1.0, 0.0], dtype=torch.float64), torch.tensor([1.0, 5.0], dtype=torch.float64), 4, degree
    )
    assert knots.shape == (2, 4 + 2 * degree + 1)
    assert_close(knots[:, degree], [-1.0, 0.0])
    assert_close(knots[:, degree + 4], [1.0, 5.0])
    assert_close(knots.diff(dim=1), torch.tensor([[0.5], [1.25]], dtype=torch.float64).expand(2, 4 + 2 * degree))
    assert grid.is_uniform(knots)
    assert_equal(grid.breaks_of(knots, degree).contiguous(), knots[:, degree : degree + 5].contiguous())


def test_unequal_knots_are_not_uniform_for_any_one_input():
    knots = grid.uniform(torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64), 4, 3)
    knots[1, 5] += 1e-9
    assert not grid.is_uniform(knots)


def test_outer_knots_go_on_at_the_end_spacing():
    knots = grid.from_breaks(torch.tensor([[0.0, 1.0, 3.0]], dtype=torch.float64), 2)
    assert knots.tolist() == [[-2.0, -1.0, 0.0, 1.0, 3.0, 5.0, 7.0]]


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        ([[0.0, 1.0], [2.0, 2.0]], "input 1 must be finite and increase strictly.*Constant feature"),
        ([[0.0, float("nan")]], "input 0"),
        ([[0.0, float("inf")]], "input 0"),
        ([[1.0, 0.0]], "increase"),
        ([[1.0]], "grid_size >= 1"),
        ([0.0, 1.0], r"shape \(inputs, grid_size \+ 1\)"),
    ],
)
def test_breaks_that_form_no_grid_are_refused(breaks: list, words: str):
    with pytest.raises(GridError, match=words):
        grid.from_breaks(torch.tensor(breaks), 3)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DEGREES), st.integers(1, 6), st.integers(0, 9), st.integers(0, 100), st.booleans())
def test_refining_to_any_size_keeps_every_function(degree: int, size: int, more: int, seed: int, even: bool):
    breaks = random_breaks(2, size, seed)
    if even:
        breaks = grid.breaks_of(grid.uniform(breaks[:, 0], breaks[:, -1], size, degree), degree)
    knots = grid.from_breaks(breaks, degree)
    generator = torch.Generator().manual_seed(seed)
    coef = torch.randn(2, size + degree, 3, dtype=torch.float64, generator=generator)
    finer_breaks = grid.refined_breaks(breaks, size + more)
    assert finer_breaks.shape == (2, size + more + 1)
    for row, old in zip(finer_breaks, breaks, strict=True):
        assert set(old.tolist()) <= set(row.tolist()), "every old break is kept to the bit"
    finer = grid.from_breaks(finer_breaks, degree)
    new = grid.insert(knots, coef, finer, degree)
    x = -2 + 8 * torch.rand(200, 2, dtype=torch.float64, generator=generator)  # inside and outside
    assert_close(
        values(x, new, finer, degree), values(x, coef, knots, degree), like="refine", scale=float(coef.abs().max()) * 20
    )


def test_insertion_agrees_with_an_old_method():
    from scipy.interpolate import BSpline, insert

    knots = grid.from_breaks(random_breaks(1, 4, 3), 3)
    coef = torch.randn(1, 7, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    new = float(knots[0, 5:7].mean())
    # scipy inserts one knot; ours lays whole grids: compare as functions inside the interval
    inserted: Any = insert(new, (knots[0].numpy(), torch.cat([coef[0, :, 0], coef.new_zeros(4)]).numpy(), 3))
    t, c, k = inserted
    finer = grid.from_breaks(torch.cat([knots[:, 3:6], torch.tensor([[new]]), knots[:, 6:8]], dim=1), 3)
    x = torch.linspace(float(knots[0, 3]), float(knots[0, 7]), 50, dtype=torch.float64)[:, None]
    ours = values(x, grid.insert(knots, coef, finer, 3), finer, 3)[:, 0, 0]
    assert_close(ours, BSpline(t, c[: len(t) - 4], k)(x[:, 0].numpy()), like="golden", scale=5.0)


def test_a_multiple_cuts_every_interval_of_a_uniform_grid_alike():
    breaks = grid.breaks_of(grid.uniform(torch.zeros(1), torch.ones(1), 5, 3), 3)
    assert grid.is_uniform(grid.from_breaks(grid.refined_breaks(breaks, 15), 3))


def test_the_widest_interval_is_split_first():
    finer = grid.refined_breaks(torch.tensor([[0.0, 1.0, 5.0]]), 3)
    assert finer.tolist() == [[0.0, 1.0, 3.0, 5.0]]


def test_a_coarser_grid_is_no_refinement():
    with pytest.raises(GridError, match="at least 4, got 3"):
        grid.refined_breaks(torch.arange(5.0)[None], 3)


@pytest.mark.parametrize("degree", DEGREES[1:])
def test_greville_points_carry_straight_lines(degree: int):
    knots = grid.from_breaks(random_breaks(3, 5, degree), degree)
    coef = (2 * grid.greville(knots, degree) - 0.5)[..., None]
    x = torch.linspace(-3, 6, 80, dtype=torch.float64)[:, None].expand(-1, 3)
    assert_close(values(x, coef, knots, degree)[..., 0], 2 * x - 0.5)


def test_greville_points_of_degree_zero_are_midpoints():
    assert grid.greville(torch.tensor([[0.0, 1.0, 3.0]]), 0).tolist() == [[0.5, 2.0]]


@pytest.mark.parametrize("quantile", [0.0, 0.5, 1.0])
def test_ties_and_constant_columns_cannot_collapse_knots(quantile: float):
    x = torch.zeros(100, 4, dtype=torch.float64)
    x[:, 1] = 7.0  # constant
    x[50:, 2] = 1.0  # two values
    x[:95, 3] = 0.3  # one value nearly always
    x[95:, 3] = torch.linspace(0, 1, 5, dtype=torch.float64)
    knots = grid.from_samples(x, 8, 3, quantile=quantile)
    widths = grid.breaks_of(knots, 3).diff(dim=1)
    range_ = knots[:, 11] - knots[:, 3]
    assert bool((widths >= 0.005 * range_[:, None] / 8).all())
    assert_close(knots[:2, [3, 11]], [[-1.0, 1.0], [6.0, 8.0]])
    assert_close(knots[2:, [3, 11]], [[0.0, 1.0], [0.0, 1.0]])


def test_samples_set_the_range_and_the_margin_widens_it():
    x = torch.linspace(2.0, 4.0, 30, dtype=torch.float64)[:, None]
    knots = grid.from_samples(x, 5, 2, margin=0.1)
    assert_close(knots[0, [2, 7]], [1.8, 4.2])
    assert grid.is_uniform(knots)


def test_quantile_knots_hold_equal_counts():
    x = torch.rand(4001, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) ** 2
    breaks = grid.breaks_of(grid.from_samples(x, 8, 3, quantile=1.0), 3)[0]
    counts = torch.histogram(x[:, 0], breaks).hist
    assert float(counts.min()) > 450 and float(counts.max()) < 550


@pytest.mark.parametrize("degree", DEGREES)
def test_extension_keeps_the_old_knots_to_the_bit_and_covers_the_range(degree: int):
    knots = grid.from_breaks(random_breaks(2, 4, 1), degree)
    low, high = torch.tensor([-1.0, -3.3], dtype=torch.float64), torch.tensor([3.9, 0.0], dtype=torch.float64)
    new, left, right = grid.extended(knots, degree, low, high)
    assert_equal(new[:, left : left + knots.shape[1]].contiguous(), knots)
    assert left > 0 and right > 0
    assert bool((new[:, degree] <= low + 1e-6).all()) and bool((new[:, -degree - 1] >= high - 1e-6).all())
    assert bool((new.diff(dim=1) > 0).all())


def test_nothing_is_added_where_nothing_is_missing():
    knots = grid.uniform(torch.zeros(1), torch.ones(1), 3, 3)
    new, left, right = grid.extended(knots, 3, torch.tensor([0.2]), torch.tensor([1.0]))
    assert (left, right) == (0, 0)
    assert_equal(new, knots)


def test_absurd_extensions_are_refused():
    knots = grid.uniform(torch.zeros(1), torch.ones(1), 3, 3)
    with pytest.raises(GridError, match="use adapt"):
        grid.extended(knots, 3, torch.tensor([-1e9]), torch.tensor([1.0]))


@given(st.sampled_from([1, 2, 3, 5]), st.integers(3, 40), st.integers(0, 100), st.sampled_from([5, 60, 4000]))
def test_crowded_knots_keep_ends_and_number_and_increase(degree: int, size: int, seed: int, rows: int):
    generator = torch.Generator().manual_seed(seed)
    knots = grid.from_breaks(random_breaks(2, size, seed), degree)
    low, high = knots[:, degree], knots[:, degree + size]
    x = low + (high - low) * torch.rand(rows, 2, dtype=torch.float64, generator=generator)
    demand = torch.exp(3 * torch.randn(2, size, dtype=torch.float64, generator=generator))
    moved = grid.crowded(knots, degree, demand, x)
    assert moved.shape == knots.shape
    assert_equal(moved[:, [degree, degree + size]], knots[:, [degree, degree + size]])
    assert bool((moved.diff(dim=1) > 0).all())


def test_no_interval_is_starved_of_samples_by_crowding():
    knots = grid.uniform(-torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64), 40, 3)
    x = torch.linspace(-1, 1, 401, dtype=torch.float64)[:, None]
    demand = torch.ones(1, 40, dtype=torch.float64)
    demand[0, 20] = 1e9
    breaks = grid.breaks_of(grid.crowded(knots, 3, demand, x), 3)[0]
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
    low, high, narrow = grid.bulk(x)
    assert bool(narrow)
    breaks = grid.breaks_of(grid.over_samples(x, size, 3, dense=(low, high, narrow)), 3)[0]
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
    assert not bool(grid.bulk(torch.cat([even, normal, normal.exp(), rare, close], dim=1))[2].any())
    assert bool(grid.bulk(even, (torch.tensor([0.0]), torch.tensor([50.0])))[2])


def test_an_old_interval_that_is_far_wider_than_the_samples_is_covered():
    x = torch.rand(200, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    old = torch.tensor([-500.0], dtype=torch.float64), torch.tensor([90.0], dtype=torch.float64)
    knots = grid.over_samples(x, 12, 3, within=old, dense=grid.bulk(x, old))
    breaks = grid.breaks_of(knots, 3)[0]
    assert float(breaks[0]) <= -500 and float(breaks[-1]) >= 90
    assert int(((breaks > 0) & (breaks < 1)).sum()) >= 6
