"""A problem with many solutions is told as one, and a problem with one solution is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.pde import refinement

pde = ew.pde
NU = pde.Unknown("nu", 1.0)


def left(x):
    return x[:, 0] < 1e-9


def oscillation(u, _):
    return u(0, 0) + u()


def decay(u, _):
    return u(0) + u[NU] * u()


def message(equation, conditions, end=1.0):
    model = ew.KAN((1, 1), degree=5, base=None, grid_size=4, seed=1)
    settings = {"points": 60, "grids": (4,), "restarts": 0, "progress": False}
    return pde.solve(model, equation, domain=((0.0, end),), conditions=conditions, **settings).message


OPEN = {
    "a slope is missing": (oscillation, [pde.Initial(1.0)]),
    "values up to a constant": (lambda u, x: u(0, 0) - x, [pde.Neumann(0.0, where=left)]),
    "a constant without measurements": (decay, [pde.Initial(1.0)]),
}
SHUT = {
    "start and slope": (oscillation, [pde.Initial(1.0), pde.Initial(0.0, derivative=1)]),
    "two ends": (oscillation, [pde.Dirichlet(1.0)]),
    "the solution is zero": (oscillation, [pde.Dirichlet(0.0)]),
    "hard ends": (oscillation, [pde.Dirichlet(1.0, hard=True)]),
    "growth by e^10": (lambda u, x: u(0) - 10 * u(), [pde.Initial(1.0)]),
    "noisy measurements": (
        decay,
        [pde.Initial(1.0), pde.Data([[0.2], [0.4], [0.6], [0.8]], [0.7, 0.6, 0.25, 0.3])],
    ),
}


MEASURED = pde.Data([[0.1], [0.5], [0.9]], [0.9, 0.6, 0.4])
SCALE = pde.Unknown("scale", 1.0)


@pytest.mark.parametrize(
    ("equation", "conditions"),
    [
        (lambda u, x: u(0) + u[NU] * u[SCALE] * u(), [MEASURED]),  # only the product is told
        (lambda u, x: u(0) + u[NU] * u() + u[SCALE] * u(), [MEASURED]),  # only the sum
        (lambda u, x: u(0, 0) + u[NU] * u(), [pde.Dirichlet(0.0)]),  # zero solves it, whatever nu is
    ],
)
def test_constants_that_nothing_determines_are_told(equation, conditions):
    assert "hardly tell unknown constants (nu" in message(equation, conditions)


def test_constants_that_measurements_determine_are_not_doubted():
    assert "unknown constants" not in message(decay, [MEASURED])
    noisy = [pde.Data([[0.0], [0.5], [1.0], [1.5], [2.0]], [1.05, 0.55, 0.4, 0.18, 0.18])]
    limit = pde.Unknown("limit", 0.1)
    assert "unknown constants" not in message(lambda u, x: u(0) + u[NU] * (u() - u[limit]), noisy, 2.0)
    still = [pde.Data([[0.2], [0.5], [0.8]], [1.0, 1.0, 1.0])]
    assert "unknown constants" not in message(decay, still), "a constant that is found to be zero"


@pytest.mark.parametrize("name", OPEN)
def test_values_that_conditions_leave_open_are_told(name):
    assert "Values may be off by" in message(*OPEN[name])


@pytest.mark.parametrize("name", SHUT)
def test_values_that_conditions_determine_are_not_doubted(name):
    assert "may be off" not in message(*SHUT[name])


def test_large_coefficients_of_one_residual_do_not_open_what_the_other_tells():
    model = ew.KAN((1, 2), degree=5, base=None, grid_size=4, seed=1)
    start = pde.Initial(lambda x: torch.cat([1 + 0 * x, 0 * x], 1))
    settings = {"points": 60, "grids": (4,), "restarts": 0, "progress": False}

    def turning(u, _):
        return 1e9 * (u(0)[:, 0] - u()[:, 1]), u(0)[:, 1] + u()[:, 0]

    assert "may be off" not in pde.solve(model, turning, domain=((0, 1),), conditions=[start], **settings).message


def test_an_equation_without_derivatives_needs_no_conditions():
    assert "Without conditions" not in message(lambda u, x: u() ** 3 + u() - x, [])
    assert "Without conditions" in message(lambda u, x: u(0) - x, [])


@pytest.mark.parametrize(("wall", "few"), [(pde.Neumann(0.0), True), (pde.Dirichlet(0.0), False)])
def test_open_values_are_told_of_what_is_hardly_solved_too(wall, few):
    model = ew.KAN((2, 3, 1), degree=5, base=None, grid_size=3, seed=1)
    settings = {"points": 200, "grids": (3,), "steps": 3, "restarts": 0, "progress": False}
    found = pde.solve(
        model, lambda u, x: u(0, 0) + u(1, 1) - x[:, :1], domain=((-1, 1), (0, 1)), conditions=[wall], **settings
    )
    assert "hardly a solution" in found.message
    assert ("may be off by all of their size" in found.message) == few


def test_fewer_points_than_parameters_say_nothing_of_open_values(monkeypatch):
    monkeypatch.setattr(refinement, "TUNED", replace(refinement.TUNED, fresh=6))
    assert "may be off" not in message(*SHUT["start and slope"])
