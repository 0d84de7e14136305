"""Conditions that a solution is far from meeting are told, and others are not."""

from __future__ import annotations

import pytest

import edgewise as ew

pde = ew.pde


def message(conditions, equation=lambda u, x: u(0, 0), domain=((0.0, 1.0),), **settings):
    model = ew.KAN((len(domain), 3, 1), degree=5, base=None, grid_size=3, seed=1)
    settings = {"points": 60, "steps": 30, "restarts": 0, "grids": (3,), "progress": False} | settings
    return pde.solve(model, equation, domain=domain, conditions=conditions, **settings).message


@pytest.mark.parametrize("size", [1e-3, 100.0])
def test_conditions_that_contradict_each_other_are_doubted_at_any_scale(size):
    found = message([pde.Dirichlet(0.0), pde.Dirichlet(size)])
    assert "Conditions are far from met" in found and "Dirichlet 1 by" in found and "Dirichlet 2 by" in found


@pytest.mark.parametrize(
    "conditions",
    [
        [pde.Dirichlet(0.0)],  # the solution is zero
        [pde.Dirichlet(3.0, where=lambda x: x[:, 0] < 0.5), pde.Neumann(0.0, where=lambda x: x[:, 0] > 0.5)],
        [pde.Dirichlet(lambda x: 1e-4 * x)],
        [pde.Dirichlet(lambda x: x), pde.Data([[0.5], [0.6]], [0.9, 0.2])],  # measured values have noise
    ],
)
def test_conditions_that_are_met_are_not_doubted(conditions):
    assert "far from met" not in message(conditions)


def test_slabs_doubt_their_conditions_too():
    walls = [pde.Dirichlet(0.0), pde.Dirichlet(10.0), pde.Initial(lambda x: 0 * x[:, 0])]
    found = message(walls, lambda u, x: u(1) - u(0, 0), ((0.0, 1.0), (0.0, 0.2)), slabs=(0.1,), steps=15)
    assert "Conditions are far from met" in found and "in the slab from 0" in found
