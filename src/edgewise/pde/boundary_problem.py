"""What is to be solved, as one checked value; and the points for it.

Letters: n point, d dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from torch import Tensor, nn

from ..config import seed_of_stream
from ..model import KAN
from .collocation import Jets
from .conditions import Condition, Scene
from .domain import Domain
from .equation import Equation
from .field import Unknown
from .form import Form
from .form_jets import FormJets
from .kan_jets import KanJets
from .module_jets import ModuleJets
from .residual_terms import ResidualTerm
from .tuning import TUNED


class Use(IntEnum):
    """What random numbers are for: each use has a stream of its own."""

    TRAINING = 0
    FRESH = 1
    CANDIDATES = 2
    CHOICE = 3
    FOLLOWING = 4


@dataclass(frozen=True)
class BoundaryProblem:
    """An equation on a domain with conditions, and how much work may be done for it.

    timed: the last coordinate is time. points: of the equation in each round. grids: those of the rounds, None where
    they are chosen. steps: of the minimiser in a round. fixed: names of parameters of a KAN that stay as they are.
    conditions: the soft ones; the hard ones hold by the form of the solution around the network, None where it is the
    network itself.
    """

    equation: Equation
    domain: Domain
    conditions: tuple[Condition, ...]
    timed: bool
    outputs: int
    points: int
    seed: int
    grids: tuple[int, ...] | None
    steps: int
    restarts: int
    fixed: frozenset[str] = frozenset()
    form: Form | None = None
    hard: tuple[Condition, ...] = ()

    def jets(self, module: nn.Module, *, moving: bool = True) -> Jets:
        """A network in the form of the solution, as a function with derivatives. moving: its parameters will be, but
        not those that are `fixed`."""
        fixed = self.fixed if moving else ()
        inner = KanJets(module, fixed) if isinstance(module, KAN) else ModuleJets(module, self.domain.dims)
        return inner if self.form is None else FormJets(inner, self.form)

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Constants to be found beside the network."""
        return self.equation.unknowns

    def seed_of(self, use: Use, number: int = 0) -> int:
        """Seeds far apart for neighbouring seeds, uses and numbers."""
        return seed_of_stream(self.seed, use, number) % 2**62

    def points_for(self, use: Use, count: int, number: int = 0) -> Tensor:
        """Points (count, d) spread evenly, from the stream of this use and number."""
        return self.domain.interior(count, self.seed_of(use, number))

    def terms(
        self, x: Tensor, use: Use, number: int = 0, follow: Callable[[Tensor], Tensor] | None = None
    ) -> list[ResidualTerm]:
        """The equation at x (n, d), and all conditions on points from the stream of this use and number.

        follow: carries half of the points of an `Initial` condition to where knots are.
        """
        found = [self.equation.term(x)]
        for place, condition in enumerate(self.conditions, start=1):
            found.append(condition.term(self._scene(len(x), use, number, place, follow)))
        return _numbered(found)

    def hard_terms(self, points: int, use: Use) -> list[ResidualTerm]:
        """The hard conditions, as if they were soft, for so many points of the equation."""
        first = 1 + len(self.conditions)
        found = [c.term(self._scene(points, use, 0, place)) for place, c in enumerate(self.hard, start=first)]
        return _numbered(found)

    def _scene(
        self, points: int, use: Use, number: int, place: int, follow: Callable[[Tensor], Tensor] | None = None
    ) -> Scene:
        """What the condition at this place needs."""
        dims, seed = self.domain.dims, self.seed_of(use, TUNED.streams * (number + 1) + TUNED.shapes * place)
        count = math.ceil(TUNED.boundary * points ** ((dims - 1) / dims))
        return Scene(self.domain, count, seed, self.outputs, self.timed, self.equation.orders, follow)


def _numbered(terms: list[ResidualTerm]) -> list[ResidualTerm]:
    """The terms with a number behind each name that occurs more than once."""
    names = [term.name for term in terms]
    return [
        replace(term, name=f"{term.name} {names[: place + 1].count(term.name)}") if names.count(term.name) > 1 else term
        for place, term in enumerate(terms)
    ]
