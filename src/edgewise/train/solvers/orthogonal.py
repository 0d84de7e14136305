"""Levenberg-Marquardt by orthogonal factors of the Jacobian, for residuals that shall vanish to the last digits.

The normal matrix J^T J squares the condition of the Jacobian: directions below 1e-8 of the largest drown in round-off.
A triangular factor R with R^T R = J^T J keeps them to 1e-16. It takes several times the work, so it is made only where
the damping is so small that it matters.

Source: Bjorck, "Numerical Methods for Least Squares Problems" (1996), sections 2.4 and 6.6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from .banded import banded_triangle, compressed, merged, spans
from .damped_triangle import damped_triangle
from .tuning import TUNED


class RowBlock(Protocol):
    """Some residuals (m,) and their Jacobian (m, P)."""

    @property
    def residual(self) -> Tensor:
        """(m,)."""
        ...

    @property
    def jacobian(self) -> Tensor:
        """(m, P)."""
        ...


class SquaresInBlocks(Protocol):
    """A sum of squares whose residuals and Jacobian come in blocks of rows."""

    def rows(self, theta: Tensor) -> Iterable[RowBlock]:
        """All blocks at theta (P,)."""
        ...


class Orthogonal:
    """The quadratic model of a sum of squares r.r by its Jacobian, in blocks of rows: gradient 2 J^T r, curvature 2 J^T
    J.

    >>> J = torch.tensor([[2.0, 1.0], [0.0, 1.0]])
    >>> solve = Orthogonal(0.0, torch.zeros(2), [J]).damp(torch.ones(2), 1.0)
    >>> torch.allclose((2 * J.T @ J + torch.eye(2)) @ solve(torch.ones(2)), torch.ones(2))
    True
    """

    least_damping = TUNED.least_orthogonal

    def __init__(self, value: float, gradient: Tensor, jacobian: Sequence[Tensor]) -> None:
        self.value, self.gradient, self.jacobian = value, gradient, jacobian
        self.diagonal = 2 * sum((block.square().sum(0) for block in jacobian), torch.zeros_like(gradient))

    @staticmethod
    def of(problem: SquaresInBlocks, theta: Tensor) -> Orthogonal:
        """The model at theta (P,)."""
        value, gradient, jacobian = 0.0, torch.zeros_like(theta), []
        for block in problem.rows(theta):
            value += float(block.residual.square().sum())
            gradient.addmv_(block.jacobian.T, block.residual, alpha=2.0)
            jacobian.append(block.jacobian)
        return Orthogonal(value, gradient, jacobian)

    @cached_property
    def factor(self) -> tuple[Tensor, Tensor]:
        """R (P, P), upper triangular, of all rows but a few wide ones; and these (m, P), which would fill it."""
        found, waiting, wide = self.gradient.new_zeros(0, len(self.gradient)), [], []
        for block in self.jacobian:
            if self.banded:
                apart = spans(block).wide
                wide.append(block[apart])
                block = block[~apart]
            waiting.append(block)
            if sum(map(len, waiting)) > TUNED.together * len(self.gradient):
                found, waiting = triangle(torch.cat([found, *waiting])), []
        found = triangle(torch.cat([found, *waiting])) if waiting else found
        return found, compressed(torch.cat(wide)) if wide else found[:0]

    @cached_property
    def banded(self) -> bool:
        """Whether entries of all rows, but for a few, lie so close together that R costs less than J^T J."""
        return all(spans(block).narrow for block in self.jacobian)

    @cached_property
    def curvature(self) -> Tensor:
        """2 J^T J (P, P)."""
        total = self.gradient.new_zeros(len(self.gradient), len(self.gradient))
        for block in self.jacobian:
            total.addmm_(block.T, block, alpha=2.0)
        return total

    def damp(self, scale: Tensor, mu: float) -> Callable[[Tensor], Tensor] | None:
        """v -> (2 J^T J + mu diag(scale))^-1 v, or None where that cannot be solved."""
        if mu >= TUNED.squared and not self.banded:
            matrix = self.curvature.clone()
            matrix.diagonal().add_(scale, alpha=mu)
            lower, info = torch.linalg.cholesky_ex(matrix)
            return None if int(info) else lambda v: torch.cholesky_solve(v[:, None], lower)[:, 0]
        known, wide = self.factor
        damping, damped = (0.5 * mu * scale).sqrt(), torch.zeros_like(known)
        if bool(known.isfinite().all() & damping.isfinite().all() & wide.isfinite().all()):
            if self.banded:
                damped = merged(triangle(torch.cat([known, torch.diag(damping)])), wide, TUNED.merged)
            else:
                damped = damped_triangle(known, damping)
        if not bool((damped.diagonal() != 0).all()):
            return None

        def solve(v: Tensor) -> Tensor:
            inner = torch.linalg.solve_triangular(damped.T, v[:, None], upper=False)
            return 0.5 * torch.linalg.solve_triangular(damped, inner, upper=True)[:, 0]

        return solve

    def bend(self, step: Tensor) -> float:
        """step . 2 J^T J step."""
        return 2 * sum(float((block @ step).square().sum()) for block in self.jacobian)


def triangle(rows: Tensor) -> Tensor:
    """R (P, P), upper triangular, with R^T R = A^T A for rows A (m, P).

    >>> A = torch.tensor([[3.0], [4.0]])
    >>> triangle(A).abs()
    tensor([[5.]])
    """
    where = spans(rows)
    if where.narrow and not bool(where.wide.any()):
        return banded_triangle(rows, where)
    if len(rows) < rows.shape[1]:
        rows = torch.cat([rows, rows.new_zeros(rows.shape[1] - len(rows), rows.shape[1])])
    return torch.linalg.qr(rows, mode="r").R
