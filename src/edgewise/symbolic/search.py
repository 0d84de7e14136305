"""Which forms together explain the data: combinations of the edges' candidates, most likely first, each judged by the whole network's error."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..primitives import Primitive
from .gauge import normal_forms
from .network import EXACT, Form, Place, Samples, Task, to_program
from .program import Program, refit
from .rank import Candidate, order, rank_many

SEARCH_ROWS, SEARCH_STEPS = 256, 25
KEEP, CONSIDERED, REPEATED = 8, 20, 2.0  # candidates of an edge that are tried, and looked at; what it costs to repeat a better one's curve
EVIDENCE = 2.5  # weight of an edge's own error: small, since edges make up for each other's faults and only the whole network is sure
BLUR, FLOOR = 10.0, 1e-4  # an edge is known to ten times the error of the output, and never better than this: others make up for its faults


@dataclass(frozen=True)
class Found:
    """A network of closed forms, its loss on the task's data, and what it costs in complexity."""

    program: Program
    loss: float
    complexity: int

    def criterion(self, rows: int) -> float:
        """Information criterion: lower is better. Errors that count as exact are equal."""
        free = int(next(normal_forms(self.program, limit=1)).free.sum())
        return 0.5 * rows * math.log(max(self.loss, EXACT)) + 0.5 * free * math.log(rows) + self.complexity


def candidates(samples: Mapping[Place, Samples], primitives: tuple[Primitive, ...], error: float) -> dict[Place, list[Candidate]]:
    """Ranked closed forms of all edges at once. error: the network's relative error, below which no edge's shape means anything."""
    if not samples:
        return {}
    x = torch.stack([one.x for one in samples.values()])
    y = torch.stack([one.y for one in samples.values()])
    ranked = dict(zip(samples, rank_many(x, y, primitives), strict=True))
    for place, one in samples.items():
        blur = min(max(BLUR * error / max(one.influence, 1e-12), FLOOR), 10.0)
        ranked[place] = distinct_first(order(ranked[place], tolerance=blur, evidence=EVIDENCE), one.x)
    return ranked


def distinct_first(ranked: list[Candidate], x: Tensor) -> list[Candidate]:
    """The candidates with each that draws the same curve as a better one moved back: far from its root, a power is as good as any other."""
    points = x.sort().values[torch.linspace(0, len(x) - 1, 24).long()]
    kept: list[tuple[Candidate, Tensor]] = []
    repeated = []
    for one in ranked[:CONSIDERED]:
        curve = one(points)
        if any(float((curve - other).square().mean().sqrt()) <= 0.3 * max(one.error, better.error) for better, other in kept):
            repeated.append(replace(one, score=one.score + REPEATED))
        else:
            kept.append((one, curve))
    return sorted([*(one for one, _ in kept), *repeated], key=lambda one: one.score)


def combinations(choices: Sequence[Sequence[float]], limit: int) -> Iterator[tuple[int, ...]]:
    """Index combinations in the order of their total cost; costs of every choice sorted, lowest first."""
    start = (0,) * len(choices)
    heap = [(sum(costs[0] for costs in choices), start)]
    seen = {start}
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


def search(task: Task, fixed: dict[Place, Form], ranked: dict[Place, list[Candidate]], tolerance: float, tries: int) -> Found | None:
    """The best combination of candidates, or None where none is as good as the model. Stops at the first that is exact."""
    small = task.thinned(SEARCH_ROWS)
    places = list(ranked)
    if any(not ranked[place] for place in places):
        return None
    best: Found | None = None
    allowed = 0
    for combination in combinations([[c.score for c in ranked[place][:KEEP]] for place in places], tries):
        chosen = {place: ranked[place][n] for place, n in zip(places, combination, strict=True)}
        found = attempt(task, small, fixed, chosen)
        if found is None:
            continue
        if best is None or found.criterion(task.x.shape[0]) < best.criterion(task.x.shape[0]):
            best = found
        if found.loss <= EXACT:
            break
        allowed += task.allowed(found.loss, len(found.program.theta), tolerance)
        if allowed >= 8:  # noise decides among these; more of the same would not
            break
    return best


def attempt(task: Task, small: Task, fixed: dict[Place, Form], chosen: dict[Place, Candidate]) -> Found | None:
    """Fit one combination: on few rows first, on all if that looks as good as the model or better than nothing known."""
    forms = fixed | {place: (c.primitive, *c.constants) for place, c in chosen.items()}
    program = to_program(task.model, forms)
    program, loss = refit(program, small.x, small.y, loss=small.loss, weight=small.weight, steps=SEARCH_STEPS)
    if not math.isfinite(loss):
        return None
    if small is not task and loss <= 100 * task.error + EXACT:
        program, loss = refit(program, task.x, task.y, loss=task.loss, weight=task.weight, steps=SEARCH_STEPS)
        if not math.isfinite(loss):
            return None
    if not program.inside(task.x):
        return None  # the formula would be undefined on some rows
    return Found(program, loss, sum(c.complexity for c in chosen.values()))
