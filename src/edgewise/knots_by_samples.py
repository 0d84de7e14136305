"""Knots that are laid by samples: over their range, where they crowd, and as finely as they can determine.

Letters: b samples, i input node, G interior intervals, p degree, as in `grid`.
"""

from __future__ import annotations

from bisect import bisect_right

import torch
from torch import Tensor

from .errors import GridError, shown
from .grid import breaks_of, from_breaks, uniform


def with_margin(low: Tensor, high: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Intervals between low and high (i,), longer by the part `margin` on both sides, of length 2 where they had none.

    Raises `GridError` where the length overflows.

    >>> with_margin(torch.tensor([0.0, 5.0]), torch.tensor([2.0, 5.0]), 0.5)
    (tensor([-1.,  3.]), tensor([3., 7.]))
    """
    flat = (high - low) <= 1e-12 * torch.maximum(low.abs(), high.abs())  # round-off
    low, high = torch.where(flat, low - 1, low), torch.where(flat, high + 1, high)
    pad = margin * (high - low)
    low, high = low - pad, high + pad
    if not bool((high - low).isfinite().all()):
        raise GridError(
            f"a grid longer than the samples by margin={shown(margin)} has no finite length; take a smaller one"
        )
    return low, high


def from_samples(x: Tensor, grid_size: int, degree: int, *, quantile: float = 0.0, margin: float = 0.0) -> Tensor:
    """Knots on the range of samples x (b, i), `quantile` of the way from equal spacing to equal counts: (i, G+2p+1).

    The range is longer by the part `margin` on both sides, as in `with_margin`. Spacing never falls below 1 % of the
    uniform spacing, so ties and discrete columns cannot collapse knots. Raises `GridError` where the range overflows.
    """
    low, high = with_margin(x.amin(0), x.amax(0), margin)
    t = torch.arange(grid_size + 1, dtype=x.dtype, device=x.device) / grid_size
    breaks = low[:, None] * (1 - t) + high[:, None] * t
    if quantile > 0:
        middle = torch.quantile(x, t[1:-1], dim=0).T
        mixed = torch.cat([low[:, None], middle, high[:, None]], dim=1)
        breaks = (1 - quantile) * breaks + quantile * mixed
        floor = 0.01 * (high - low)[:, None] / grid_size
        widths = breaks.diff(dim=1).clamp(min=floor)
        widths = widths / widths.sum(1, keepdim=True) * (high - low)[:, None]
        breaks = torch.cat([low[:, None], low[:, None] + widths.cumsum(1)], dim=1)
        breaks[:, -1] = high
    return from_breaks(breaks, degree)


END = 8  # outermost samples whose spread tells how much further the function may be asked for
# share of the samples at each end that is no part of the bulk; a bulk of less than this part of the range is cared for
TAIL, NARROW = 0.05, 0.1
SEEN = 4096  # rows that tell where the bulk is


def bulk(x: Tensor, within: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Where nearly all samples x (b, i) lie, and where that is a small part of their range (and of `within`): low, high
    (i,), bool (i,).

    Few samples far from the others, or a long tail: grids that are spaced equally over all of them would leave the
    others in one interval. A column most of whose samples are one number has no bulk.

    >>> low, high, narrow = bulk(torch.cat([torch.linspace(0, 1, 99), torch.tensor([1e6])])[:, None])
    >>> round(float(low), 2), round(float(high), 2), bool(narrow)
    (0.04, 0.97, True)
    """
    ordered = x[:: max(1, x.shape[0] // SEEN)].sort(0).values
    out = int(TAIL * (ordered.shape[0] - 1))
    low, high, first, last = ordered[out], ordered[-1 - out], x.amin(0), x.amax(0)
    if within is not None:
        first, last = torch.minimum(first, within[0]), torch.maximum(last, within[1])
    resolved = high - low > 1e5 * torch.finfo(x.dtype).eps * torch.maximum(low.abs(), high.abs())
    return low, high, (high - low < NARROW * (last - first)) & resolved


def over_samples(
    x: Tensor,
    grid_size: int,
    degree: int,
    *,
    least: int = 3,
    within: tuple[Tensor, Tensor] | None = None,
    dense: tuple[Tensor, Tensor, Tensor] | None = None,
) -> Tensor:
    """Knots for a function that is known at samples x (b, i) and will be asked a little beyond them: (i, G+2p+1).

    Equal spacing, but both ends reach past the outermost sample by a quarter of an interval, or by twice the gap that
    the outermost `END` samples span where these are sparse (a tenth of the range at most); and towards the ends
    intervals are stretched until they hold enough samples, `least` the outermost. So the end pieces are determined by
    data, and extrapolate as polynomials before the tangent takes over. `within` (two tensors (i,)) is an interval that
    must be covered too. `dense`, a `bulk`: where nearly all samples lie in a small part of the range, most knots do;
    `FOLLOWING` of them follow the samples, the others are spaced as logarithms of the distance from the bulk.
    """
    count, p = x.shape[0], degree
    ordered = x.sort(0).values
    knots = from_samples(x, grid_size, p, margin=0.25 / (grid_size - 0.5))
    low, high = knots[:, p].clone(), knots[:, p + grid_size].clone()
    reach = 0.1 * (high - low)
    few = min(END, count - 1)
    low = torch.minimum(low, ordered[0] - torch.minimum(2 * (ordered[few] - ordered[0]), reach))
    high = torch.maximum(high, ordered[-1] + torch.minimum(2 * (ordered[-1] - ordered[-1 - few]), reach))
    if within is not None:
        low, high = torch.minimum(low, within[0]), torch.maximum(high, within[1])
    least = min(least, count // (2 * grid_size))
    graded = grid_size >= 3 and least >= 1
    rows: list[list[float] | None] = []
    for i in range(x.shape[1]):
        if dense is not None and bool(dense[2][i]):
            covered = None if within is None else (float(within[0][i]), float(within[1][i]))
            rows.append(_following(ordered[:, i], float(dense[0][i]), float(dense[1][i]), grid_size, covered))
        else:
            rows.append(_graded(ordered[:, i], float(low[i]), float(high[i]), grid_size, least) if graded else None)
    if all(row is None for row in rows):
        return uniform(low, high, grid_size, p)
    even = torch.linspace(0, 1, grid_size + 1, dtype=x.dtype).tolist()
    breaks = [
        [float(low[i]) * (1 - t) + float(high[i]) * t for t in even] if row is None else row
        for i, row in enumerate(rows)
    ]
    return from_breaks(torch.tensor(breaks, dtype=x.dtype, device=x.device), p)


FOLLOWING = 0.75  # of the knots, how many follow the samples where these have a bulk


def _following(
    ordered: Tensor, low: float, high: float, grid_size: int, within: tuple[float, float] | None
) -> list[float]:
    """Breaks of one input with sorted samples (b,), nearly all between low and high: equal steps of a mixture of the
    samples' distribution and one that is even in asinh of the distance from the middle, a quarter of an interval beyond
    the outermost sample, and over `within`."""
    middle, half = (low + high) / 2, (high - low) / 2
    z = torch.asinh((ordered.double() - middle) / half)
    ends = [float(z[0]), float(z[-1])]
    margin = 0.25 / (grid_size - 0.5) * (ends[1] - ends[0])
    ends = [ends[0] - min(margin, 0.25), ends[1] + min(margin, 0.25)]
    if within is not None:
        covered = torch.asinh((torch.tensor(within, dtype=torch.float64) - middle) / half).tolist()
        ends = [min(ends[0], covered[0]), max(ends[1], covered[1])]
    points, counts = z.unique_consecutive(return_counts=True)
    below = (counts.cumsum(0) - counts.to(torch.float32) / 2) / len(z)
    left, right = points.new_tensor([ends[0]]), points.new_tensor([ends[1]])
    points, below = torch.cat([left, points, right]), torch.cat([torch.zeros_like(left), below, torch.ones_like(right)])
    mass = FOLLOWING * below + (1 - FOLLOWING) * (points - left) / (right - left)
    wanted = torch.linspace(0, 1, grid_size + 1, dtype=points.dtype, device=points.device)
    piece = (torch.searchsorted(mass, wanted, right=True) - 1).clamp(0, len(points) - 2)
    part = (wanted - mass[piece]) / (mass[piece + 1] - mass[piece]).clamp(min=1e-300)
    found = torch.lerp(points[piece], points[piece + 1], part.clamp(0, 1))
    breaks = (middle + half * found.sinh()).tolist()
    first, last = (breaks[0], breaks[-1]) if within is None else within  # to the bit
    return [min(breaks[0], first), *breaks[1:-1], max(breaks[-1], last)]


def _graded(ordered: Tensor, low: float, high: float, grid_size: int, least: int) -> list[float] | None:
    """Breaks of one input, or None where equal spacing will do: from both ends inwards, intervals are stretched while
    they would hold fewer than `least` samples (the outermost) or half as many (the next ones); the rest is spaced
    equally. `ordered` (b,) are its sorted samples."""
    left = _stretched((ordered - low).tolist(), (high - low) / grid_size, grid_size, least)
    right = _stretched((high - ordered.flip(0)).tolist(), (high - low) / grid_size, grid_size, least)
    if not left and not right:
        return None
    left, right = [0.0, *left], [0.0, *right]
    start, stop = low + left[-1], high - right[-1]
    parts = grid_size - (len(left) - 1) - (len(right) - 1)
    middle = [start + (stop - start) * k / parts for k in range(1, parts)]
    return [*(low + d for d in left), *middle, *(high - d for d in reversed(right))]


def _stretched(distances: list[float], width: float, grid_size: int, least: int) -> list[float]:
    """Ends of the stretched intervals as distances from one end of the range, given the sorted distances of the
    samples."""
    ends: list[float] = []
    position, seen, wanted = 0.0, 0, least
    while len(ends) < grid_size // 3 and seen + wanted < len(distances):
        end = min(max(position + width, distances[seen + wanted - 1]), 0.3 * width * grid_size)
        if end <= position + width:  # dense enough
            break
        ends.append(end)
        position, wanted = end, max(1, least // 2)
        seen = bisect_right(distances, position)
    return ends


def plain_interval(knots: Tensor, degree: int) -> tuple[Tensor, Tensor]:
    """The interior interval (i,), (i,) of knots (i, G+2p+1) with its end pieces no longer than the longest of the
    others: what they are longer is beyond the samples, or hardly seen by any.

    >>> low, high = plain_interval(from_breaks(torch.tensor([[-9.0, 1.0, 2.0, 4.0, 5.0]]), 1), 1)
    >>> low.item(), high.item()
    (-1.0, 5.0)
    """
    breaks = breaks_of(knots, degree)
    if breaks.shape[1] < 4:
        return breaks[:, 0], breaks[:, -1]
    widest = breaks[:, 1:-1].diff(dim=1).amax(1)
    return torch.maximum(breaks[:, 0], breaks[:, 1] - widest), torch.minimum(breaks[:, -1], breaks[:, -2] + widest)


SHARE, LEAST = 0.9, 3  # of the density of knots, how much follows a demand; samples that an interval keeps


def crowded(knots: Tensor, degree: int, demand: Tensor, x: Tensor) -> Tensor:
    """As many knots between the same ends, more densely where `demand` (i, G), per interval, is high: (i, G+2p+1) ->
    (i, G+2p+1).

    A tenth of the density stays as it is, so that no stretch is left bare, and an interval is divided only as far as
    its parts keep about `LEAST` of the samples x (b, i).

    >>> knots = uniform(torch.zeros(1), torch.ones(1), 4, 1)
    >>> crowded(knots, 1, torch.tensor([[1.0, 1.0, 1.0, 5.0]]), torch.rand(100, 1)).diff().argmin()
    tensor(4)
    """
    breaks, ordered = breaks_of(knots, degree), x.T.contiguous().sort(1).values
    inside = torch.searchsorted(ordered, breaks.contiguous()).diff(dim=1)
    density = (1 - SHARE) + SHARE * demand / demand.mean(1, keepdim=True)
    for _ in range(10):  # what an interval may not take goes to the others
        density = torch.minimum(
            density / density.mean(1, keepdim=True), (inside.to(torch.float32) / LEAST).clamp(min=1.0)
        )
    passed = torch.cat([torch.zeros_like(density[:, :1]), density.cumsum(1)], dim=1)
    passed = passed / passed[:, -1:]
    wanted = torch.linspace(0, 1, breaks.shape[1], dtype=knots.dtype, device=knots.device).expand_as(breaks)
    piece = (torch.searchsorted(passed, wanted.contiguous(), right=True) - 1).clamp(0, breaks.shape[1] - 2)
    left, right = passed.gather(1, piece), passed.gather(1, piece + 1)
    moved = torch.lerp(breaks.gather(1, piece), breaks.gather(1, piece + 1), (wanted - left) / (right - left))
    return from_breaks(torch.cat([breaks[:, :1], moved[:, 1:-1], breaks[:, -1:]], dim=1), degree)
