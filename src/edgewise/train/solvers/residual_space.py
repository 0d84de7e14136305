"""Levenberg-Marquardt with more parameters than residuals: the damped system solved in the space of the residuals.

The curvature is A^T A with one row per residual, A (m, P), m < P. With D = mu diag(scale), by Woodbury's identity,

    (A^T A + D)^-1 v = D^-1 v - D^-1 A^T (I + A D^-1 A^T)^-1 A D^-1 v,

so the matrix to factorise is (m, m) and the cost is m^2 P instead of P^3, or less where `factored` keeps A as products:
an over-parameterised network takes the same steps as a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from ..problems.curvature import JacobianRows
from .tuning import TUNED


class RowwiseProblem(Protocol):
    """An objective whose curvature is known by its rows."""

    def rows_of_curvature(self, theta: Tensor) -> tuple[float, Tensor, JacobianRows]:
        """Objective, gradient (P,) and A (m, P) at theta (P,), the curvature being A^T A."""
        ...


class Wide:
    """The quadratic model about a point by the rows A (m, P) of its curvature; what `lm.minimize` needs of it.

    >>> from edgewise.train.problems.curvature import Formed
    >>> A = Formed(torch.tensor([[1.0, 2.0, 3.0]]))
    >>> solve = Wide(0.0, torch.zeros(3), A).damp(torch.ones(3), 1.0)
    >>> torch.allclose((A.rows.T @ A.rows + torch.eye(3)) @ solve(torch.ones(3)), torch.ones(3))
    True
    """

    def __init__(self, value: float, gradient: Tensor, rows: JacobianRows) -> None:
        self.value, self.gradient, self.rows = value, gradient, rows
        self.diagonal = rows.diagonal()
        self._gram: tuple[Tensor, Tensor] | None = None  # the last scale and its matrix: both stay where a step failed

    @staticmethod
    def of(problem: RowwiseProblem, theta: Tensor) -> Wide:
        """The model of a problem at theta (P,)."""
        return Wide(*problem.rows_of_curvature(theta))

    def damp(self, scale: Tensor, mu: float) -> Callable[[Tensor], Tensor] | None:
        """v -> (A^T A + mu diag(s))^-1 v with s the scale that the rows can take nearest to this one, or None where
        that matrix is not positive definite."""
        scale = self.rows.near(scale)
        if self._gram is None or not torch.equal(self._gram[0], scale):
            self._gram = scale, self.rows.gram(scale)
        matrix = self._gram[1] / mu
        matrix.diagonal().add_(1.0)
        factor, info = torch.linalg.cholesky_ex(matrix)
        if int(info):
            return None
        damping = mu * scale

        def once(v: Tensor) -> Tensor:
            inner = torch.cholesky_solve(self.rows.times(v / damping)[:, None], factor)[:, 0]
            return (v - self.rows.pull(inner)) / damping

        def solve(v: Tensor) -> Tensor:
            x = once(v)
            for _ in range(TUNED.refinements):
                left = v - self.rows.pull(self.rows.times(x)) - damping * x
                if float(left.norm()) <= TUNED.refined * float(v.norm()):
                    break
                x = x + once(left)
            return x

        return solve

    def bend(self, step: Tensor) -> float:
        """step . A^T A step."""
        return float(self.rows.times(step).square().sum())
