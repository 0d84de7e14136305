"""Where to start looking for the affine argument of a closed form: a dictionary of shapes, made once, compared with all
edges at once.

Letters: e edge, n sample, k bin, r row of the dictionary. On an edge, u is its input moved to [-1, 1]; a row is f(a u +
b) for one (a, b).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..primitives import Primitive
from .tuning import TUNED


def bin_centres() -> Tensor:
    """Centres of the Chebyshev bins on [-1, 1]: (k,)."""
    k = torch.arange(TUNED.bins, dtype=torch.float64)
    return -torch.cos(math.pi * (k + 0.5) / TUNED.bins)


def _geometric(low: float, high: float, ratio: float) -> list[float]:
    count = max(1, math.ceil(math.log(high / low) / math.log(ratio)))
    return [low * (high / low) ** (i / count) for i in range(count + 1)]


def _sides(p: Primitive) -> tuple[float, ...]:
    return (1.0,) if p.mirror is not None else (1.0, -1.0)


def _roots(p: Primitive) -> list[tuple[float, float]]:
    """(a, b) with |a| = 1 for forms without a scale: what counts is where the argument is zero, inside or outside the
    data."""
    gaps = [0.0, *_geometric(*TUNED.root_gaps)]
    places = TUNED.root_places
    inside = [-math.cos(math.pi * (i + 0.5) / places) for i in range(places)]
    rows = []
    if math.isfinite(p.domain[0]):  # zero at or beyond one end, the data on its right side
        rows += [(side, 1.0 + gap) for side in (1.0, -1.0) for gap in gaps]
    else:
        rows += [(side, -root) for side in _sides(p) for root in inside]
        if p.exponent not in (0, 1):
            rows += [(1.0, sign * (1.0 + gap)) for sign in (1.0, -1.0) for gap in gaps[1:]]
    return rows


def _windows(p: Primitive, low: float, high: float) -> list[tuple[float, float]]:
    """(a, b) that map the data onto parts of the interval (low, high), down to very close to its ends."""
    width = high - low
    gaps = [0.0, *_geometric(*TUNED.window_gaps), *TUNED.window_wide_gaps]
    shares = [(left, right) for left in gaps for right in gaps if left + right < TUNED.window_most]
    pairs = [(low + width * left, high - width * right) for left, right in shares]
    flips = (1.0,) if p.mirror is not None else (1.0, -1.0)
    return [(flip * (right - left) / 2, (right + left) / 2) for flip in flips for left, right in pairs]


def _from_end(p: Primitive) -> list[tuple[float, float]]:
    """(a, b) that map the data onto windows beginning at or near the finite end of a half-line."""
    end, sign = (p.domain[0], 1.0) if math.isfinite(p.domain[0]) else (p.domain[1], -1.0)
    gaps, widths = [0.0, *_geometric(*TUNED.end_gaps)], _geometric(*TUNED.end_widths)
    return [
        (flip * width / 2, end + sign * (gap + width / 2)) for flip in (1.0, -1.0) for gap in gaps for width in widths
    ]


def _steps(p: Primitive) -> list[tuple[float, float]]:
    """(a, b) for shapes with one centre: every steepness, every centre inside the data and somewhat beyond."""
    if p.steep:
        return _centred(p, _geometric(*TUNED.steep_scales), TUNED.steep_reach, TUNED.steep_gap)
    return _centred(p, _geometric(*TUNED.step_scales), TUNED.step_reach, TUNED.step_gap)


def _waves(p: Primitive) -> list[tuple[float, float]]:
    low, high, ratio = TUNED.ripple_scales
    scales = _geometric(low, high, ratio) + [high + i for i in range(1, TUNED.ripple_fastest - int(high) + 1)]
    return _centred(p, scales, TUNED.ripple_reach, TUNED.ripple_gap)


def _centred(p: Primitive, scales: Sequence[float], reach: float, gap: float) -> list[tuple[float, float]]:
    rows = []
    for a in scales:
        edge = min(a * TUNED.ripple_stretch, a + reach) if p.waves else a + reach
        count = max(TUNED.fewest_centres, math.ceil(2 * edge / gap))
        rows += [(flip * a, -edge + 2 * edge * i / (count - 1)) for flip in _sides(p) for i in range(count)]
    return rows


def _frequencies(p: Primitive) -> list[tuple[float, float]]:
    assert p.period is not None
    unit = math.pi / (p.period if p.flip < 0 else p.period / 2)  # one radian of the full period
    low, high, ratio = TUNED.slow_waves
    more = range(1, int((TUNED.fastest - high) / TUNED.wave_step))
    scales = _geometric(low, high, ratio) + [high + TUNED.wave_step * i for i in more]
    return [(a / unit, p.period * i / TUNED.phases) for a in scales for i in range(TUNED.phases)]


def proposals(p: Primitive) -> list[tuple[float, float]]:
    """Starts (a, b) for a closed form on u in [-1, 1]; none for the constant, whose fit needs no argument."""
    if p.exponent == 0 and p.either_sign:
        return []
    if p.exponent == 1 and p.either_sign:
        return [(1.0, 0.0)]
    if p.scale_free:
        return _roots(p)
    if p.exponential:
        return [(sign * a, -a) for a in _geometric(*TUNED.exp_scales) for sign in (1.0, -1.0)]
    finite = [math.isfinite(v) for v in p.domain]
    if all(finite):
        return _windows(p, *p.domain)
    if any(finite):
        return _from_end(p)
    rows = _windows(p, *p.branch) if p.branch else []
    if p.period is not None:
        return rows + _frequencies(p)
    return rows + (_waves(p) if p.waves else _steps(p))


@dataclass(frozen=True)
class Dictionary:
    """All starts of some closed forms: ab (r, 2), shapes (r, k) float32 with mean 0 and deviation 1, and where each
    form's blocks lie."""

    primitives: tuple[Primitive, ...]
    ab: Tensor
    shapes: Tensor
    squares: Tensor
    blocks: tuple[tuple[int, int], ...]

    @staticmethod
    def build(primitives: tuple[Primitive, ...]) -> Dictionary:
        """Evaluate every start of every form on the bins."""
        u = bin_centres()
        ab, shapes, blocks, start = [], [], [], 0
        for p in primitives:
            rows = torch.tensor(proposals(p), dtype=torch.float64).reshape(-1, 2)
            if len(rows) % TUNED.block:
                rows = torch.cat([rows, rows[-1:].expand(TUNED.block - len(rows) % TUNED.block, 2)])
            values = p.safe(torch.addcmul(rows[:, 1:], rows[:, :1], u))
            values = values - values.mean(1, keepdim=True)
            spread = values.abs().amax(1, keepdim=True)
            values = values / torch.where(spread > 0, spread, 1.0)
            values = values / values.square().mean(1, keepdim=True).sqrt().clamp(min=TUNED.smallest_single)
            ab.append(rows)
            shapes.append(torch.nan_to_num(values, 0.0, 0.0, 0.0).float())
            blocks.append((start, start + len(rows) // TUNED.block))
            start += len(rows) // TUNED.block
        every = torch.cat(shapes) if shapes else torch.zeros(0, TUNED.bins, dtype=torch.float32)
        return Dictionary(
            primitives,
            torch.cat(ab) if ab else torch.zeros(0, 2, dtype=torch.float64),
            every,
            every.square(),
            tuple(blocks),
        )

    def best(self, u: Tensor, y: Tensor, weights: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """The `count` best starts of every form on every edge.

        u, y, weights (e, n), y with weighted mean 0 and deviation 1, weights summing to 1. Returns edge (m,), form (m,)
        and (a, b) (m, 2), sorted by form: m problems to refine.
        """
        edges = u.shape[0]
        where = ((torch.acos(-u.clamp(-1, 1)) * (TUNED.bins / math.pi)).long()).clamp(max=TUNED.bins - 1)
        mass = torch.zeros(edges, TUNED.bins, dtype=torch.float64).scatter_add_(1, where, weights)
        first = torch.zeros(edges, TUNED.bins, dtype=torch.float64).scatter_add_(1, where, weights * y)
        mass32, first32 = mass.float(), first.float()
        # what binned data can show of the variance
        explained = (first32 * first32 / mass32.clamp(min=TUNED.smallest_single)).sum(1)
        fit = (self.shapes @ first32.T).square_()  # (r, e)
        variance = self.squares @ mass32.T - (self.shapes @ mass32.T).square_()
        r2 = (fit / variance.clamp(min=TUNED.least_variance) / explained).T
        r2 = r2.reshape(edges, -1, TUNED.block)
        top, which = r2.max(2)
        found_edge, found_form, found_ab = [], [], []
        for number, (low, high) in enumerate(self.blocks):
            if high == low:
                continue
            take = min(count, high - low)
            block = top[:, low:high].topk(take, dim=1).indices + low  # (e, take)
            row = block * TUNED.block + which.gather(1, block)
            found_edge.append(torch.arange(edges)[:, None].expand(-1, take).reshape(-1))
            found_form.append(torch.full((edges * take,), number))
            found_ab.append(self.ab[row.reshape(-1)])
        if not found_ab:
            return (
                torch.zeros(0, dtype=torch.long),
                torch.zeros(0, dtype=torch.long),
                torch.zeros(0, 2, dtype=torch.float64),
            )
        return torch.cat(found_edge), torch.cat(found_form), torch.cat(found_ab)
