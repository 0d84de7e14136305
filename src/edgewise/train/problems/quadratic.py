"""A quadratic about a point: what is left of a sum of losses when its rows are gone. P parameters, Q those of another
vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The sum of the losses of so many rows at theta (P,): value + gradient . d + 1/2 d . curvature d, with d = theta -
    centre.

    >>> one = Tensor([1.0])
    >>> Quadratic(centre=one, value=1.0, gradient=one, curvature=Tensor([[2.0]]), rows=10).at(Tensor([3.0]))
    7.0
    """

    centre: Tensor
    value: float
    gradient: Tensor
    curvature: Tensor
    rows: float

    def at(self, theta: Tensor) -> float:
        """The sum at theta (P,)."""
        d = theta - self.centre
        return self.value + float(self.gradient @ d + 0.5 * (d @ (self.curvature @ d)))

    def slope(self, theta: Tensor) -> Tensor:
        """The gradient (P,) at theta (P,)."""
        return self.gradient + self.curvature @ (theta - self.centre)

    def plus(self, other: Quadratic) -> Quadratic:
        """The sum with the losses of other rows, about the centre of this one."""
        value, gradient = self.value + other.at(self.centre), self.gradient + other.slope(self.centre)
        return Quadratic(self.centre, value, gradient, self.curvature + other.curvature, self.rows + other.rows)

    def through(self, image: Tensor, transposed: Callable[[Tensor], Tensor], centre: Tensor) -> Quadratic:
        """The quadratic at M theta', as one in theta' (Q,) about `centre` (Q,): `image` (P,) is M centre, `transposed`
        takes (P, n) to M^T of it."""
        curvature = transposed(transposed(self.curvature).T)
        curvature = 0.5 * (curvature + curvature.T)
        return Quadratic(centre, self.at(image), transposed(self.slope(image)[:, None])[:, 0], curvature, self.rows)
