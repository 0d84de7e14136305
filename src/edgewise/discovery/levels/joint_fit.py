"""Least squares for one form at several levels at once: some constants are common to all, others each level's own.

Letters: n rows of a level, P constants that are fitted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ...symbolic.program import InUnits
from ...train.solvers.levenberg_marquardt import minimize
from ...train.solvers.stop import Step
from ..formulas.tree import Node, Num, jacobian, values, with_numbers
from ..polishing.least_squares import error, spreads
from ..tables.law_task import LawRows
from ..tables.tuning import TABLES
from .tuning import LEVELS

Numbers = tuple[Num, ...]


@dataclass(frozen=True)
class LevelForm:
    """A form with its numbers at each level, in the order of `walk`; numbers without a name are fitted.

    Attributes:
        node: the form, with whatever numbers.
        numbers: of each level.
        common: places of numbers that are the same at all levels, though they are fitted.
    """

    node: Node
    numbers: tuple[Numbers, ...]
    common: frozenset[int] = frozenset()

    def at(self, level: int) -> Node:
        """The formula of a level."""
        return with_numbers(self.node, self.numbers[level])

    def errors(self, rows: Sequence[LawRows]) -> list[float]:
        """The root mean squared error at each level."""
        return [error(self.at(level), part) for level, part in enumerate(rows)]

    def slots(self) -> list[list[tuple[int, int]]]:
        """Which constant each fitted number of a level is: pairs of its place and the position among all P."""
        common = {place: position for position, place in enumerate(sorted(self.common))}
        following, found = len(common), []
        for numbers in self.numbers:
            slots = []
            for place, part in enumerate(numbers):
                if place in common:
                    slots.append((place, common[place]))
                elif part.name is None:
                    slots.append((place, following))
                    following += 1
            found.append(slots)
        return found

    def count(self) -> int:
        """P."""
        return 1 + max((position for slots in self.slots() for _, position in slots), default=-1)

    def fixed(self, place: int, number: Num) -> LevelForm:
        """The same number at this place at all levels, which is not fitted."""
        numbers = tuple(_with(row, place, number) for row in self.numbers)
        return replace(self, numbers=numbers, common=self.common - {place})

    def tied(self, place: int, value: float) -> LevelForm:
        """One fitted number at this place, which begins at a value."""
        return replace(self.fixed(place, Num(value)), common=self.common | {place})

    def with_own(self, level: int, place: int, number: Num) -> LevelForm:
        """Another number at this place of one level."""
        rows = [_with(row, place, number) if n == level else row for n, row in enumerate(self.numbers)]
        return replace(self, numbers=tuple(rows))


def _with(numbers: Numbers, place: int, number: Num) -> Numbers:
    return (*numbers[:place], number, *numbers[place + 1 :])


@dataclass(frozen=True)
class JointConstants:
    """The mean squared error of all levels, each in units of its own scale, in the constants of a form."""

    form: LevelForm
    rows: Sequence[LawRows]
    scales: Sequence[float]

    def start(self) -> Tensor:
        """The constants as they are (P,)."""
        theta = torch.zeros(self.form.count(), dtype=torch.float64)
        for numbers, slots in zip(self.form.numbers, self.form.slots(), strict=True):
            for place, position in slots:
                theta[position] = numbers[place].value
        return theta

    def at(self, theta: Tensor) -> LevelForm:
        """The form with these constants."""
        found = theta.tolist()
        numbers = []
        for row, slots in zip(self.form.numbers, self.form.slots(), strict=True):
            row = list(row)
            for place, position in slots:
                row[place] = Num(found[position])
            numbers.append(tuple(row))
        return replace(self.form, numbers=tuple(numbers))

    def value(self, theta: Tensor) -> float:
        """The loss; NaN where the form is not defined on a row."""
        form, total = self.at(theta), 0.0
        for level, (part, scale) in enumerate(zip(self.rows, self.scales, strict=True)):
            total += float(((values(form.at(level), part.X) - part.y) / scale).square().sum())
        return total / sum(map(len, self.rows))

    def quadratic(self, theta: Tensor) -> tuple[float, Tensor, Tensor]:
        """Loss, gradient and curvature."""
        form, count = self.at(theta), sum(map(len, self.rows))
        loss, gradient = 0.0, torch.zeros_like(theta)
        curvature = torch.zeros(len(theta), len(theta), dtype=theta.dtype)
        for level, (part, slots) in enumerate(zip(self.rows, form.slots(), strict=True)):
            found, slopes = jacobian(form.at(level), part.X)
            rest, slopes = (found - part.y) / self.scales[level], slopes / self.scales[level]
            at = torch.tensor([position for _, position in slots], dtype=torch.long)
            loss += float(rest.square().sum()) / count
            gradient.index_add_(0, at, 2 / count * (slopes.T @ rest))
            curvature[at[:, None], at] += 2 / count * (slopes.T @ slopes)
        return loss, gradient, curvature

    def slopes(self) -> Tensor:
        """Derivatives (n of all levels, P) of all values, in units of the scales."""
        blocks, count = [], self.form.count()
        for level, (part, slots) in enumerate(zip(self.rows, self.form.slots(), strict=True)):
            block = torch.zeros(len(part), count, dtype=torch.float64)
            block[:, [position for _, position in slots]] = jacobian(self.form.at(level), part.X)[1]
            blocks.append(block / self.scales[level])
        return torch.cat(blocks)


def fitted_together(form: LevelForm, rows: Sequence[LawRows], noise: Sequence[float], *, steps: int) -> LevelForm:
    """The form with the constants of least squares, from where they are; as it is where they are of no use.

    noise: what each level's rows are off by, which weighs the levels.
    """
    sizes = [float(part.y.square().mean().sqrt()) or 1.0 for part in rows]
    scales = [max(off, LEVELS.level_weight * size) for off, size in zip(noise, sizes, strict=True)]
    problem: Any = JointConstants(form, rows, scales)
    theta = problem.start()
    if not len(theta) or not math.isfinite(problem.value(theta)):
        return form
    scaled = InUnits.at(problem, theta)
    floor = (1e-3 * TABLES.exact * min(size / scale for size, scale in zip(sizes, scales, strict=True))) ** 2

    def exact(step: Step) -> bool:
        return step.value <= floor

    found = minimize(scaled, theta / scaled.unit, steps=steps, watch=exact, patience=3, tolerance=1e-9)
    return problem.at(found.theta * scaled.unit)


def errors_together(form: LevelForm, rows: Sequence[LawRows], noise: Sequence[float]) -> list[dict[int, float]]:
    """The standard error of every fitted number, by its place, at each level; infinite where rows do not tell it."""
    found = spreads(JointConstants(form, rows, noise).slopes())
    return [{place: found[position] for place, position in slots} for slots in form.slots()]
