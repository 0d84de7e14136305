"""What speaks against a solution: an equation far from zero, conditions far from met, or too few conditions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .boundary_problem import BoundaryProblem
from .collocation import Collocation
from .conditions import Data
from .open_values import least_changes, told_open
from .tuning import TUNED
from .unmet import far_off, size_of, told
from .unsolved import told as told_unsolved


@dataclass(frozen=True, eq=False)
class Judgement:
    """A solution on fresh points.

    problem, theta: the equation, its conditions, and the parameters of the solution. squares: what is left of each, as
    a mean square. sizes: how large the parts of each residual (k,) of the equation are, as mean squares. least: root
    mean square of a value that counts as more than zero.
    """

    task: BoundaryProblem
    problem: Collocation
    theta: Tensor
    squares: Sequence[float]
    sizes: Tensor
    least: float

    def unsolved(self) -> float:
        """The largest residual of the equation, in parts of its parts."""
        return float(self._shares().max().sqrt())

    def unmet(self) -> dict[str, float]:
        """The conditions that are far from met, but for measured values, which have noise."""
        asked = self._exact()[1:]
        terms, squares = [self.problem.terms[place] for place in asked], [self.squares[place] for place in asked]
        constants, x = self.problem.load(self.theta), self.problem.terms[0].x
        return far_off(self.problem.jets, constants, self.task.domain, x, terms, squares, self.least)

    def open(self, *, solved: bool) -> str:
        """How far values may be off, as the equation and its conditions do not tell; "" if they do.

        Noise of measured values is no reason: many of them tell more than one does. Points that are fewer than
        parameters cannot say. solved: whether nothing else speaks against the solution. If not, what is left of the
        equation tells of the work that remains, and only values count that would be open after it.
        """
        if sum(term.count for term in self.problem.terms) < len(self.theta):
            return ""
        constants, (equation, *conditions) = self.problem.load(self.theta), self.problem.terms
        jets, domain = self.problem.jets, self.task.domain
        usual = [size_of(jets, constants, domain, equation.x, term, self.least) for term in conditions]
        sizes = [self.sizes, *self.theta.new_tensor(usual)[:, None]]
        sizes = [torch.where(size > 0, size, 1.0) for size in sizes]
        met = sum(self.squares[place] / float(sizes[place]) for place in self._exact()[1:])
        left = math.sqrt(float(self._shares().sum()) + met) if solved else 0.0
        names = [unknown.name for unknown in self.problem.unknowns]
        return told_open(left, least_changes(self.problem, self.theta, sizes, self.least), names)

    def told(self) -> str:
        """All of it in words; "" where nothing speaks against the solution."""
        found = []
        if (share := self.unsolved()) > TUNED.unsolved:
            found.append(told_unsolved(share))
        if unmet := self.unmet():
            found.append(told(unmet))
        rules = self.task.form.rules if self.task.form else ()
        if self.task.equation.indices.order and not self.task.conditions and not rules:
            found.append("Without conditions, an equation has many solutions as a rule")
        elif open_by := self.open(solved=not found):
            found.append(open_by)
        return ". ".join(found)

    def _shares(self) -> Tensor:
        """What is left of each residual (k,) of the equation, as a mean square in parts of its parts."""
        left = self.problem.at(self.problem.terms[0], self.problem.load(self.theta)).square().mean(0)
        return (left / self.sizes.clamp_min(1e-300)).nan_to_num(nan=math.inf, posinf=math.inf)

    def _exact(self) -> list[int]:
        """The places of what a solution meets exactly: of the equation, and of conditions but for measured values."""
        return [0, *(place for place, one in enumerate(self.task.conditions, 1) if not isinstance(one, Data))]
