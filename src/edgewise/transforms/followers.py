"""Followers: how the state of an optimizer for one parameter follows a change of the grid.

Letters: i input node, j basis function before, k after, h parameters of a basis itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .. import grid
from ..layers import KANLayer
from ..nn.basis_layer import BasisLayer
from .basis_grids import BasisChange, features, plain, points
from .modules import Change


@dataclass(frozen=True)
class Follower:
    """What a new parameter takes over from the old one (i, j, ...).

    Args:
        moved: a direction in the space of the old parameter, as one in that of the new.
        nearest (i, k): for each new function the old one nearest to it, whose magnitudes it takes.
        wider (i, k): how much larger a gradient is by the new one.
    """

    moved: Callable[[Tensor], Tensor]
    nearest: Tensor
    wider: Tensor

    def magnitude(self, value: Tensor, power: int) -> Tensor:
        """A magnitude (i, j, ...) that grows with this power of a gradient, for the new functions (i, k, ...)."""
        rows = torch.arange(self.nearest.shape[0], device=self.nearest.device)[:, None]
        scale = self.wider.reshape(*self.wider.shape, *[1] * (value.dim() - 2))
        return value[rows, self.nearest] * (scale**power).to(value)


def followers(old: nn.Module, new: nn.Module, change: Any) -> dict[Tensor, Follower]:
    """Those of the parameters of a layer that changed, by the old parameter."""
    if isinstance(old, BasisLayer) and isinstance(new, BasisLayer):
        return _of_basis(old, new, change)
    assert isinstance(old, KANLayer) and isinstance(new, KANLayer)
    return {old.coef: _of_splines(old, new, change)}


def _of_splines(old: KANLayer, new: KANLayer, change: Change) -> Follower:
    """Of coefficients (i, j, o): a direction is changed as they are, and widths are those of their supports."""

    def moved(direction: Tensor) -> Tensor:
        parts = {**old.parts(), "coef": direction.to(old.coef)}
        return change(KANLayer.build(**parts)).coef.detach().to(direction)

    p = old.degree
    before, after = old.knots.double(), new.knots.double()
    centres = grid.greville(before, p)
    middles = 0.5 * (centres[:, :-1] + centres[:, 1:])
    nearest = torch.searchsorted(middles.contiguous(), grid.greville(after, p).contiguous())
    widths = [knots[:, p + 1 :] - knots[:, : -p - 1] for knots in (before, after)]
    return Follower(moved, nearest, widths[1] / widths[0].gather(1, nearest))


def _of_basis(old: BasisLayer, new: BasisLayer, change: BasisChange) -> dict[Tensor, Follower]:
    """Of the coefficients and of the basis's own parameters; a width is a function's mean size on the new domain."""
    how = change.how
    matrix = (how.coef if how.direction is None else how.direction).to(old.coef.device)
    nearest = _nearest(matrix if matrix.dim() == 3 else matrix[None])
    x = points(how.domain, old.num_basis + new.num_basis)
    before, after = (features(plain(layer), x).abs().mean(1).to(old.coef.device) for layer in (old, new))
    size = (old.in_features, -1)
    nearest, before, after = nearest.expand(size), before.expand(size), after.expand(size)
    wider = after / before.gather(1, nearest).clamp(min=torch.finfo(torch.float64).tiny)
    found: dict[Tensor, Follower] = {
        old.coef: Follower(lambda direction: (matrix @ direction.double()).to(direction), nearest, wider)
    }
    for name, own in how.own.items():
        found[getattr(old, name)] = _of_squares(getattr(old, name), getattr(new, name), own)
    return found


def _of_squares(p: Tensor, new: Tensor, own: Tensor) -> Follower:
    """Of a parameter (i, h) with p'^2 = own @ (1, p^2), own (h', 1 + h), so that p' dp' = own p dp."""
    before, after = p.detach().double(), new.detach().double()
    slopes = own[:, 1:].to(before.device) * before[:, None, :]  # (i, h', h)
    slopes = torch.where(after[..., None] != 0, slopes / after[..., None], 0.0)
    nearest = _nearest(own[None, :, 1:].to(before.device)).expand(after.shape)
    steep = slopes.abs().gather(2, nearest[..., None])[..., 0]
    wider = torch.where(steep > 0, 1.0 / steep, 1.0)
    return Follower(lambda direction: (slopes @ direction.double()[..., None])[..., 0].to(direction), nearest, wider)


def _nearest(matrix: Tensor) -> Tensor:
    """For each row of a matrix (i, k, j) its largest column: (i, k). A row of zeros takes that of the last row with
    any, or column 0."""
    largest, column = matrix.abs().max(2)
    row = torch.arange(matrix.shape[1], device=matrix.device).expand(column.shape)
    last = torch.where(largest > 0, row, 0).cummax(1).values
    return column.gather(1, last)
