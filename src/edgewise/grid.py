"""Knots: how they are laid, refined exactly, and extended beyond the ends.

Letters: i input node, j basis function, G interior intervals, p degree. `knots` has shape (i, G+2p+1); the interior
interval of input i is [knots[i, p], knots[i, p+G]]. End knots are not repeated: the outer knots continue the spacing
(Eilers & Marx, doi:10.1214/ss/1038425655), so every basis function of a uniform grid is a shift of one function.
"""

from __future__ import annotations

from bisect import bisect_right

import torch
from torch import Tensor

from .errors import GridError, problems, shown

MOST_ADDED = 10_000  # intervals that `extended` adds at most on a side


def breaks_of(knots: Tensor, degree: int) -> Tensor:
    """The interior knots, ends included: (i, G+2p+1) -> (i, G+1)."""
    return knots[:, degree : knots.shape[1] - degree]


def from_breaks(breaks: Tensor, degree: int) -> Tensor:
    """Add `degree` outer knots on both sides at the spacing of the end intervals: (i, G+1) -> (i, G+2p+1).

    Raises `GridError` unless the breaks of every input increase strictly and are finite.

    >>> from_breaks(torch.tensor([[0.0, 1.0, 3.0]]), 1)
    tensor([[-1.,  0.,  1.,  3.,  5.]])
    """
    if breaks.ndim != 2 or breaks.shape[1] < 2:
        raise GridError(
            f"breaks must have shape (inputs, grid_size + 1) with grid_size >= 1, got {tuple(breaks.shape)}"
        )
    widths = breaks.diff(dim=1)
    bad = ~(torch.isfinite(breaks).all(1) & (widths > 0).all(1))
    problems(
        (
            f"breaks of input {i} must be finite and increase strictly, got {breaks[i].tolist()[:8]}. Constant feature?"
            " Drop it."
            for i in bad.nonzero().flatten().tolist()[:3]
        ),
        GridError,
    )
    steps = torch.arange(1, degree + 1, dtype=breaks.dtype, device=breaks.device)
    left = breaks[:, :1] - steps.flip(0) * widths[:, :1]
    right = breaks[:, -1:] + steps * widths[:, -1:]
    return torch.cat([left, breaks, right], dim=1)


def uniform(low: Tensor, high: Tensor, grid_size: int, degree: int) -> Tensor:
    """Equally spaced knots on [low, high] per input: two tensors (i,) -> (i, G+2p+1).

    >>> uniform(torch.tensor([0.0]), torch.tensor([1.0]), 2, 1)
    tensor([[-0.5000,  0.0000,  0.5000,  1.0000,  1.5000]])
    """
    t = torch.arange(grid_size + 1, dtype=low.dtype, device=low.device) / grid_size
    breaks = low[:, None] * (1 - t) + high[:, None] * t
    return from_breaks(breaks, degree)


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


def is_uniform(knots: Tensor) -> bool:
    """Whether all inputs have equally spaced knots, to a few units in the last place of the largest knot.

    In half precision the few units of arithmetic would be a part of an interval. There knots count that were rounded
    once: two widths then differ by a unit in the last place at most.
    """
    eps, widths = torch.finfo(knots.dtype).eps, knots.diff(dim=1)
    largest = knots.abs().amax(1, keepdim=True)
    slack = 8 * (largest + (knots[:, -1:] - knots[:, :1])) if knots.dtype.itemsize > 2 else 2 * largest
    return bool(((widths - widths.mean(1, keepdim=True)).abs() <= eps * slack).all())


def refined_breaks(breaks: Tensor, grid_size: int) -> Tensor:
    """Split intervals until there are `grid_size` of them, the widest first, keeping every old break: (i, G+1) -> (i,
    grid_size+1).

    Each interval is cut into equal parts; a `grid_size` that is a multiple of G cuts every interval of a uniform grid
    alike. Raises `GridError` when `grid_size` is smaller than G.
    """
    old = breaks.shape[1] - 1
    if grid_size < old:
        raise GridError(f"refine keeps every knot, so grid_size must be at least {old}, got {grid_size}")
    rows = []
    for row in breaks:
        widths = row.diff()
        parts = torch.full((old,), grid_size // old if is_uniform(row[None]) else 1, dtype=torch.long)
        for _ in range(
            grid_size - int(parts.sum())
        ):  # the widest piece next; the first of equals, so the result is determined
            parts[torch.argmax(widths.cpu() / parts)] += 1
        pieces = [
            row[k] + (row[k + 1] - row[k]) * torch.arange(int(n), dtype=row.dtype, device=row.device) / int(n)
            for k, n in enumerate(parts)
        ]
        rows.append(torch.cat([*pieces, row[-1:]]))
    return torch.stack(rows)


def insertion(knots: Tensor, finer: Tensor, degree: int) -> tuple[Tensor, Tensor]:
    """Weights that carry coefficients to a knot vector whose interior breaks contain the old ones.

    knots (i, G+2p+1), finer (i, G'+2p+1) -> first (i, j') int64 and weights (i, j', p+1) with
    new_coef[i, j'] = sum_r weights[i, j', r] * coef[i, first[i, j'] + r].

    A B-spline coefficient is the blossom (polar form) of the polynomial piece over the function's support, at the
    support's inner knots (Ramshaw 1989); evaluating it with the old control points is de Boor's algorithm with a
    different argument at every level.
    """
    p = degree
    count, grid_size = finer.shape[1] - p - 1, knots.shape[1] - 1 - 2 * p
    new_size = finer.shape[1] - 1 - 2 * p
    j = torch.arange(count, device=knots.device)
    piece = (j + p // 2).clamp(
        p, p + new_size - 1
    )  # an interior interval under basis function j', as central as there is
    middle = 0.5 * (finer[:, piece] + finer[:, piece + 1])  # (i, j')
    span = torch.searchsorted(knots[:, p : p + grid_size + 1].contiguous(), middle.contiguous(), right=True) - 1 + p
    span = span.clamp(p, p + grid_size - 1)  # old interval that holds the piece
    weights = torch.zeros(*middle.shape, p + 1, p + 1, dtype=knots.dtype, device=knots.device)
    weights[..., range(p + 1), range(p + 1)] = (
        1.0  # weights[..., m, :] = control point m of the current level, in old coefficients
    )
    for level in range(1, p + 1):
        argument = torch.gather(finer, 1, (j + level).expand_as(span))
        for m in range(p, level - 1, -1):
            left = torch.gather(knots, 1, span - p + m)
            right = torch.gather(knots, 1, span + m - level + 1)
            alpha = ((argument - left) / (right - left))[..., None]
            weights[..., m, :] = (1 - alpha) * weights[..., m - 1, :] + alpha * weights[..., m, :]
    return span - p, weights[..., p, :]


def insert(knots: Tensor, coef: Tensor, finer: Tensor, degree: int) -> Tensor:
    """Coefficients of the same functions on the finer knots: coef (i, j, o) -> (i, j', o), exact to round-off.

    >>> knots = uniform(torch.zeros(1), torch.ones(1), 2, 1)
    >>> insert(knots, torch.tensor([[[0.0], [1.0], [4.0]]]), uniform(torch.zeros(1), torch.ones(1), 4, 1), 1).flatten()
    tensor([0.0000, 0.5000, 1.0000, 2.5000, 4.0000])
    """
    first, weights = insertion(knots, finer, degree)
    index = first[..., None] + torch.arange(degree + 1, device=knots.device)  # (i, j', p+1)
    rows = torch.arange(knots.shape[0], device=knots.device)[:, None, None]
    return torch.einsum("ijr,ijro->ijo", weights, coef[rows, index])


def greville(knots: Tensor, degree: int) -> Tensor:
    """Where each basis function sits, the mean of its inner knots: (i, G+2p+1) -> (i, G+p).

    Coefficients that are a straight line of these points give that line exactly.
    """
    if degree == 0:
        return 0.5 * (knots[:, :-1] + knots[:, 1:])
    count = knots.shape[1] - degree - 1
    return torch.stack([knots[:, r : r + count] for r in range(1, degree + 1)]).mean(0)


def extended(knots: Tensor, degree: int, low: Tensor, high: Tensor) -> tuple[Tensor, int, int]:
    """Knots with whole intervals added until every input's interior covers [low, high]: (knots', added left, added
    right).

    The old knots stay bit for bit, the outer ones among them, so that nothing changes inside the old interval. One
    count serves all inputs of the layer (grid_size is one number per layer).
    """
    p = degree
    first, last = knots[:, p], knots[:, knots.shape[1] - p - 1]
    step_left, step_right = knots[:, 1] - knots[:, 0], knots[:, -1] - knots[:, -2]
    tolerance = 1e-9
    lacking = (first - low) / step_left, (high - last) / step_right
    wanted = [float(torch.ceil(ends - tolerance).clamp(min=0).max()) for ends in lacking]
    if not max(wanted) <= MOST_ADDED:
        raise GridError(
            f"extending to {shown([low.tolist(), high.tolist()])} would add {max(wanted):g} intervals of the present"
            " width; use adapt(model, X) instead"
        )
    left, right = map(int, wanted)
    count = torch.arange(1, max(left, right) + 1, dtype=knots.dtype, device=knots.device)
    before = knots[:, :1] - step_left[:, None] * count[:left].flip(0)
    after = knots[:, -1:] + step_right[:, None] * count[:right]
    return torch.cat([before, knots, after], dim=1), left, right
