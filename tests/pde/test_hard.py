"""Hard conditions hold to rounding whatever the network, and those that cannot are refused in words."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise import pde
from edgewise.errors import ConfigError, ShapeError
from edgewise.pde.ansatz import Ansatz
from edgewise.pde.domain import Domain
from edgewise.pde.function_jets import function_jets
from edgewise.pde.hard import form_of
from edgewise.pde.indices import Indices

L_SHAPE = pde.Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])
HOLED = pde.Polygon([(0, 0), (2, 0), (2, 2), (1, 1), (0, 2)], holes=[[(0.8, 0.3), (1.2, 0.3), (1.0, 0.6)]])
U_SHAPE = pde.Polygon([(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)])


def around(conditions: list[Any], domain: Any, outputs: int = 1, seed: int = 0) -> Ansatz:
    """A network that nobody trained, in the form of these conditions."""
    place = Domain.create(domain)
    timed = any(isinstance(condition, pde.Initial) for condition in conditions)
    return Ansatz(ew.KAN((place.dims, 3, outputs), seed=seed), form_of(conditions, (), place, outputs, timed))


def wavy(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(0.3 * x).prod(1)


@pytest.mark.parametrize(
    "domain",
    [((-1, 2), (0, 0.5)), ((0, 1),) * 3, pde.Disc((0.3, 0), 2), L_SHAPE, HOLED, U_SHAPE, (pde.Disc((0, 0), 1), (0, 3))],
    ids=["a box", "a cube", "a disc", "an L", "a hole and a notch", "a U", "a cylinder"],
)
def test_values_hold_on_all_of_the_boundary_and_nowhere_else(domain: Any):
    model = around([pde.Dirichlet(wavy, hard=True)], domain)
    place = Domain.create(domain)
    x, _ = place.boundary(400, 5)
    assert float((model(x).detach()[:, 0] - wavy(x)).abs().max()) < 1e-13
    factor = model.form.factor(place.interior(2000, 7))
    assert float(factor.min()) > 0 and 0.9 < float(factor.max()) < 1.5


def test_values_hold_on_the_sides_that_are_selected():
    model = around([pde.Dirichlet(2.0, where=lambda x: x[:, 0] == 0, hard=True)], ((0, 1), (0, 1)))
    x = torch.rand(50, 2, dtype=torch.float64)
    x[:25, 0], x[25:, 0] = 0.0, 1.0
    y = model(x).detach()
    assert bool((y[:25] == 2.0).all()) and float((y[25:] - 2.0).abs().max()) > 1e-3


def test_values_of_sides_apart_hold_together():
    ends = [pde.Dirichlet(value, where=lambda x, v=value: x[:, 0] == v, hard=True) for value in (0.0, 3.0)]
    model = around(ends, ((0, 3), (0, 1)))
    x = torch.rand(50, 2, dtype=torch.float64)
    x[:25, 0], x[25:, 0] = 0.0, 3.0
    assert float((model(x).detach()[:, 0] - x[:, 0]).abs().max()) < 1e-14


def test_a_start_with_velocity_and_walls_hold_together():
    def rest(x):
        return torch.sin(math.pi * x[:, 0])

    def speed(x):
        return x[:, 0] * (1 - x[:, 0])

    hard: Any = {"hard": True}
    model = around(
        [pde.Initial(rest, **hard), pde.Initial(speed, derivative=1, **hard), pde.Dirichlet(0.0, **hard)],
        ((0, 1), (0.5, 2)),
    )
    x = torch.rand(60, 2, dtype=torch.float64)
    x[:, 1] = 0.5 + 1.5 * x[:, 1]
    x[:20, 0], x[20:40, 0], x[40:, 1] = 0.0, 1.0, 0.5
    found = function_jets(model, x, Indices.closing([(0, 1)]))[:, :, 0]
    assert float(found[0, :40].abs().max()) < 1e-14
    assert float((found[0, 40:] - rest(x[40:])).abs().max()) < 1e-14
    assert float((found[1, 40:] - speed(x[40:])).abs().max()) < 1e-13


def test_outputs_have_conditions_of_their_own():
    model = around([pde.Dirichlet(1.0, outputs=[1], hard=True)], ((0, 1),), outputs=2)
    ends = model(torch.tensor([[0.0], [1.0]], dtype=torch.float64)).detach()
    assert bool((ends[:, 1] == 1.0).all()) and float((ends[:, 0] - 1).abs().min()) > 1e-6


def poisson(hard: bool, **settings: Any) -> pde.Solution:
    """A problem whose solution is a function of no simple form."""

    def exact(x):
        return (torch.sin(math.pi * x[:, :1]) * torch.sin(math.pi * x[:, 1:])) * torch.exp(x[:, :1] * x[:, 1:])

    def equation(u, x):
        indices = Indices.closing([(2, 0), (0, 2)])
        jets = function_jets(exact, x, indices)
        return u(0, 0) + u(1, 1) - jets[indices.position[2, 0]] - jets[indices.position[0, 2]]

    model = ew.KAN((2, 4, 1), grid_size=4, degree=5, base=None, seed=2)
    given = {"points": 200, "grids": (4,), "steps": 25, "restarts": 0, "progress": False} | settings
    sol = pde.solve(model, equation, domain=((0, 1), (0, 1)), conditions=[pde.Dirichlet(0.0, hard=hard)], **given)
    x = torch.rand(500, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    sol.errors["exact"] = float((sol.model(x).detach() - exact(x)).norm() / exact(x).norm())
    return sol


@pytest.mark.slow
def test_an_equation_is_solved_with_hard_conditions():
    hard, soft = poisson(True), poisson(False)
    assert isinstance(hard.model, Ansatz) and hard.errors["Dirichlet"] == 0.0
    assert hard.errors["exact"] < 1e-2 and soft.errors["Dirichlet"] > 0
    assert "Without conditions" not in hard.message
    more = pde.solve(
        hard.model,
        lambda u, x: u(0, 0) + u(1, 1),
        domain=((0, 1), (0, 1)),
        conditions=[pde.Dirichlet(0.0, hard=True)],
        points=200,
        steps=2,
        grids=(6,),
        progress=False,
    )
    assert isinstance(more.model.network, ew.KAN), "a form goes on from its network"


@pytest.mark.slow
def test_slabs_have_hard_walls():
    def cooling(x):
        return torch.sin(math.pi * x[:, :1]) * torch.exp(-(math.pi**2) * x[:, 1:])

    conditions = [pde.Initial(cooling), pde.Dirichlet(0.0, hard=True)]
    given = {"domain": ((0, 1), (0, 0.2)), "conditions": conditions, "points": 400, "steps": 10, "progress": False}
    heat = lambda u, x: u(1) - u(0, 0)  # noqa: E731
    sol = pde.solve(pde.polynomial_in_time(2, power=4, grid_size=6, degree=5), heat, slabs=3, grids=(6,), **given)
    assert isinstance(sol.model, Ansatz) and isinstance(sol.model.network, pde.TimeSlabs)
    assert sol.errors["Dirichlet"] == 0.0
    x = torch.tensor([[0.3, 0.15]], dtype=torch.float64)
    assert float((sol.model(x) / cooling(x) - 1).abs().detach()) < 1e-3
    more = pde.solve(sol.model, heat, grids=(9,), **given)
    assert [network.edge_layers[0].grid_size for network in more.model.network.networks] == [9] * 3
    assert more.errors["the equation"] < 3 * sol.errors["the equation"] and len(more.history) < 60


BOX, ROD = ((0, 1), (0, 1)), ((0, 1),)
NOTCH: Any = {"where": lambda x: x[:, 1] == 0, "hard": True}


@pytest.mark.parametrize("conditions, domain, error, words", [
    ([pde.Dirichlet(0.0, where=lambda x: x[:, 0] < 0.5, hard=True)], BOX, ConfigError, "whole sides.*hard=False"),
    ([pde.Dirichlet(0.0, where=lambda x: x[:, 0] > 5, hard=True)], BOX, ConfigError, "holds nowhere"),
    ([pde.Dirichlet(0.0, hard=1)], BOX, ConfigError, "must be True or False"),  # type: ignore[arg-type]
    ([pde.Dirichlet(0.0, where=lambda x, k=k: x[:, k] == 0, hard=True) for k in (0, 1)], BOX, ConfigError, "meet"),
    ([pde.Dirichlet(0.0, hard=True), pde.Dirichlet(1.0, hard=True)], ROD, ConfigError, "meet in a point"),
    ([pde.Dirichlet(0.0, hard=True), pde.Initial(1.0, hard=True)], BOX, ConfigError, "disagree at"),
    ([pde.Initial(1.0, derivative=1, hard=True)], BOX, ConfigError, "left out|derivatives"),
    ([pde.Initial(0.0, hard=True)], pde.Disc((0, 0), 1), ConfigError, "time as the last"),
    ([pde.Initial(0.0, derivative=9, hard=True)], ROD, ConfigError, "must be 0 to 3"),
    ([pde.Dirichlet(lambda x: wavy(x).detach(), hard=True)], BOX, ConfigError, "autograd does not see"),
    ([pde.Dirichlet(lambda x: x, hard=True)], BOX, ShapeError, "shape"),
    ([pde.Dirichlet(0.0, **NOTCH)], L_SHAPE, ConfigError, "all sides of a notch"),
    ([pde.Dirichlet(0.0, hard=True)], pde.Polygon([(0, 0), (4, 0), (4, 4), (3, 4), (3, 1), (2, 2), (1, 1), (1, 4),
                                                   (0, 4)]), ConfigError, "convex; the corner at"),
])  # fmt: skip
def test_what_cannot_hold_exactly_is_refused(conditions, domain, error, words):
    with pytest.raises(error, match=words):
        around(conditions, domain)


def test_lengths_and_times_may_have_units_far_apart():
    domain: Any = ((0, 1e-3), (0, 5))  # a millimetre and seconds
    start = pde.Initial(lambda x: 300 + torch.sin(1e3 * math.pi * x[:, 0]), hard=True)
    model = around([start, pde.Dirichlet(300.0, hard=True)], domain)
    assert float(model(torch.tensor([[5e-4, 0.0]], dtype=torch.float64)).detach()) == pytest.approx(301)
    deaf = pde.Dirichlet(lambda x: torch.sin(1e3 * math.pi * x[:, 0]).detach(), hard=True)
    with pytest.raises(ConfigError, match="autograd does not see"):
        around([deaf], domain)


def test_a_hard_start_takes_no_slabs():
    with pytest.raises(ConfigError, match="hard Initial condition takes slabs=1"):
        pde.solve(
            pde.polynomial_in_time(2),
            lambda u, x: u(1) - u(0, 0),
            domain=BOX,
            slabs=2,
            progress=False,
            conditions=[pde.Initial(0.0, hard=True)],
        )
