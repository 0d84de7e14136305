"""One layer on another grid: refined, extended, or projected onto any knots. Each is linear in the coefficients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import grid, ops
from ..fitting import project
from ..layers import KANLayer


def refined(layer: KANLayer, size: int) -> KANLayer:
    """The layer with `size` intervals, by knot insertion."""
    if size == layer.grid_size:
        return KANLayer.build(**layer.parts())
    breaks = grid.refined_breaks(grid.breaks_of(layer.knots, layer.degree).double(), size)
    knots = grid.from_breaks(breaks, layer.degree)
    coef = grid.insert(layer.knots.double(), layer.coef.detach().double(), knots, layer.degree)
    return KANLayer.build(
        **{**layer.parts(), "knots": knots.to(layer.knots), "coef": coef.to(layer.coef), "uniform": None}
    )


def extended(layer: KANLayer, low: Tensor, high: Tensor) -> KANLayer:
    """The layer with grids that reach from low to high (i,), its new coefficients on the old tangents: see `extend`."""
    p = layer.degree
    knots, left, right = grid.extended(layer.knots, p, low, high)
    if left == right == 0:
        return KANLayer.build(**layer.parts())
    centres = grid.greville(knots, p)  # (i, j)
    ends = torch.stack(layer.interval)  # (2, i)
    value = ops.edge_values(ends, layer.coef.detach(), layer.knots, degree=p, uniform=layer.uniform)  # (2, i, o)
    slope = _slopes(layer, ends)
    line = value[:, :, None] + slope[:, :, None] * (centres - ends[:, :, None])[..., None]  # (2, i, j, o)
    count = knots.shape[1] - p - 1
    coef = torch.cat([line[0, :, :left], layer.coef.detach(), line[1, :, count - right :]], dim=1)
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef})


def falling(layer: KANLayer) -> Tensor:
    """Whether the splines fall outwards beyond the left and the right end of their grids (2, i, o)."""
    slope = _slopes(layer, torch.stack(layer.interval))
    return torch.stack([slope[0] > 0, slope[1] < 0])


def steepness(layer: KANLayer, x: Tensor, length: Tensor) -> Tensor:
    """How often the tangents at the left and the right end would cross the range that splines have at x (n, i), within
    a `length` of each input (2, i): (2, i, o), 0 for constants."""
    low, high = ops.edge_values(
        x, layer.coef.detach(), layer.knots, degree=layer.degree, uniform=layer.uniform
    ).aminmax(dim=0)  # (i, o)
    crossed = _slopes(layer, torch.stack(layer.interval)).abs() * length[..., None]
    return torch.where(high > low, crossed / (high - low), 0.0)


def _slopes(layer: KANLayer, x: Tensor) -> Tensor:
    """The slopes of the splines (n, i, o) at x (n, i)."""
    coef, p = layer.coef.detach(), layer.degree
    if p == 0:
        return coef.new_zeros(len(x), *layer.kind.shape)
    return ops.edge_values(x, coef, layer.knots, degree=p, derivative=1, uniform=layer.uniform)


def levelled(layer: KANLayer, ends: Tensor, limits: Tensor | None = None) -> KANLayer:
    """The layer with `degree` intervals more at either end. There splines turn flat, at the left and the right end
    where `ends` (2, i, o) is true. Others go on along their tangents, and inside the old grids all stay as they are.
    limits (2, i, o): places within the old grids where they turn flat already; by default the ends."""
    p = layer.degree
    if p == 0:  # flat already
        return KANLayer.build(**layer.parts())
    (low, high), knots, reach = layer.interval, layer.knots, p - 0.5  # a half is safe from round-off
    longer = extended(layer, low - reach * (knots[:, 1] - knots[:, 0]), high + reach * (knots[:, -1] - knots[:, -2]))
    first, last = torch.stack([low, high])[..., None].expand_as(ends) if limits is None else limits
    coef, new = longer.coef.detach(), longer.num_basis
    left = longer.knots[:, p + 1 :, None] <= first[:, None]  # functions (i, j, o) that are zero from there on
    right = longer.knots[:, :new, None] >= last[:, None]
    for beyond, flat, nearest in ((left, ends[0], left.sum(1)), (right, ends[1], new - 1 - right.sum(1))):
        coef = torch.where(beyond & flat[:, None], coef.gather(1, nearest[:, None]), coef)
    return KANLayer.build(**{**longer.parts(), "coef": coef})


def regrid(layer: KANLayer, knots: Tensor) -> tuple[KANLayer, float]:
    """The layer's splines projected onto other knots (i, G'+2p+1), and the largest error relative to the largest spline
    value."""
    splines: Callable[[Tensor], Tensor] = lambda x: ops.edge_values(  # noqa: E731
        x, layer.coef.detach(), layer.knots, degree=layer.degree, uniform=layer.uniform
    )
    coef, residual = project(splines, knots, layer.degree)
    scale = float(layer.coef.detach().abs().max()) or 1.0
    return KANLayer.build(**{**layer.parts(), "knots": knots, "coef": coef, "uniform": None}), float(
        residual.max()
    ) / scale


def onto(layer: KANLayer, knots: Tensor) -> KANLayer:
    """`regrid` without its error."""
    return regrid(layer, knots)[0]
