"""The unit of a solution: what an equation asks for is found in any unit, and ordinary sizes are left alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import edgewise as ew


def solved(equation: Any, conditions: list[Any], model: ew.KAN | None = None) -> ew.KAN:
    """The network after a step."""
    model = ew.KAN((1, 1), degree=5, base=None) if model is None else model
    settings: dict[str, Any] = {"points": 50, "grids": (5,), "steps": 1, "restarts": 0, "progress": False}
    return ew.pde.solve(model, equation, domain=((0, 1),), conditions=conditions, **settings).model  # type: ignore


def heat(unit: float) -> ew.pde.Solution:
    return ew.pde.solve(
        ew.KAN((2, 4, 1), degree=5, base=None),
        lambda u, x: u(1) - u(0, 0),
        domain=((0, math.pi), (0, 1)),
        conditions=[ew.pde.Dirichlet(0.0), ew.pde.Initial(lambda x: unit * torch.sin(x[:, 0]))],
        points=300,
        grids=(4,),
        steps=40,
        restarts=0,
        progress=False,
    )


@pytest.mark.parametrize("unit", [1e6, 1e-8])
def test_a_solution_is_found_in_any_unit(unit: float):
    x = torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * torch.tensor([math.pi, 1])
    exact = unit * torch.exp(-x[:, 1]) * torch.sin(x[:, 0])
    found = heat(unit).model(x).detach()[:, 0]
    assert float((found - exact).abs().max()) < 1e-3 * unit


@pytest.mark.parametrize(
    ("equation", "value", "wanted"),
    [
        (lambda u, x: u(0, 0), 1.0, 1.0),
        (lambda u, x: u(0, 0), 0.0, 1.0),  # zero is asked for: of no unit
        (lambda u, x: u(0, 0), 1e5, 1e4),
        (lambda u, x: u(0, 0) - 1e-7, 0.0, 1e-6),
        (lambda u, x: u(0, 0) - 1 / u(), 0.0, 1.0),  # a network that is zero has no value there
        (lambda u, x: u(0, 0) - 1e-3 * (u() ** 4 - 300.0**4), 300.0, 1e2),  # radiation: slopes at zero say nothing
        (lambda u, x: u(0, 0) - 1e6 * (u() ** 3 - 1), 1.0, 1.0),
    ],
)
def test_the_unit_is_what_the_largest_term_asks_for(equation: Any, value: float, wanted: float):
    sol = solved(equation, [ew.pde.Dirichlet(value)])
    assert float(sol.output_scale) == pytest.approx(wanted)


def test_a_network_that_was_trained_keeps_its_scale():
    equation, wall = (lambda u, x: u(0, 0) - 1e6), [ew.pde.Dirichlet(1.0)]
    first = solved(lambda u, x: u(0, 0), wall)
    assert first.edits and float(solved(equation, wall, first).output_scale) == 1.0
    assert float(solved(equation, wall).output_scale) > 1.0


def test_a_network_that_was_scaled_keeps_its_scale():
    scaled = ew.KAN((1, 1), degree=5, base=None).build(scaling={"output_scale": torch.full((1,), 7.0).double()})
    assert float(solved(lambda u, x: u(0, 0), [ew.pde.Dirichlet(1e6)], scaled).output_scale) == 7.0
