"""One layer on another grid: refined, extended, or projected onto any knots. Each is linear in the coefficients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import grid, ops
from ..fitting import project
from ..layers import KANLayer

AT_ONCE = 64  # outputs of which ranges are taken at once, so that memory holds their values


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
    """The slopes (2, i, o) at the left and the right end of the grids, in ranges that each spline has at x (n, i).

    Constants have none."""
    slope, spread = _slopes(layer, torch.stack(layer.interval)).abs(), _ranges(layer, x)
    return torch.where(spread > 0, slope / spread, 0.0)


def departure(layer: KANLayer, x: Tensor) -> Tensor:
    """How far the tangents at the left and the right end of the grids (2, i, o) depart from the line through the values
    at the outermost x (n, i), over the length between these: in ranges that each spline has at x. Lines do not."""
    ends, spread = torch.stack(x.aminmax(dim=0)), _ranges(layer, x)
    left, right = ops.edge_values(ends, layer.coef.detach(), layer.knots, degree=layer.degree, uniform=layer.uniform)
    apart = _slopes(layer, torch.stack(layer.interval)) * (ends[1] - ends[0])[:, None] - (right - left)
    return torch.where(spread > 0, apart.abs() / spread, 0.0)


def _ranges(layer: KANLayer, x: Tensor) -> Tensor:
    """The range of each spline (i, o) at x (n, i)."""
    ranges = []
    for some in layer.coef.detach().split(AT_ONCE, 2):
        low, high = ops.edge_values(x, some, layer.knots, degree=layer.degree, uniform=layer.uniform).aminmax(dim=0)
        ranges.append(high - low)
    return torch.cat(ranges, 1)


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


def bounded(layer: KANLayer, ends: Tensor, limits: Tensor) -> KANLayer:
    """The layer whose splines go on along their tangents as far as limits (2, i) outside the grids, and are flat
    beyond, at the left and the right end where `ends` (2, i, o) is true. Others go on along their tangents.

    They turn flat over `degree` intervals, each as wide as the grid's in the mean. Limits closer than that to the outer
    knots of the grid are taken to be there.
    """
    p, knots = layer.degree, layer.knots
    if p == 0:  # flat already
        return KANLayer.build(**layer.parts())
    step = (knots[:, -1:] - knots[:, :1]) / (knots.shape[1] - 1)
    away = step * torch.arange(2 * p + 1, dtype=knots.dtype, device=knots.device)
    low, high = limits[0][:, None].minimum(knots[:, :1] - step), limits[1][:, None].maximum(knots[:, -1:] + step)
    longer = torch.cat([low - away.flip(1), knots, high + away], 1)
    centres, at, new = grid.greville(longer, p), torch.stack(layer.interval), 2 * p + 1
    value = ops.edge_values(at, layer.coef.detach(), knots, degree=p, uniform=layer.uniform)
    slope, beyond = _slopes(layer, at), []
    turn = 0.5 * (p - 1) * step  # where the outermost function that is not zero between limit and grid sits
    for side, (centre, limit) in enumerate(((centres[:, :new], low - turn), (centres[:, -new:], high + turn))):
        near = centre.maximum(limit) if side == 0 else centre.minimum(limit)
        length = torch.where(ends[side][:, None], near[..., None], centre[..., None]) - at[side][:, None, None]
        beyond.append(value[side][:, None] + slope[side][:, None] * length)  # (i, j, o)
    coef = torch.cat([beyond[0], layer.coef.detach(), beyond[1]], 1)
    return KANLayer.build(**{**layer.parts(), "knots": longer, "coef": coef, "uniform": None})


def stopped(layer: KANLayer, ends: Tensor, limits: Tensor, reach: Tensor) -> KANLayer:
    """The layer whose splines turn flat close to limits, at the left and the right end where `ends` (2, i, o) is true.

    As many knots as the degree are inserted within the reach. From there on all coefficients are that of the limit.

    Args:
        layer: of degree 1 or higher.
        ends: which splines do. Others go on along their tangents.
        limits (2, i): knots within the grid, between which all splines stay as they are.
        reach (2, i): length beyond a limit within which they turn flat, at most half an interval.
    """
    p = layer.degree
    longer = levelled(layer, torch.zeros_like(ends))  # of which the outermost intervals are wide
    breaks = grid.breaks_of(longer.knots, p).double()
    round_off = 1e-12 * (breaks[:, -1:] - breaks[:, :1])
    first = (breaks <= limits[0][:, None] + round_off).sum(1, keepdim=True) - 1  # places of the limits (i, 1)
    last = breaks.shape[1] - (breaks >= limits[1][:, None] - round_off).sum(1, keepdim=True)
    part = torch.arange(1, p + 1, dtype=breaks.dtype, device=breaks.device) / p
    shortest = 1e3 * torch.finfo(layer.knots.dtype).eps * breaks.abs().amax(1, keepdim=True)
    more = []
    for place, side, length in ((first, -1, reach[0]), (last, 1, reach[1])):
        outwards = breaks.gather(1, place + side) - breaks.gather(1, place)
        length = length[:, None].double().maximum(shortest).minimum(0.5 * outwards.abs())
        more.append(breaks.gather(1, place) + side * length * part)
    finer = grid.from_breaks(torch.cat([breaks, *more], 1).sort(1).values, p)
    coef = grid.insert(longer.knots.double(), longer.coef.detach().double(), finer, p)
    count = coef.shape[1]
    left = finer[:, p + 1 :, None] <= breaks.gather(1, first)[..., None]  # functions that are zero inside (i, j, 1)
    right = finer[:, :count, None] >= breaks.gather(1, last)[..., None]
    for beyond, flat, nearest in ((left, ends[0], left.sum(1)), (right, ends[1], count - 1 - right.sum(1))):
        level = coef.gather(1, nearest[:, None].expand(-1, 1, coef.shape[2]))
        coef = torch.where(beyond & flat[:, None], level, coef)
    new = {"knots": finer.to(layer.knots), "coef": coef.to(layer.coef), "uniform": None}
    return KANLayer.build(**{**layer.parts(), **new})


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
