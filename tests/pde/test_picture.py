"""Pictures of solutions: their numbers are those of the model, in the domain alone."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise import pde
from edgewise.errors import ConfigError
from edgewise.pde.picture import pictured
from helpers import assert_close


def solution(domain, dims: int, slabs: int = 1) -> pde.Solution:
    model = pde.polynomial_in_time(2, power=2, grid_size=3, degree=3) if slabs > 1 else ew.KAN((dims, 1), degree=3)
    return pde.solve(
        model,
        lambda u, x: u(0) - 2 * x[:, :1],
        domain=domain,
        conditions=[pde.Initial(0.0)] if slabs > 1 else [pde.Dirichlet(lambda x: x[:, 0] ** 2)],
        points=100,
        grids=(3,),
        steps=5,
        restarts=0,
        slabs=slabs,
        progress=False,
    )


@pytest.mark.parametrize("slabs", [1, 2])
def test_numbers_are_those_of_the_model(slabs):
    sol = solution(((0, 1), (0, 1)), 2, slabs)
    found = pictured(sol.model, sol.problem, {}, 0, None)
    assert_close(found.values, sol.model(found.x)[:, 0].detach(), like="formula", scale=1.0)
    free = found.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(sol.model(free).sum(), free)
    assert_close(found.residual, (slope[:, 0] - 2 * found.x[:, 0]).abs(), like="formula", scale=1.0)


def test_nothing_is_shown_outside_the_domain():
    sol = solution(pde.Disc((0, 0), 1.0), 2)
    found = pictured(sol.model, sol.problem, {}, 0, None)
    assert torch.equal(found.values.isnan(), ~sol.problem.domain.inside(found.x))


def test_a_picture_of_each_number_of_coordinates():
    for dims in (1, 2, 3):
        sol = solution(((0, 1),) * dims, dims)
        assert len(sol.plot().axes) == (3 if dims == 1 else 5)
    assert len(sol.plot(fixed={0: 0.5, 2: 0.1}).axes) == 3
    with pytest.raises(ConfigError, match="output must be"):
        sol.plot(output=1)
    with pytest.raises(ConfigError, match="fixed names"):
        sol.plot(fixed={3: 0.0})
