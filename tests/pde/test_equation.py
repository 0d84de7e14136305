"""The equation: what it asks for is noted, what cannot be used is refused."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, ShapeError
from edgewise.pde.domain import Domain
from edgewise.pde.equation import Equation, refuse_coupled, refuse_degree
from edgewise.pde.field import Unknown

BOX = Domain.create(((0, 1), (0, 1)))
NU = Unknown("nu", 0.1)


def test_derivatives_and_unknowns_are_noted():
    equation = Equation.asked(lambda u, x: u(1) - u[NU] * u(0, 0) + x[:, :1], BOX, 1)
    assert set(equation.indices.entries) == {(0, 0), (0, 1), (1, 0), (2, 0)}
    assert equation.unknowns == (NU,) and equation.orders == (2, 1)


def test_logarithms_of_the_solution_can_be_asked_for():
    assert Equation.asked(lambda u, x: torch.log(u()) - u(0), BOX, 2).orders == (1, 0)


@pytest.mark.parametrize("mixed", [lambda u, x: u(0) - x[:, 0], lambda u, x: (u(0), u(0)[:, 0] - u())])
def test_rows_that_meet_columns_are_refused(mixed):
    with pytest.raises(ShapeError, match="x\\[:, :1\\]"):
        Equation.asked(mixed, BOX, 1)


@pytest.mark.parametrize("outputs", [2, 5, 6])
def test_as_many_residuals_as_points_are_taken(outputs):
    """Boundaries of an interval have two points."""
    model = ew.KAN((1, outputs), degree=5, base=None, grid_size=3, seed=1)
    settings = {"points": 30, "grids": (3,), "steps": 5, "restarts": 0, "progress": False}
    ends = ew.pde.Dirichlet(0.0)
    sol = ew.pde.solve(model, lambda u, x: u(0, 0) - 1, domain=((0, 1),), conditions=[ends], **settings)
    assert sol.errors["the equation"] < 1e-6


def test_only_splines_need_a_degree():
    equation = Equation.asked(lambda u, x: u(0, 0, 0), BOX, 1)
    term, model = equation.term(BOX.interior(5, 0)), ew.KAN((2, 1), degree=2)
    with pytest.raises(ConfigError, match="degree=6"):
        refuse_degree(model.edge_layers, [term])
    refuse_degree(ew.KAN((2, 1), degree=3).edge_layers, [term])
    symbolic = ew.set_symbolic(model, {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0), (0, 1, 0): ("sin", 1.0, 0.0, 1.0, 0.0)})
    refuse_degree(symbolic.edge_layers, [term])


@pytest.mark.parametrize("coupled", [lambda u, x: u(0) - u().mean(), lambda u, x: u(0) * x.sum()])
def test_equations_that_couple_points_are_refused(coupled):
    term = Equation.asked(coupled, BOX, 1).term(BOX.interior(5, 0))
    with pytest.raises(ConfigError, match="depends on other points"):
        refuse_coupled(term, torch.randn(len(term.indices), 5, 1, dtype=torch.float64), {})
