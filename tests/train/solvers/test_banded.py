"""Rows with entries close together have the triangular factor that any rows have."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edgewise.train.solvers.banded import banded_triangle, compressed, merged, spans
from edgewise.train.solvers.orthogonal import Orthogonal, triangle
from helpers import assert_close


def rows(m: int, P: int, width: int) -> Tensor:
    """Random rows with `width` entries from a random place on."""
    generator = torch.Generator().manual_seed(m + P + width)
    A = torch.zeros(m, P, dtype=torch.float64)
    for row, first in zip(A, torch.randint(P - width + 1, (m,), generator=generator).tolist(), strict=True):
        row[first : first + width] = torch.randn(width, dtype=torch.float64, generator=generator)
    return A


@pytest.mark.parametrize(
    "m, P, width", [(300, 60, 6), (300, 61, 7), (40, 60, 3), (5, 60, 4), (200, 50, 1), (80, 20, 5)]
)
def test_the_factor_is_that_of_all_rows(m, P, width):
    A = rows(m, P, width)
    R = banded_triangle(A, spans(A))
    assert R.shape == (P, P) and bool((R.tril(-1) == 0).all())
    assert_close(R.T @ R, A.T @ A, like="float64")


def test_rows_of_zeros_change_nothing():
    A = torch.cat([rows(50, 40, 4), torch.zeros(9, 40, dtype=torch.float64)])
    R = banded_triangle(A, spans(A))
    assert_close(R.T @ R, A.T @ A, like="float64")
    assert spans(A[:0]).narrow is False


def test_spans_are_those_of_the_entries():
    found = spans(torch.tensor([[0.0, 2.0, 0.0, 3.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]]))
    assert (found.first.tolist(), found.wide.tolist(), found.width) == ([1, 0], [True, False], 1)


@pytest.mark.parametrize("m, width", [(1, 7), (9, 64), (30, 60), (0, 5)])
def test_wide_rows_are_merged(m, width):
    R, A = triangle(rows(200, 60, 5)), torch.randn(m, 60, dtype=torch.float64)
    found = merged(R, A, width)
    assert bool((found.tril(-1) == 0).all())
    assert_close(found.T @ found, R.T @ R + A.T @ A, like="float64")


def test_rows_are_no_more_than_their_columns():
    A = torch.zeros(40, 60, dtype=torch.float64)
    A[:, [0, 1, 58, 59]] = torch.randn(40, 4, dtype=torch.float64)
    few = compressed(A)
    assert few.shape == (4, 60)
    assert_close(few.T @ few, A.T @ A, like="float64")


@pytest.mark.parametrize("wide", [0, 25])
def test_steps_are_the_same_by_windows(wide):
    A = rows(200, 60, 5)
    A[50 : 50 + wide] = 0.0
    A[50 : 50 + wide, [0, 1, 2, 57, 58, 59]] = torch.randn(wide, 6, dtype=torch.float64)
    assert Orthogonal(0.0, torch.zeros(60, dtype=torch.float64), [A]).banded
    step, scale = torch.randn(60, dtype=torch.float64), torch.rand(60, dtype=torch.float64) + 0.1
    for mu in (1.0, 1e-6):
        solve = Orthogonal(0.0, torch.zeros(60, dtype=torch.float64), [A[:90], A[90:]]).damp(scale, mu)
        assert solve is not None
        assert_close((2 * A.T @ A + mu * torch.diag(scale)) @ solve(step), step, like="formula")
