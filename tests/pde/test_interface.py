"""Between two media the solution is continuous and what flows in flows out; features that no spline can follow."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise import pde
from edgewise.errors import ConfigError, ShapeError

A, K = 0.37, 5.0  # where a rod changes, and its k beyond


def rod(x: torch.Tensor) -> torch.Tensor:
    """k u'' = -1 between cold ends, k = 1 before A and K behind: parabolas whose fluxes agree at A."""
    c = (0.5 * A**2 + 0.5 * (1 - A**2) / K) / (A + (1 - A) / K)
    left = -0.5 * x**2 + c * x
    right = (0.5 * (1 - x**2) - c * (1 - x)) / K
    return torch.where(x < A, left, right)


def solved(medium: pde.Interface, **settings: Any) -> pde.Solution:
    given = {"model": ew.KAN((1, 2), degree=5, base=None, grid_size=4), "domain": ((0, 1),), "points": 60} | settings
    conditions = [medium, pde.Dirichlet(0.0, hard=settings.pop("hard", False))]
    given.pop("hard", None)
    return pde.solve(
        given.pop("model"),
        lambda u, x: medium(x) * u(0, 0) + 1,
        conditions=conditions,
        grids=(4,),
        restarts=0,
        steps=20,
        progress=False,
        **given,
    )


@pytest.mark.parametrize("hard", [False, True])
def test_a_rod_of_two_media(hard: bool):
    sol = solved(pde.Interface(lambda x: x[:, 0] - A, below=1.0, above=K), hard=hard)
    x = torch.linspace(0, 1, 201, dtype=torch.float64)[:, None]
    assert float((sol.model(x).detach() - rod(x)).abs().max()) < (1e-4 if hard else 1e-9)
    assert sol.errors["Interface"] < 1e-6


def test_a_source_on_the_interface_makes_a_jump():
    medium = pde.Interface(lambda x: x[:, 0] - 0.5, below=1.0, above=1.0, jump=-2.0)
    sol = pde.solve(
        ew.KAN((1, 2), degree=5, base=None, grid_size=4),
        lambda u, x: u(0, 0),
        domain=((0, 1),),
        conditions=[medium, pde.Dirichlet(0.0)],
        points=60,
        grids=(4,),
        steps=20,
        progress=False,
    )
    x = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    assert float((sol.model(x).detach() - (0.5 - (x - 0.5).abs())).abs().max()) < 1e-9


@pytest.mark.slow
def test_a_disc_in_a_square():
    """u = r^2 / k, plus a constant outside: the flux 2 r is the same on both sides."""

    def level(x):
        return x.square().sum(1) - 0.25

    medium = pde.Interface(level, below=1.0, above=4.0)

    def exact(x):
        squared = x.square().sum(1, keepdim=True)
        return torch.where(squared < 0.25, squared, 0.25 + (squared - 0.25) / 4)

    sol = pde.solve(
        ew.KAN((2, 4, 2), degree=5, base=None, grid_size=3, seed=1),
        lambda u, x: medium(x) * (u(0, 0) + u(1, 1)) - 4,
        domain=((-1, 1), (-1, 1)),
        conditions=[medium, pde.Dirichlet(exact)],
        points=600,
        grids=(3,),
        restarts=0,
        progress=False,
    )
    x = 2 * torch.rand(500, 2, dtype=torch.float64) - 1
    assert float((sol.model(x).detach() - exact(x)).abs().max()) < 1e-5


def test_media_of_functions_and_shapes():
    medium = pde.Interface(lambda x: x[:, :1] - A, below=lambda x: 1 + x[:, 0], above=2.0)
    x = torch.tensor([[0.1], [0.9]], dtype=torch.float64)
    assert medium(x).tolist() == [[1.1], [2.0]]


def singular(x: torch.Tensor) -> torch.Tensor:
    """r^(2/3) sin(2 angle / 3), of the corner of an L."""
    angle = torch.atan2(x[:, 1], x[:, 0]) % (2 * math.pi)
    return x.square().sum(1) ** (1 / 3) * torch.sin(2 * angle / 3)


@pytest.mark.slow
def test_a_feature_tells_what_no_spline_can():
    """A singular function at the corner of an L, plus a smooth part."""
    corner = pde.Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])

    def exact(x):
        return singular(x) + x[:, 0].square() - x[:, 1].square()

    def error(outputs: int, features: Any) -> float:
        sol = pde.solve(
            ew.KAN((2, 4, outputs), degree=5, base=None, grid_size=4, seed=1),
            lambda u, x: u(0, 0) + u(1, 1),
            domain=corner,
            conditions=[pde.Dirichlet(exact)],
            points=600,
            grids=(4,),
            steps=60,
            restarts=0,
            features=features,
            progress=False,
        )
        x = 2 * torch.rand(500, 2, dtype=torch.float64) - 1
        x = x[corner.inside(x)]
        return float((sol.model(x).detach()[:, 0] - exact(x)).norm() / exact(x).norm())

    assert error(2, [singular]) < 1e-4 < 1e-3 < error(1, [])


def step(x):
    return torch.sign(x[:, 0] - A)


@pytest.mark.parametrize("conditions, settings, error, words", [
    ([pde.Interface(lambda x: x[:, 0] + 1, 1.0, 2.0)], {}, ConfigError, "lies nowhere"),
    ([pde.Interface(step, 1.0, 2.0)], {}, ConfigError, "slope"),
    ([pde.Interface(lambda x: x.repeat(1, 2), 1.0, 2.0)], {}, ShapeError, "level of an Interface must give"),
    ([pde.Interface(lambda x: x[:, 0] - A, lambda x: x[:3], 2.0)], {}, ShapeError, "below of an Interface"),
    ([], {"features": [torch.abs], "model": ew.KAN((1, 1), degree=5, base=None)}, ConfigError, "needs 2 outputs"),
    ([], {"features": ["abs"]}, ConfigError, "features are functions"),
    ([], {"features": [lambda x: x.repeat(1, 2)]}, ShapeError, "a feature must give"),
    ([], {"features": [lambda x: torch.log(x[:, 0] - 2)]}, ConfigError, "not finite"),
    ([], {"features": [lambda x: (x[:, 0] ** 2).detach()]}, ConfigError, "autograd does not see"),
])  # fmt: skip
def test_what_cannot_be_is_refused(conditions, settings, error, words):
    model = settings.pop("model", ew.KAN((1, 2), degree=5, base=None))
    with pytest.raises(error, match=words):
        pde.solve(
            model,
            lambda u, x: u(0, 0),
            domain=((0, 1),),
            conditions=conditions,
            points=40,
            restarts=0,
            grids=(4,),
            progress=False,
            **settings,
        )


@pytest.mark.parametrize("settings, words", [
    ({"level": 3}, "level of an Interface must be a function"),
    ({"level": torch.abs, "below": "1"}, "below of an Interface must be a number"),
    ({"level": torch.abs, "above": math.nan}, "above of an Interface must be a number"),
    ({"level": torch.abs, "below": 0.0}, "below of an Interface must be above zero, got 0.0"),
    ({"level": torch.abs, "above": -1}, "above of an Interface must be above zero, got -1"),
])  # fmt: skip
def test_wrong_interfaces_are_told(settings, words):
    with pytest.raises(ConfigError, match=words):
        pde.Interface(**{"below": 1.0, "above": 1.0, **settings})
