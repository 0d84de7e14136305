"""Null vectors are made short, and span the same space."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.conservation.invariants import Flow, shortened
from edgewise.discovery.formulas.tree import Var


@pytest.mark.parametrize("seed", range(4))
def test_mixtures_come_apart_and_the_space_stays(seed):
    """Three sums of few terms, of which the later ones hold multiples of the earlier."""
    generator = torch.Generator().manual_seed(seed)
    short = torch.zeros(3, 8, dtype=torch.float64)
    for row, places in zip(short, ((0, 1, 2), (2, 3, 4), (1, 5, 6, 7)), strict=True):
        row[list(places)] = torch.randn(len(places), dtype=torch.float64, generator=generator)
    mixing = torch.eye(3, dtype=torch.float64) + torch.randn(3, 3, dtype=torch.float64, generator=generator).tril(-1)
    found = torch.stack(shortened(list(mixing @ short)))
    assert (found != 0).sum(1).tolist() == [3, 3, 4]
    assert int(torch.linalg.matrix_rank(torch.cat([short, found]))) == 3


def test_a_drift_counts_every_row_alike():
    """A column that stands still on the fast rows alone drifts all the same."""
    X = torch.zeros(100, 2, dtype=torch.float64)
    V = torch.ones(100, 2, dtype=torch.float64)
    V[:5] = torch.tensor([0.0, 1e9], dtype=torch.float64)
    assert Flow(X, V).slowed().drift(Var(0)) > 0.5 and Flow(X, V).drift(Var(0)) > 0.5


def test_states_at_rest_are_taken():
    X = torch.zeros(10, 2, dtype=torch.float64)
    assert Flow(X, torch.zeros_like(X)).slowed().drift(Var(0)) == 0.0
