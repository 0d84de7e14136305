"""Levenberg-Marquardt with more parameters than residuals: the damped system solved in the space of the residuals.

The curvature is A^T A with one row per residual, A (m, P), m < P. With D = mu diag(scale), by Woodbury's identity,

    (A^T A + D)^-1 v = D^-1 v - D^-1 A^T (I + A D^-1 A^T)^-1 A D^-1 v,

so the matrix to factorise is (m, m) and the cost is m^2 P instead of P^3: an over-parameterised network takes the same steps as a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

REFINEMENTS = 2  # of a solution by its own residual: the identity subtracts numbers that are nearly equal where the damping is small


class Problem(Protocol):
    """An objective whose curvature is known by its rows."""

    def rows_of_curvature(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Objective, gradient (P,) and A (m, P) at theta (P,), the curvature being A^T A."""
        ...


class Wide:
    """The quadratic model about a point by the rows A (m, P) of its curvature; what `lm.minimize` needs of it.

    >>> A = torch.tensor([[1.0, 2.0, 3.0]])
    >>> solve = Wide(0.0, torch.zeros(3), A).damp(torch.ones(3), 1.0)
    >>> torch.allclose((A.T @ A + torch.eye(3)) @ solve(torch.ones(3)), torch.ones(3))
    True
    """

    def __init__(self, value: float, gradient: Tensor, rows: Tensor) -> None:
        self.value, self.gradient, self.rows = value, gradient, rows
        self.diagonal = rows.square().sum(0)
        self._gram: tuple[Tensor, Tensor] | None = None

    @staticmethod
    def of(problem: Any, theta: Tensor) -> Wide:
        """The model of a problem at theta (P,)."""
        return Wide(*problem.rows_of_curvature(theta))

    def damp(self, scale: Tensor, mu: float) -> Callable[[Tensor], Tensor] | None:
        """v -> (A^T A + mu diag(scale))^-1 v, or None where the matrix is not positive definite."""
        matrix = self.gram(scale) / mu
        matrix.diagonal().add_(1.0)
        factor, info = torch.linalg.cholesky_ex(matrix)
        if int(info):
            return None
        damping = mu * scale

        def once(v: Tensor) -> Tensor:
            inner = torch.cholesky_solve((self.rows @ (v / damping))[:, None], factor)[:, 0]
            return (v - self.rows.T @ inner) / damping

        def solve(v: Tensor) -> Tensor:
            x = once(v)
            for _ in range(REFINEMENTS):
                x = x + once(v - self.rows.T @ (self.rows @ x) - damping * x)
            return x

        return solve

    def gram(self, scale: Tensor) -> Tensor:
        """A diag(scale)^-1 A^T (m, m); kept while the scale stays the same, as it does where a step failed."""
        if self._gram is None or not torch.equal(self._gram[0], scale):
            scaled = self.rows * scale.rsqrt()
            self._gram = scale, scaled @ scaled.T
        return self._gram[1]

    def bend(self, step: Tensor) -> float:
        """step . A^T A step."""
        return float((self.rows @ step).square().sum())
