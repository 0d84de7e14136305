"""The task: streams of points that differ by use, round and condition; names that tell conditions apart."""

from __future__ import annotations

from itertools import combinations

import torch

from edgewise.pde.boundary_problem import BoundaryProblem, Use
from edgewise.pde.conditions import Dirichlet, Neumann
from edgewise.pde.domain import Domain
from edgewise.pde.equation import Equation
from helpers import assert_equal

BOX = Domain.create(((0, 1), (0, 1)))
TASK = BoundaryProblem(
    equation=Equation.asked(lambda u, x: u(0, 0), BOX, 1),
    domain=BOX,
    conditions=(
        Dirichlet(0.0, where=lambda x: x[:, 0] == 0),
        Neumann(0.0, where=lambda x: x[:, 1] == 0),
        Dirichlet(1.0, where=lambda x: x[:, 0] == 1),
    ),
    timed=False,
    outputs=1,
    points=100,
    seed=3,
    grids=None,
    steps=10,
    restarts=0,
)


def test_names_tell_conditions_apart():
    terms = TASK.terms(TASK.points_for(Use.TRAINING, 100), Use.TRAINING)
    assert [term.name for term in terms] == ["the equation", "Dirichlet 1", "Neumann", "Dirichlet 2"]


def test_every_use_and_round_has_points_of_its_own():
    found = [TASK.points_for(use, 50, number) for use in (Use.TRAINING, Use.FRESH) for number in range(3)]
    assert not any(torch.equal(one, two) for one, two in combinations(found, 2))
    assert_equal(TASK.points_for(Use.FRESH, 50, 2), found[-1])


def test_conditions_of_one_kind_have_points_of_their_own():
    terms = TASK.terms(TASK.points_for(Use.TRAINING, 100), Use.TRAINING)
    assert not torch.equal(terms[1].x[:, 1], terms[3].x[:, 1])
    again = TASK.terms(TASK.points_for(Use.TRAINING, 100), Use.TRAINING, 1)
    assert not torch.equal(terms[1].x, again[1].x)
