"""How a problem tells its Gauss-Newton curvature without forming it: as a product with vectors, or by its rows.

Letters: m residuals, P parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Linearised:
    """The problem about a point: objective, gradient (P,), Gauss-Newton curvature as a product `apply(v)` (P,) -> (P,),
    and `diagonal(probes)` (P,), the diagonal of the curvature estimated without bias from that many random signs."""

    value: float
    gradient: Tensor
    apply: Callable[[Tensor], Tensor]
    diagonal: Callable[[int], Tensor]


class JacobianRows(Protocol):
    """A matrix A (m, P), formed or not."""

    def times(self, v: Tensor) -> Tensor:
        """A v (m,)."""
        ...

    def pull(self, u: Tensor) -> Tensor:
        """A^T u (P,)."""
        ...

    def diagonal(self) -> Tensor:
        """The diagonal of A^T A (P,)."""
        ...

    def near(self, scale: Tensor) -> Tensor:
        """This scale (P,), or the nearest one that `gram` can take."""
        ...

    def gram(self, scale: Tensor) -> Tensor:
        """A diag(scale)^-1 A^T (m, m) for such a scale."""
        ...


@dataclass(frozen=True)
class Formed:
    """Rows as a tensor (m, P)."""

    rows: Tensor

    def times(self, v: Tensor) -> Tensor:
        """A v (m,)."""
        return self.rows @ v

    def pull(self, u: Tensor) -> Tensor:
        """A^T u (P,)."""
        return self.rows.T @ u

    def diagonal(self) -> Tensor:
        """The diagonal of A^T A (P,)."""
        return self.rows.square().sum(0)

    def near(self, scale: Tensor) -> Tensor:
        """The scale itself."""
        return scale

    def gram(self, scale: Tensor) -> Tensor:
        """A diag(scale)^-1 A^T (m, m)."""
        scaled = self.rows * scale.rsqrt()
        return scaled @ scaled.T
