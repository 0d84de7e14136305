"""Outputs as sums of terms."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.insight.shares import shares_of

F = torch.float64
WIDTHS: list[Any] = [(3, 2), (3, 4, 2), (3, (2, 2), (1, 1)), (4, 3, 3, 1), (2, (1, 3), 1)]


@pytest.mark.parametrize("widths", WIDTHS)
def test_shares_add_up_to_the_output_whatever_the_network(widths: Any):
    model = ew.KAN(widths, seed=3)
    X = torch.randn(40, model.features, dtype=F, generator=torch.Generator().manual_seed(0))
    model = model.build(
        scaling={"output_shift": torch.full_like(model.output_shift, 3.0), "output_scale": 2 * model.output_scale}
    )
    found = shares_of(model, X)
    torch.testing.assert_close(found.constant + found.values.sum(1), model(X).detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("widths", WIDTHS)
def test_a_term_knows_nothing_of_other_inputs(widths: Any):
    model = ew.KAN(widths, seed=1)
    X = torch.randn(20, model.features, dtype=F, generator=torch.Generator().manual_seed(0))
    before = shares_of(model, X)
    for moved in range(model.features):
        other = X.clone()
        other[:, moved] += 0.7
        after = shares_of(model, other)
        for number, inputs in enumerate(before.columns):
            same = torch.equal(before.values[:, number], after.values[:, number])
            assert same or moved in inputs


def test_a_straight_line_above_a_sum_is_looked_through():
    inner = {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0), (0, 1, 0): ("x^2", 1.0, 0.0, 1.0, 0.0)}
    model = ew.set_symbolic(ew.KAN((2, 1, 1)), {**inner, (1, 0, 0): ("x", 2.0, 1.0, 3.0, 5.0)})
    X = torch.randn(10, 2, dtype=F, generator=torch.Generator().manual_seed(0))
    found = shares_of(model, X)
    assert found.columns == ((0,), (1,))
    torch.testing.assert_close(found.values[:, 0, 0].diff(), 6 * torch.sin(X[:, 0]).diff())
    curved = ew.set_symbolic(model, {(1, 0, 0): ("exp", 1.0, 0.0, 1.0, 0.0)})
    assert shares_of(curved, X).columns == ((0, 1),)


def test_removed_inputs_have_no_term():
    model = ew.remove(ew.KAN((3, 1)), edges=[(0, 1, 0)])
    X = torch.randn(10, 3, dtype=F, generator=torch.Generator().manual_seed(0))
    found = shares_of(model, X)
    assert found.columns == ((0,), (2,))
    torch.testing.assert_close(found.constant + found.values.sum(1), model(X).detach())
