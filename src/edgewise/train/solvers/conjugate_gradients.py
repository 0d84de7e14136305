"""Levenberg-Marquardt without a matrix: the damped system is solved by conjugate gradients from products with the
curvature.

Sources: Dembo & Steihaug 1983 (doi:10.1007/BF02592055) for the truncation; Martens 2010, "Deep learning via
Hessian-free optimization", for its use on networks. Letters: P parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..problems.curvature import Linearised
from . import levenberg_marquardt
from .snapshots import Snapshots, Tree, damaged
from .stop import Watch
from .tuning import TUNED
from .types import Damping, Minimum


def solve_cg(
    apply: Callable[[Tensor], Tensor],
    right: Tensor,
    scale: Tensor,
    mu: float,
    *,
    diagonal: Tensor | None = None,
    tolerance: float = 1e-8,
    limit: int = TUNED.products,
) -> tuple[Tensor, int]:
    """x (P,) with (H + mu diag(scale)) x = right, and the number of products apply(v) = H v that it took.

    Preconditioned by the diagonal of the matrix, `diagonal` being that of H (scale where it is not given). Ends when
    the residual, in the preconditioner's norm, falls below `tolerance` of its start, at `limit` products, or where
    round-off meets a direction without curvature.

    >>> solve_cg(lambda v: 2 * v, torch.ones(3), torch.ones(3), 1.0)[0]
    tensor([0.3333, 0.3333, 0.3333])
    """
    preconditioner = 1.0 / ((scale if diagonal is None else diagonal) + mu * scale)
    x, r = torch.zeros_like(right), right.clone()
    z = preconditioner * r
    direction, size = z.clone(), float(r @ z)
    enough = tolerance**2 * size
    for number in range(limit):
        if not size > enough:
            return x, number
        image = apply(direction) + mu * scale * direction
        bend = float(direction @ image)
        if not bend > 0:
            return x, number
        length = size / bend
        x.add_(direction, alpha=length)
        r.sub_(image, alpha=length)
        z = preconditioner * r
        size, before = float(r @ z), size
        direction.mul_(size / before).add_(z)
    return x, limit


class Straight:
    """A problem without its `turning`: a bent step would take a second solution, which costs more here than the steps
    it saves."""

    def __init__(self, problem: Any) -> None:
        self.value, self.linearise = problem.value, problem.linearise


class Products:
    """The quadratic model of a problem about a point, by products with its curvature; what
    `levenberg_marquardt.minimize` needs of it."""

    def __init__(self, about: Linearised, tolerance: float, limit: int, count: Callable[[int], None]) -> None:
        self.value, self.gradient, self.apply, self.limit = about.value, about.gradient, about.apply, limit
        self.diagonal = about.diagonal(TUNED.probes)
        self.count, self.tolerance = count, tolerance

    def damp(self, scale: Tensor, mu: float) -> Callable[[Tensor], Tensor]:
        """v -> (H + mu diag(scale))^-1 v, to the exactness that this distance from the minimum deserves."""

        def solve(v: Tensor) -> Tensor:
            x, products = solve_cg(
                self.apply, v, scale, mu, diagonal=self.diagonal, tolerance=self.tolerance, limit=self.limit
            )
            self.count(products)
            return x

        return solve

    def bend(self, step: Tensor) -> float:
        """step . H step."""
        self.count(1)
        return float(step @ self.apply(step))


class Models:
    """Makes the quadratic model about every point of a run, and counts the products of them all. The smaller the
    gradient has become, the more exactly a model is solved."""

    def __init__(self, limit: int) -> None:
        self.limit, self.products = limit, 0
        self.first = 0.0  # the length of the first gradient that was not zero

    def __call__(self, problem: Any, theta: Tensor) -> Products:
        """The model about theta (P,)."""
        about = problem.linearise(theta)
        self.first = self.first or float(about.gradient.norm())
        left = float(about.gradient.norm() / self.first) ** 0.5 if self.first > 0 else 1.0
        return Products(about, min(TUNED.exactness, left * TUNED.exactness), self.limit, self.count)

    def count(self, number: int) -> None:
        """So many products more."""
        self.products += number


class _Within:
    """The snapshots of a run, with what its `Models` know."""

    def __init__(self, snapshots: Snapshots, models: Models) -> None:
        self.snapshots, self.models = snapshots, models

    def last(self) -> Tree | None:
        """What the minimiser left; the models then know what they knew."""
        left = self.snapshots.last()
        if left is None:
            return None
        if not isinstance(left, list) or len(left) != 3 or not all(isinstance(one, int | float) for one in left[1:]):
            raise damaged("a state of another kind")
        state, self.models.first, self.models.products = left
        return state

    def offer(self, state: Callable[[], Tree]) -> None:
        """Hand it on."""
        self.snapshots.offer(lambda: [state(), self.models.first, self.models.products])


def minimize_cg(
    problem: Any,
    theta: Tensor,
    *,
    steps: int = 100,
    damping: Damping | None = None,
    tolerance: float = 1e-10,
    patience: int = 3,
    limit: int = TUNED.products,
    watch: Watch | None = None,
    snapshots: Snapshots | None = None,
) -> Minimum:
    """`levenberg_marquardt.minimize` for more parameters than a matrix can serve, on problems with `linearise(theta)`;
    `limit` bounds the products of one solution.

    The result's `evaluations` counts values, linearisations and products together.
    """
    models = Models(limit)
    within = None if snapshots is None else _Within(snapshots, models)
    end = levenberg_marquardt.minimize(
        Straight(problem),
        theta,
        steps=steps,
        damping=damping,
        tolerance=tolerance,
        patience=patience,
        watch=watch,
        model=models,
        snapshots=within,
    )
    return replace(end, evaluations=end.evaluations + models.products)
