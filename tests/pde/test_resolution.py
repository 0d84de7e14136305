"""Estimates of what coarse splines leave: near the true residual of an interpolated function, interval by interval."""

from __future__ import annotations

import math

import pytest
import torch

import edgewise as ew
from edgewise.fitting import project
from edgewise.layers import KANLayer
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.resolution import roughness, spline_errors


def fitted(function, degree: int, size: int) -> ew.KAN:
    """A single spline on [-1, 1] near a function."""
    model = ew.KAN((1, 1), grid_size=size, degree=degree, base=None)
    layer = model.edge_layers[0]
    coef, _ = project(lambda x: function(x)[..., None], layer.knots, degree)
    return model.build(layers=[KANLayer.build(**{**layer.parts(), "coef": coef})])


@pytest.mark.parametrize("degree, size", [(3, 20), (5, 12), (7, 10)])
def test_the_estimate_is_near_the_true_error_of_a_second_derivative(degree, size):
    model = fitted(lambda x: torch.sin(math.pi * x), degree, size)
    x = torch.linspace(-0.999, 0.999, 4000, dtype=torch.float64)[:, None]
    jets, indices = KanJets(model), Indices.closing([(2,)])
    done = jets.forward(x, indices)
    slopes = torch.zeros(3, len(x), 1, 1, dtype=torch.float64)
    slopes[2] = 1.0
    (errors,) = spline_errors(jets, done, slopes)
    true = (done.derivatives[2] + math.pi**2 * torch.sin(math.pi * x)).square()
    middle = (x[:, 0].abs() < 0.5).nonzero()[:, 0]  # a projection is worse near the ends
    inner = slice(size // 4, size - size // 4)
    ratio = float(errors[0, inner].sum()) / float(true[middle].sum())
    assert 0.03 < ratio < 30


def test_intervals_of_a_steep_function_have_the_errors():
    model = fitted(lambda x: torch.tanh(6 * (x - 0.2)), 5, 20)
    x = torch.linspace(-1, 1, 1000, dtype=torch.float64)[:, None]
    jets, indices = KanJets(model), Indices.closing([(2,)])
    (errors,) = spline_errors(jets, jets.forward(x, indices), torch.ones(3, len(x), 1, 1, dtype=torch.float64))
    assert 10 <= int(errors[0, 3:-3].argmax()) + 3 <= 13
    assert float(errors[0, 3:6].sum()) < 0.01 * float(errors.sum())


def test_roughness_of_a_polynomial_of_the_next_degree_is_its_derivative():
    model = fitted(lambda x: x**4, 3, 10)
    assert bool(((roughness(model.edge_layers[0]) - 24).abs() < 3.0).all())
