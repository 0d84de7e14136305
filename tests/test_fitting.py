"""Least-squares coefficients: exact where the function is a spline, sane where samples are missing."""

from __future__ import annotations

import pytest
import torch

from edgewise import grid, ops
from edgewise.fitting import dense_basis, least_squares, project
from helpers import assert_close, assert_equal


def knots_of(size: int, degree: int, inputs: int = 2) -> torch.Tensor:
    low = -torch.ones(inputs, dtype=torch.float64)
    return grid.uniform(low, 2 * torch.arange(1, inputs + 1, dtype=torch.float64), size, degree)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5, 7])
def test_polynomials_of_the_degree_are_held_exactly(degree: int):
    knots = knots_of(5, degree)
    powers = torch.arange(degree + 1, dtype=torch.float64)
    coef, residual = project(lambda x: x[..., None] ** powers, knots, degree)
    assert coef.shape == (2, 5 + degree, degree + 1) and residual.shape == (2, degree + 1)
    x = torch.stack(
        [torch.linspace(-1, 2, 77, dtype=torch.float64), torch.linspace(-1, 4, 77, dtype=torch.float64)], dim=1
    )
    want = x[..., None] ** powers
    assert_close(ops.edge_values(x, coef, knots, degree=degree), want, like="formula")
    assert float((residual / want.abs().amax(0)).max()) < 1e-10


def test_the_residual_is_the_error():
    knots = knots_of(8, 3, inputs=1)
    coef, residual = project(lambda x: torch.sin(4 * x)[..., None], knots, 3)
    x = torch.linspace(-1, 2, 999, dtype=torch.float64)[:, None]
    error = (ops.edge_values(x, coef, knots, degree=3)[..., 0] - torch.sin(4 * x)).abs().max()
    assert 0.5 * float(error) < float(residual) < 1.1 * float(error) < 0.02


def test_a_basis_function_without_samples_continues_its_neighbours():
    knots = knots_of(10, 3, inputs=1)
    x = torch.linspace(0.4, 2.0, 50, dtype=torch.float64)[:, None]  # nothing in the left half
    design = dense_basis(x, knots, degree=3).permute(1, 0, 2)
    assert bool((design[0].abs().sum(0) == 0).any())
    coef = least_squares(design, (3 * x + 1).T[..., None])
    whole = torch.linspace(-1, 2, 40, dtype=torch.float64)[:, None]
    assert bool(torch.isfinite(coef).all())
    assert_close(ops.edge_values(whole, coef, knots, degree=3)[..., 0], 3 * whole + 1, like="adapt", scale=1e3)


def test_the_dense_basis_is_the_local_one_with_its_zeros():
    knots = knots_of(4, 2)
    x = torch.rand(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    dense = dense_basis(x, knots, degree=2)
    assert dense.shape == (9, 2, 6)
    assert_close(dense.sum(-1), torch.ones(9, 2))
    coef = torch.randn(2, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert_close(torch.einsum("bij,ijo->bio", dense, coef), ops.edge_values(x, coef, knots, degree=2))


def test_one_start_one_result():
    knots = knots_of(6, 3)
    one, two = (project(lambda x: torch.exp(x)[..., None], knots, 3)[0] for _ in range(2))
    assert_equal(one, two)


def test_float32_knots_give_float32_coefficients():
    knots = knots_of(5, 3).float()
    coef, _ = project(lambda x: torch.exp(-x)[..., None], knots, 3)
    assert coef.dtype == torch.float32
    x = torch.stack([torch.linspace(-1, 2, 30), torch.linspace(-1, 4, 30)], dim=1)
    assert (ops.edge_values(x, coef, knots, degree=3)[..., 0] - torch.exp(-x)).abs().max() < 0.02
