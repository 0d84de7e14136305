"""Weights of rows make rows and columns alike, and are free to be anything else."""

from __future__ import annotations

import torch

from edgewise.discovery.conservation.row_weights import row_weights


def test_rows_near_a_pole_weigh_as_much_as_the_others():
    """Powers of distances over three decades: no row is seen in one column only."""
    r = torch.logspace(-2, 1, 50, dtype=torch.float64)
    sizes = torch.stack([r**-p for p in (1, 2, 3, 6)], 1)
    weighted = sizes * row_weights(sizes)[:, None]
    weighted = weighted / weighted.amax(0)
    assert float(weighted.amax(1).min()) > 0.9 and float((sizes / sizes.amax(0)).amax(1).min()) < 1e-2


def test_rows_and_columns_of_zeros_do_no_harm():
    weights = row_weights(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    assert weights.tolist() == [1.0, 1.0]
