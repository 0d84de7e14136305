"""Gains from finer splines: what least squares leave, the layer that limits, intervals where they are worth most."""

from __future__ import annotations

import torch

import edgewise as ew
from edgewise.fitting import project
from edgewise.pde.collocation import Collocation, WeightedRows
from edgewise.pde.domain import Domain
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.layer_gains import gains, left_over, sizes_within
from edgewise.pde.placing import placed
from edgewise.pde.residual_terms import ResidualTerm
from helpers import assert_close

BOX = Domain.create(((2, 5), (-1, 0)))


def with_splines(*functions) -> ew.KAN:
    """A chain of single splines on [-1, 1], each near a function."""
    model = ew.KAN((1,) * (len(functions) + 1), grid_size=6, degree=5, base=None)
    layers = []
    for layer, function in zip(model.edge_layers, functions, strict=True):
        coef, _ = project(lambda x, function=function: function(x)[..., None], layer.knots, layer.degree)
        layers.append(type(layer).build(**{**layer.parts(), "coef": coef}))
    return model.build(layers=layers)


def bent(model: ew.KAN) -> tuple[Collocation, torch.Tensor]:
    """The equation u'' = (0.8 sin 6x)''."""
    x = torch.linspace(-0.99, 0.99, 300, dtype=torch.float64)[:, None]
    wanted = -28.8 * torch.sin(6 * x)
    jets = KanJets(model)
    term = ResidualTerm("bent", x, wanted, lambda u, x, given: u(0, 0) - given, Indices.closing([(2,)]))
    return Collocation(jets, [term], []), jets.start()


def wave(x: torch.Tensor) -> torch.Tensor:
    return 0.8 * torch.sin(6 * x)


def same(x: torch.Tensor) -> torch.Tensor:
    return x


class Plain:
    """Rows that depend on nothing."""

    def __init__(self, *blocks: WeightedRows) -> None:
        self.blocks = blocks

    def rows(self, theta: torch.Tensor) -> tuple[WeightedRows, ...]:
        return self.blocks


def test_what_is_left_over_is_the_distance_from_the_columns():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(40, 6, dtype=torch.float64, generator=generator)
    jacobian, residual = rows[:, :5], rows[:, 5]
    jacobian[:, 3] = 0.0  # a parameter that does nothing
    blocks = [WeightedRows(residual[part], jacobian[part]) for part in (slice(0, 7), slice(7, 40))]
    moving = jacobian[:, [0, 1, 2, 4]]
    want = (residual - moving @ torch.linalg.pinv(moving) @ residual).square().sum()
    assert_close(left_over(Plain(*blocks), torch.zeros(5, dtype=torch.float64)), float(want), like="difference")  # type: ignore[arg-type]


def test_the_layer_that_limits_gains_most():
    first, second = gains(with_splines(wave, same), bent, 2)
    assert first > 5 * second
    assert 0 <= second < first <= left_over(*bent(with_splines(wave, same)))


def test_intervals_go_to_the_layer_where_they_are_worth_most():
    model = placed(ew.KAN((2, 3, 1), grid_size=4, degree=5), BOX)
    assert sizes_within(model, 9 * 4 + 6 * 3, [1.0, 1e-12], 2) == [7, 4]
    assert sizes_within(model, 9 * 4 + 6 * 3, [1e-12, 1.0], 2) == [4, 10]
    assert sizes_within(model, 9 * 8, [2.0, 1.0], 2) == [8, 8], "as much for each parameter"
