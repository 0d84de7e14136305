"""A solution as more than a network: u = g + d (N_0 + f_1 N_1 + ...).

g has the values that conditions ask for, d vanishes where they hold, and f_j are features that no spline can follow:
kinks, singular functions. So hard conditions hold for every network N.

Sources: Lagaris, Likas & Fotiadis 1998 (arXiv physics/9705023) for g + d N; Gordon 1971 (doi:10.1137/0708019) for the
sums of g; Moes, Dolbow & Belytschko 1999 (doi:10.1002/(SICI)1097-0207(19990910)46:1<131::AID-NME726>3.0.CO;2-J) for
features.

Letters: n point, d dimension, o output, j feature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..config import is_number
from .domain import Domain

Feature = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class HardValues:
    """Values that outputs have exactly: on sides of the domain, or at the start of time.

    value: a number, or a function of x (n, d). sides: pairs of the number of a shape and that of its side; none at the
    start. derivative: by time, of what is given at the start; None on sides.
    """

    value: Any
    outputs: tuple[int, ...]
    sides: tuple[tuple[int, int], ...] = ()
    derivative: int | None = None

    def at(self, x: Tensor) -> Tensor:
        """(n, own outputs)."""
        if is_number(self.value):
            return x.new_full((len(x), len(self.outputs)), float(self.value))
        found = self.value(x)
        return (found[:, None] if found.ndim == 1 else found).to(x.dtype).expand(len(x), len(self.outputs))

    def distance(self, domain: Domain, x: Tensor) -> Tensor:
        """A smooth function (n,) that is zero on the sides and nowhere else."""
        found, first = torch.ones_like(x[:, 0]), 0
        for number, shape in enumerate(domain.shapes):
            sides = [side for own, side in self.sides if own == number]
            if sides:
                found = found * shape.vanishing(x[:, first : first + shape.dims], sides)
            first += shape.dims
        return found


@dataclass(frozen=True, eq=False)
class Form:
    """g, d and f_j. scales: of d for each output, which make its largest value about one."""

    domain: Domain
    outputs: int
    rules: tuple[HardValues, ...] = ()
    features: tuple[Feature, ...] = ()
    scales: tuple[float, ...] = ()

    @property
    def parts(self) -> int:
        """How many outputs the network has for each output of the solution."""
        return 1 + len(self.features)

    @property
    def plain(self) -> bool:
        """Whether the solution is the network itself."""
        return not self.rules and not self.features

    def columns(self, x: Tensor) -> Tensor:
        """g, then d, d f_1, ...: (n, outputs (1 + parts)), the outputs of each one after the other."""
        d = self.factor(x)
        return torch.cat([self.lift(x), d, *(d * feature_at(feature, x) for feature in self.features)], 1)

    def factor(self, x: Tensor) -> Tensor:
        """d (n, o)."""
        found = []
        distances = [rule.distance(self.domain, x) if rule.sides else None for rule in self.rules]
        for output in range(self.outputs):
            d = torch.ones_like(x[:, 0])
            for rule, distance in zip(self.rules, distances, strict=True):
                if output in rule.outputs:
                    d = d * (self._time(x)[1] if distance is None else distance)
            found.append(d * (self.scales[output] if self.scales else 1.0))
        return torch.stack(found, 1)

    def lift(self, x: Tensor) -> Tensor:
        """g (n, o): what sides ask for, and what the start asks for beyond it."""
        found, starts = self._on_sides(x), [rule for rule in self.rules if rule.derivative is not None]
        if not starts:
            return found
        time, _ = self._time(x)
        with torch.enable_grad():
            start = torch.full_like(time, self.domain.box[-1][0]).requires_grad_()
            there = torch.cat([x[:, :-1], start[:, None]], 1)
            known = [self._on_sides(there)]
            for _ in range(max(rule.derivative or 0 for rule in starts)):
                known.append(_by_time(known[-1], start))
        columns = list(found.unbind(1))
        for rule in starts:
            order, given = rule.derivative or 0, rule.at(there)
            for place, output in enumerate(rule.outputs):
                missing = given[:, place] - known[order][:, output]
                columns[output] = columns[output] + missing * time**order / math.factorial(order)
        return torch.stack(columns, 1)

    def _on_sides(self, x: Tensor) -> Tensor:
        """What sides ask for (n, o), extended to all x; 0 for outputs of which they ask nothing. Sides apart share by
        their distances."""
        rules = [rule for rule in self.rules if rule.derivative is None]
        values, columns = [rule.at(x) for rule in rules], []
        distances = [rule.distance(self.domain, x) for rule in rules] if len(rules) > 1 else []
        for output in range(self.outputs):
            own = [k for k, rule in enumerate(rules) if output in rule.outputs]
            parts = [values[k][:, rules[k].outputs.index(output)] for k in own]
            if len(own) < 2:
                columns.append(parts[0] if own else torch.zeros_like(x[:, 0]))
                continue
            weights = [math.prod([distances[other] for other in own if other != k], start=1.0) for k in own]
            whole = sum(weights[1:], start=torch.as_tensor(weights[0]))
            columns.append(sum(w * part for w, part in zip(weights, parts, strict=True)) / whole)
        return torch.stack(columns, 1)

    def _time(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Time since the start (n,), and the same in parts of all time."""
        low, high = self.domain.box[-1]
        return x[:, -1] - low, (x[:, -1] - low) / (high - low)


def feature_at(feature: Feature, x: Tensor) -> Tensor:
    """A feature at x (n, d): (n, 1)."""
    found = feature(x)
    return (found[:, None] if found.ndim == 1 else found).to(x.dtype)


def _by_time(y: Tensor, time: Tensor) -> Tensor:
    """The derivatives (n, o) of y (n, o) by time (n,)."""
    found = []
    for column in y.unbind(1):
        slope = None
        if column.requires_grad:
            (slope,) = torch.autograd.grad(column.sum(), time, create_graph=True, allow_unused=True)
        found.append(torch.zeros_like(time) if slope is None else slope)
    return torch.stack(found, 1)
