"""A triangle with damping added: that of all rows at once, whatever the panels."""

from __future__ import annotations

import pytest
import torch

from edgewise.train.solvers.damped_triangle import damped_triangle
from edgewise.train.solvers.orthogonal import triangle
from edgewise.train.solvers.tuning import TUNED
from helpers import assert_close


@pytest.mark.parametrize("size", [1, 5, TUNED.panel, 2 * TUNED.panel + 3])
def test_the_triangle_is_that_of_all_rows(size):
    R, d = torch.randn(size, size, dtype=torch.float64).triu(), torch.rand(size, dtype=torch.float64)
    found = damped_triangle(R, d)
    assert torch.equal(found, found.triu())
    assert_close(found.T @ found, R.T @ R + torch.diag(d.square()), like="formula")
    assert_close(found.abs(), triangle(torch.cat([R, torch.diag(d)])).abs(), like="formula", scale=1e3)


def test_damping_far_below_the_rows_keeps_its_digits():
    """A direction that R does not see is left to the damping, to the last digits."""
    R = torch.tensor([[1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    found = damped_triangle(R, torch.tensor([0.0, 1e-12], dtype=torch.float64))
    assert abs(float(found[1, 1].abs()) / 1e-12 - 1) < 1e-3


def test_what_is_given_stays():
    R, d = torch.eye(3), torch.ones(3)
    damped_triangle(R, d)
    assert torch.equal(R, torch.eye(3)) and torch.equal(d, torch.ones(3))
