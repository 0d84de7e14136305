"""Rows in the order of a column: noise, and the powers that stand before a function of it."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.reductions.row_order import off_the_line, powers_between

SEED = torch.Generator().manual_seed(0)
X = 1 + 3 * torch.rand(4000, 4, dtype=torch.float64, generator=SEED)
NOISE = torch.randn(4000, dtype=torch.float64, generator=SEED)
ONE = torch.ones(4000, dtype=torch.float64)


def test_rows_are_off_the_line_by_the_noise_and_by_all_where_a_column_says_nothing():
    y = torch.sin(3 * X[:, 0]) + 0.1 * NOISE
    own, other = off_the_line(X[:, :2], y, ONE).tolist()
    assert own == pytest.approx(0.1, rel=0.1) and other == pytest.approx(float(y.std()), rel=0.1)


def test_rows_on_a_line_are_not_off_it_and_equal_ones_do_no_harm():
    column = torch.tensor([0.0, 1.0, 1.0, 1.0, 3.0, 7.0], dtype=torch.float64)[:, None]
    assert off_the_line(column, 2 * column[:, 0] - 1, ONE[:6]).item() < 1e-14


@pytest.mark.parametrize("size, near", [(0.0, 0.02), (0.05, 0.1)])
def test_the_powers_before_a_wave_are_told_by_neighbours(size, near):
    a, b, c, d = X.T
    g = a**2 / b**0.5 * (1.5 + torch.sin(15 * c * d))
    g = g + size * float(g.std()) * NOISE
    right, wrong = (c * d)[:, None], (c + d)[:, None]
    none = torch.zeros(2, 4, dtype=torch.bool)
    none[:, 2] = True
    powers, left = powers_between(torch.cat([right, wrong], 1), X.log(), none, g, ONE)
    assert torch.allclose(powers[0], X.new_tensor([2.0, -0.5, 0.0, 0.0]), atol=near)
    assert left[0] < 0.3 * left[1] and float(powers[0, 2]) == 0.0


def test_a_value_of_zero_is_no_pole():
    a, _, c, d = X.T
    g = a * torch.sin(9 * c * d)
    g[:5] = 0.0
    powers, left = powers_between((c * d)[:, None], X[:, :1].log(), torch.zeros(1, 1, dtype=torch.bool), g, ONE)
    assert float(powers) == pytest.approx(1.0, abs=0.05) and bool(torch.isfinite(left).all())
