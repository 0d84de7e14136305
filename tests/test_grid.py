"""Knots: uniform, refined by exact insertion, extended."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from edgewise import grid, ops
from edgewise.errors import GridError
from helpers import assert_close, assert_equal, random_breaks

DEGREES = [0, 1, 2, 3, 4, 5, 7]


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
