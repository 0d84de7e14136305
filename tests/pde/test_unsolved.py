"""An equation that is far from zero is told, and that of a straight or constant solution is not."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.pde.domain import Domain
from edgewise.pde.function_jets import function_jets
from edgewise.pde.indices import Indices
from edgewise.pde.residual_terms import ResidualTerm
from edgewise.pde.tuning import TUNED
from edgewise.pde.unsolved import parts_of

pde = ew.pde
PI = math.pi
UNIT = ((0.0, 1.0), (0.0, 1.0))
LINE = ((0.0, 1.0),)


class Function:
    """The derivatives of a function of x (n, d)."""

    outputs = 1

    def __init__(self, function):
        self.function = function

    def derivatives(self, x, indices):
        return function_jets(self.function, x, indices)


def sine(x):
    return torch.sin(PI * x[:, :1])


def laplace(u, x, _=None):
    return u(0, 0) + u(1, 1)


def heat(u, x, _=None):
    return u(1) - u(0, 0)


def wave(u, x, _=None):
    return u(1, 1) - u(0, 0)


def share(function, residual, orders, domain) -> float:
    """The largest residual of a function with a ripple of 1e-7, as of one that was found."""
    place = Domain.create(domain)
    x = place.interior(500, 0)
    term = ResidualTerm("the equation", x, x[:, :0], residual, Indices.closing(orders))
    jets: Any = Function(lambda x: function(x) + 1e-7 * torch.sin(3 * x).sum(1, keepdim=True))
    left = term.value(jets.derivatives(x, term.indices), {}).square().mean(0)
    return float((left / parts_of(jets, {}, place, term, 1e-3)).max().sqrt())


SECOND, TIMED = [(2, 0), (0, 2)], [(2, 0), (0, 1)]
FOUND = {
    "straight, steady": (lambda x: x[:, :1], heat, TIMED, UNIT),
    "a plane": (lambda x: 3 + x.sum(1, keepdim=True), laplace, SECOND, UNIT),
    "constant": (lambda x: 5 + 0 * x[:, :1], laplace, SECOND, UNIT),
    "zero": (lambda x: 0 * x[:, :1], laplace, SECOND, UNIT),
    "next to zero beside another output": (
        lambda x: torch.cat([sine(x), 1e-5 * torch.sin(3 * x[:, 1:])], 1),
        lambda u, *_: (u(0, 0)[:, 0] + PI**2 * u()[:, 0], u(0, 0)[:, 1] + u(1, 1)[:, 1]),
        SECOND,
        UNIT,
    ),
    "it depends on what is no place": (lambda x: x[:, :1], lambda u, *_: u(1, 1), [(0, 2)], UNIT),
}
WRONG = {
    "heat that does not spread": (sine, heat, TIMED, UNIT),
    "so in a short time": (sine, lambda u, *_: u(1) - 0.1 * u(0, 0), TIMED, ((0, 1), (0, 0.01))),
    "a wave at rest in a short time": (sine, wave, SECOND, ((0, 1), (0, 0.02))),
    "a source on 293 kelvins": (lambda x: 293 + 0 * x, lambda u, *_: u(0, 0) + 60, [(2,)], LINE),
    "a tenth of that is missing": (lambda x: 293 + 27 * x * (1 - x), lambda u, *_: u(0, 0) + 60, [(2,)], LINE),
    "decay that does not": (lambda x: 1 + 0 * x, lambda u, *_: u(0) + 2 * u(), [(1,)], LINE),
    "a pole in a coefficient": (
        lambda x: 0.9 * torch.cos(PI / 2 * x),
        lambda u, x, _: u(0, 0) + u(0) / x[:, :1] + 4,
        [(2,)],
        LINE,
    ),
    "a coefficient that is large in places": (
        lambda x: x / 10,
        lambda u, x, _: torch.where(x[:, :1] < 0.2, 1e4, 1.0) * u(0, 0) + 1,
        [(2,)],
        LINE,
    ),
    "one residual beside a large one": (
        lambda x: torch.cos(1.2 * x),
        lambda u, *_: (1e4 * (u(0, 0) + 1.44 * u()), u(0, 0) + u()),
        [(2,)],
        LINE,
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_solutions_whose_parts_vanish_are_not_doubted(name):
    assert share(*FOUND[name]) < 0.1 * TUNED.unsolved


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_solution_is_doubted(name):
    assert TUNED.unsolved < share(*WRONG[name]) < 1.5


def message(equation, conditions) -> str:
    model = ew.KAN((2, 4, 1), degree=5, base=None, grid_size=4, seed=1)
    settings = {"points": 400, "grids": (4,), "steps": 20, "restarts": 0, "progress": False}
    return pde.solve(model, equation, domain=UNIT, conditions=conditions, **settings).message


def test_a_steady_profile_that_was_found_is_not_doubted():
    assert "hardly" not in message(heat, [pde.Dirichlet(lambda x: x[:, 0])])


def test_slabs_in_which_next_to_nothing_happens_are_not_doubted():
    straight = pde.Dirichlet(lambda x: x[:, 0])
    model = pde.polynomial_in_time(2, power=1, grid_size=3, degree=5)
    settings = {"points": 60, "grids": (3,), "steps": 5, "restarts": 0, "progress": False, "slabs": 2}
    conditions = [pde.Initial(lambda x: x[:, 0]), straight]
    assert "hardly" not in pde.solve(model, heat, domain=UNIT, conditions=conditions, **settings).message
