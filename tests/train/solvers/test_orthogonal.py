"""Least squares by orthogonal factors: the steps of the normal equations, and digits that these lose."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from edgewise.train.solvers.levenberg_marquardt import minimize
from edgewise.train.solvers.orthogonal import Orthogonal
from helpers import assert_close


@dataclass
class Block:
    residual: Tensor
    jacobian: Tensor


class Linear:
    """|A theta - y|^2, in blocks of rows."""

    def __init__(self, A: Tensor, y: Tensor, size: int) -> None:
        self.A, self.y, self.size = A, y, size

    def value(self, theta):
        return float((self.A @ theta - self.y).square().sum())

    def rows(self, theta):
        for A, r in zip(self.A.split(self.size), (self.A @ theta - self.y).split(self.size), strict=True):
            yield Block(r, A.clone())


def problem(m: int = 40, P: int = 7, size: int = 40) -> Linear:
    return Linear(torch.randn(m, P, dtype=torch.float64), torch.randn(m, dtype=torch.float64), size)


@pytest.mark.parametrize("size", [1, 3, 15, 40])
def test_the_model_is_that_of_the_normal_equations(size):
    it, theta = problem(size=size), torch.randn(7, dtype=torch.float64)
    model, step = Orthogonal.of(it, theta), torch.randn(7, dtype=torch.float64)
    H = 2 * it.A.T @ it.A
    assert_close(model.value, it.value(theta))
    assert_close(model.gradient, 2 * it.A.T @ (it.A @ theta - it.y))
    assert_close(model.diagonal, H.diagonal())
    assert_close(model.bend(step), float(step @ H @ step))
    scale = torch.rand(7, dtype=torch.float64)
    for mu in (0.3, 1e-3, 1e-5, 1e-9):
        solve = model.damp(scale, mu)
        assert solve is not None
        assert_close((H + mu * torch.diag(scale)) @ solve(step), step, like="formula")


def test_fewer_rows_than_parameters_are_no_trouble_with_damping():
    it = problem(3, 7)
    solve = Orthogonal.of(it, torch.zeros(7, dtype=torch.float64)).damp(torch.ones(7, dtype=torch.float64), 1e-3)
    v = torch.randn(7, dtype=torch.float64)
    assert solve is not None
    assert_close((2 * it.A.T @ it.A + 1e-3 * torch.eye(7, dtype=torch.float64)) @ solve(v), v, like="formula")


def test_without_damping_a_singular_matrix_has_no_solution():
    rows = torch.zeros(4, 2, dtype=torch.float64)
    rows[:, 0] = 1.0
    model = Orthogonal(0.0, torch.zeros(2, dtype=torch.float64), [rows])
    assert model.damp(torch.zeros(2, dtype=torch.float64), 0.0) is None
    assert model.damp(torch.full((2,), torch.inf, dtype=torch.float64), 1e-9) is None


def test_a_condition_that_the_normal_equations_cannot_take_is_solved():
    generator = torch.Generator().manual_seed(0)
    U, _ = torch.linalg.qr(torch.randn(60, 8, dtype=torch.float64, generator=generator))
    V, _ = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64, generator=generator))
    A = U @ torch.diag(torch.logspace(0, -10, 8, dtype=torch.float64)) @ V.T  # its square has a condition of 1e20
    want = torch.randn(8, dtype=torch.float64, generator=generator)
    end = minimize(Linear(A, A @ want, 60), torch.zeros(8, dtype=torch.float64), model=Orthogonal.of, steps=200)
    assert end.value < 1e-24
    assert_close(A @ end.theta, A @ want, like="float64")
