"""Knots: what they are, how they are refined exactly, and extended beyond the ends.

Letters: i input node, j basis function, G interior intervals, p degree. `knots` has shape (i, G+2p+1); the interior
interval of input i is [knots[i, p], knots[i, p+G]]. End knots are not repeated: the outer knots continue the spacing
(Eilers & Marx, doi:10.1214/ss/1038425655), so every basis function of a uniform grid is a shift of one function.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .errors import ConfigError, GridError, problems, shown

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


def uniform_as(dtype: torch.dtype, domain: tuple[float, float], inputs: int, grid_size: int, degree: int) -> Tensor:
    """Equally spaced knots (i, G+2p+1) on one interval for all inputs, as numbers of a dtype.

    Raises `ConfigError` where neighbours are the same number of this dtype: splines on them are NaN.

    >>> uniform_as(torch.float32, (0.0, 1.0), 1, 2, 1).dtype
    torch.float32
    """
    low, high = (torch.full((inputs,), end, dtype=torch.float64) for end in domain)
    knots = uniform(low, high, grid_size, degree).to(dtype)
    if not bool((knots.diff(dim=1) > 0).all()):
        name = str(dtype).removeprefix("torch.")
        raise ConfigError(
            f"{grid_size} intervals on the domain {domain} are too fine for {name}, in which knots coincide; move the"
            " inputs near zero, take a smaller grid_size"
            + ("" if dtype == torch.float64 else ", or dtype=torch.float64")
        )
    return knots


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
