"""Fits to parts of the rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.data import from_arrays
from edgewise.studies.left_out import in_turn


@pytest.mark.parametrize("grouped", [False, True])
def test_each_row_is_left_out_once_and_groups_are_left_out_whole(grouped: bool):
    draw = torch.Generator().manual_seed(0)
    X = torch.rand(60, 2, dtype=torch.float64, generator=draw)
    rows = from_arrays(X, X[:, :1] ** 2 + 0.1 * torch.randn(60, 1, dtype=torch.float64, generator=draw))
    groups = torch.arange(60) // 6
    rows = replace(rows, groups=groups) if grouped else rows
    found = ew.fit(ew.KAN((2, 1)), rows.X, rows.y, optimizer="evidence", progress=False)
    parts = list(in_turn(found, rows))
    assert torch.cat([there for there, _, _ in parts]).sort().values.equal(torch.arange(60))
    for there, model, others in parts:
        assert len(there) + len(others) == 60 and model.used_inputs
        kept = torch.ones(60, dtype=torch.bool)
        kept[there] = False
        assert others.X.equal(rows.X[kept])
        whole = set(groups[there].tolist()).isdisjoint(groups[kept].tolist())
        assert whole == grouped
