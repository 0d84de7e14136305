"""What every edge could be: its candidates on the samples that a network gives, in the order in which they deserve to
be tried."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..primitives import Primitive
from .rank import FittedForm, order, rank_many
from .task import EdgePlace, Samples
from .tuning import TUNED
from .work import Work, price_of_ranking


def candidates(
    samples: Mapping[EdgePlace, Samples], primitives: tuple[Primitive, ...], error: float, work: Work
) -> dict[EdgePlace, list[FittedForm]]:
    """Ranked closed forms of all edges at once; none where the work is spent. error: the network's relative error,
    below which no edge's shape means anything."""
    if not samples:
        return {}
    rows = len(next(iter(samples.values())).x)
    if not work.afford(price_of_ranking(len(samples), rows, len(primitives))):
        return {place: [] for place in samples}
    x = torch.stack([one.x for one in samples.values()])
    y = torch.stack([one.y for one in samples.values()])
    ranked = dict(zip(samples, rank_many(x, y, primitives), strict=True))
    for place, one in samples.items():
        share = error / max(one.influence, TUNED.least_influence)
        most = TUNED.edge_blur_clear if share < TUNED.clear_share else TUNED.edge_blur_weak
        blur = min(max(TUNED.edge_blur * share, TUNED.edge_known), most)
        ranked[place] = distinct_first(order(ranked[place], tolerance=blur, evidence=TUNED.edge_evidence), one.x)
    return ranked


def distinct_first(ranked: list[FittedForm], x: Tensor) -> list[FittedForm]:
    """The candidates, with each that draws the same curve as a better one moved back.

    Far from its root, a power is as good as any other.
    """
    points = x.sort().values[torch.linspace(0, len(x) - 1, TUNED.curve_points, dtype=torch.float64).long()]
    kept: list[tuple[FittedForm, Tensor]] = []
    repeated = []
    for one in ranked[: TUNED.considered]:
        curve = one(points)
        if any(
            float((curve - other).square().mean().sqrt()) <= TUNED.same_curve * max(one.error, better.error)
            for better, other in kept
        ):
            repeated.append(replace(one, score=one.score + TUNED.repeated_cost))
        else:
            kept.append((one, curve))
    return sorted([*(one for one, _ in kept), *repeated], key=lambda one: one.score)


def combinations(choices: Sequence[Sequence[float]], limit: int) -> Iterator[tuple[int, ...]]:
    """At most `limit` index combinations in the order of their total cost; the costs of every choice are sorted, lowest
    first."""
    start: tuple[int, ...] = (0,) * len(choices)
    heap: list[tuple[float, tuple[int, ...]]] = [(sum(costs[0] for costs in choices), start)]
    seen: set[tuple[int, ...]] = {start}
    while heap and limit:
        total, combination = heapq.heappop(heap)
        limit -= 1
        yield combination
        for n, index in enumerate(combination):
            if index + 1 < len(choices[n]):
                following = (*combination[:n], index + 1, *combination[n + 1 :])
                if following not in seen:
                    seen.add(following)
                    heapq.heappush(heap, (total + choices[n][index + 1] - choices[n][index], following))
