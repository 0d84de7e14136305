"""One layer on another grid: refined, extended, or projected onto any knots. Each is linear in the coefficients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import grid, ops
from ..fitting import project
from ..layers import KANLayer

RANGES = 64  # outputs of which values are held at once


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


def steepness(layer: KANLayer, x: Tensor) -> Tensor:
    """The slopes at the left and the right end of the grids, as parts of the ranges that splines have at x (n, i):
    (2, i, o), 0 for constants."""
    slope, ranges = _slopes(layer, torch.stack(layer.interval)).abs(), []
    for some in layer.coef.detach().split(RANGES, 2):
        low, high = ops.edge_values(x, some, layer.knots, degree=layer.degree, uniform=layer.uniform).aminmax(dim=0)
        ranges.append(high - low)
    spread = torch.cat(ranges, 1)  # (i, o)
    return torch.where(spread > 0, slope / spread, 0.0)


def _slopes(layer: KANLayer, x: Tensor) -> Tensor:
    """The slopes of the splines (n, i, o) at x (n, i)."""
    coef, p = layer.coef.detach(), layer.degree
    if p == 0:
        return coef.new_zeros(len(x), *layer.kind.shape)
    return ops.edge_values(x, coef, layer.knots, degree=p, derivative=1, uniform=layer.uniform)


def levelled(layer: KANLayer, ends: Tensor) -> KANLayer:
    """The layer with `degree` intervals more at either end. There splines turn flat, at the left and the right end
    where `ends` (2, i, o) is true. Others go on along their tangents, and inside the old grids all stay as they are."""
    p = layer.degree
    if p == 0:  # flat already
        return KANLayer.build(**layer.parts())
    (low, high), knots, reach = layer.interval, layer.knots, p - 0.5  # a half is safe from round-off
    longer = extended(layer, low - reach * (knots[:, 1] - knots[:, 0]), high + reach * (knots[:, -1] - knots[:, -2]))
    coef, new = longer.coef.detach().clone(), longer.num_basis
    left, right = slice(p), slice(new - p, None)
    coef[:, left] = torch.where(ends[0][:, None], coef[:, p : p + 1], coef[:, left])
    coef[:, right] = torch.where(ends[1][:, None], coef[:, new - p - 1 : new - p], coef[:, right])
    return KANLayer.build(**{**longer.parts(), "coef": coef})


def stopped(layer: KANLayer, ends: Tensor, limits: Tensor, reach: Tensor) -> KANLayer:
    """The layer whose splines turn flat at once, at the left and the right end where `ends` (2, i, o) is true.

    Args:
        layer: of degree 1 or higher.
        ends: which splines do. Others stay as they are everywhere.
        limits (2, i): knots within the grid, between which all splines stay as they are.
        reach (2, i): length beyond a limit within which they turn flat, at most half an interval.
    """
    p = layer.degree
    longer = levelled(layer, torch.zeros_like(ends))
    knots, breaks = longer.knots.double(), grid.breaks_of(longer.knots, p).double()
    same = 1e-12 * (breaks[:, -1:] - breaks[:, :1])  # round-off
    left = (breaks <= limits[0][:, None] + same).sum(1, keepdim=True) - 1
    right = breaks.shape[1] - (breaks >= limits[1][:, None] - same).sum(1, keepdim=True)
    part = torch.arange(1, p + 1, dtype=breaks.dtype, device=breaks.device) / p
    found, more = [], []
    for place, side, length in ((left, -1, reach[0]), (right, 1, reach[1])):
        limit = breaks.gather(1, place)
        interval = (breaks.gather(1, place + side) - limit).abs()
        least = 1e3 * torch.finfo(layer.knots.dtype).eps * breaks.abs().amax(1, keepdim=True)
        more.append(limit + side * length[:, None].double().maximum(least).minimum(0.5 * interval) * part)
        found.append(limit[..., None])
    finer = grid.from_breaks(torch.cat([breaks, *more], 1).sort(1).values, p)
    coef = grid.insert(knots, longer.coef.detach().double(), finer, p)
    new = coef.shape[1]
    beyond = finer[:, p + 1 :, None] <= found[0], finer[:, :new, None] >= found[1]  # functions that are zero inside
    nearest = beyond[0].sum(1), new - 1 - beyond[1].sum(1)
    for end in range(2):
        level = coef.gather(1, nearest[end][:, None].expand(-1, 1, coef.shape[2]))
        coef = torch.where(beyond[end] & ends[end][:, None], level, coef)
    return KANLayer.build(
        **{**layer.parts(), "knots": finer.to(layer.knots), "coef": coef.to(layer.coef), "uniform": None}
    )


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
