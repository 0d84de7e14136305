"""Conditions: their residual vanishes for a function that meets them, and is what it should be for another."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import torch

from edgewise.errors import ConfigError, ShapeError
from edgewise.pde.conditions import Data, Dirichlet, Initial, Neumann, Periodic, Robin, Scene
from edgewise.pde.domain import Domain
from edgewise.pde.regions import Disc
from helpers import assert_close

from .autograd import partial

SQUARE = Domain.create(((0, 1), (0, 2)))


def scene(domain: Domain = SQUARE, outputs: int = 1, timed: bool = False) -> Scene:
    return Scene(domain, 40, 1, outputs, timed, (2,) * domain.dims)


def residual(condition, function, where: Scene) -> torch.Tensor:
    """The condition's residual for a function of x, whose derivatives autograd takes."""
    term = condition.term(where)
    x = term.x.clone().requires_grad_()
    made = torch.stack([partial(function, x, entry).detach() for entry in term.indices.entries])  # type: ignore[arg-type]
    return term.value(made, {})


def wave(x):
    return torch.sin(x[:, :1]) * torch.exp(x[:, 1:2])


def test_dirichlet_is_the_difference_of_values():
    assert_close(residual(Dirichlet(lambda x: wave(x)[:, 0]), wave, scene()).abs().max(), torch.tensor(0.0).double())
    term = Dirichlet(2.0).term(scene())
    assert_close(residual(Dirichlet(2.0), wave, scene()), wave(term.x) - 2.0)


def test_only_the_named_outputs_count():
    both = lambda x: torch.cat([wave(x), 2 * wave(x)], 1)  # noqa: E731
    got = residual(Dirichlet(lambda x: 2 * wave(x), outputs=[1]), both, scene(outputs=2))
    assert got.shape[1] == 1 and float(got.abs().max()) < 1e-12
    with pytest.raises(ConfigError, match="from 0 to 1"):
        Dirichlet(0.0, outputs=[2]).term(scene(outputs=2))


def test_the_normal_derivative_of_the_radius_is_one_on_a_disc():
    disc = scene(Domain.create(Disc((1, 2), 3.0)))
    radius = lambda x: (x - torch.tensor([1.0, 2.0]).double()).norm(dim=1, keepdim=True)  # noqa: E731
    assert float(residual(Neumann(1.0), radius, disc).abs().max()) < 1e-12
    assert float(residual(Robin(2.0, 5.0, 2 * 3.0 + 5.0), radius, disc).abs().max()) < 1e-12


def test_initial_values_hold_at_the_lower_end_of_time():
    decay = lambda x: torch.sin(x[:, :1]) * torch.exp(-2 * x[:, 1:2])  # noqa: E731
    timed = scene(timed=True)
    assert float(Initial(0.0).term(timed).x[:, 1].abs().max()) == 0.0
    assert float(residual(Initial(lambda x: torch.sin(x[:, :1])), decay, timed).abs().max()) < 1e-12
    assert float(residual(Initial(lambda x: -2 * torch.sin(x[:, 0]), derivative=1), decay, timed).abs().max()) < 1e-12


def test_periodic_functions_meet_their_condition_and_others_do_not():
    ring = scene(Domain.create(((0, 2 * math.pi), (0, 1))))
    assert float(residual(Periodic(0), wave, ring).abs().max()) < 1e-12
    got = residual(Periodic(0), lambda x: torch.sin(0.5 * x[:, :1]), ring)
    assert_close(got, torch.tensor([[0.0, 1.0]]).double().expand(len(got), 2), like="formula")  # slopes 1/2 and -1/2


def test_a_periodic_interval_alone_has_one_pair():
    line = scene(Domain.create(((0, 2 * math.pi),)))
    assert residual(Periodic(0), lambda x: torch.cos(x), line).shape == (1, 2)


def test_data_holds_where_it_was_measured():
    X = np.array([[0.1, 0.2], [0.9, 1.9]])
    got = residual(Data(X, [1.0, 2.0]), wave, scene())
    assert_close(got, wave(torch.tensor(X)) - torch.tensor([[1.0], [2.0]]).double())


@pytest.mark.parametrize("condition, error, words", [
    (Data([[0.5, 3.0]], [1.0]), ConfigError, "outside the domain"),
    (Data([[0.5, 1.0]], [math.nan]), ConfigError, "NaN"),
    (Data([[0.5]], [1.0]), ShapeError, "shape \\(n, 2\\)"),
    (Data("a", [1.0]), ConfigError, "arrays of numbers"),
    (Dirichlet(cast(Any, "a")), ConfigError, "a number or a function"),
    (Dirichlet(lambda x: x), ShapeError, "must have shape"),
    (Dirichlet(lambda x: 1 / (x[:, 0] - x[:, 0])), ConfigError, "not finite at"),
    (Dirichlet(lambda x: cast(Any, x).nonsense), ConfigError, "failed when it was called"),
    (Dirichlet(0.0, where=lambda x: x[:, 0] > 7), ConfigError, "holds nowhere"),
    (Dirichlet(0.0, where=cast(Any, "x")), ConfigError, "where must be a function"),
    (Robin(cast(Any, "a"), 1.0, 0.0), ConfigError, "a of a Robin"),
    (Periodic(2), ConfigError, "0 to 1"),
    (Initial(0.0, derivative=-1), ConfigError, "0 to 3"),
])  # fmt: skip
def test_impossible_conditions_are_refused(condition, error, words):
    with pytest.raises(error, match=words):
        condition.term(scene())


def test_a_shape_is_neither_periodic_nor_time():
    disc = scene(Domain.create(Disc((0, 0), 1.0)))
    with pytest.raises(ConfigError, match="only an interval"):
        Periodic(1).term(disc)
    with pytest.raises(ConfigError, match="time as the last"):
        Initial(0.0).term(disc)
