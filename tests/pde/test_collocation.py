"""The sum of squares: value, gradient and blocks agree with one another; weights balance the curvature of its terms."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

import edgewise as ew
from edgewise.pde import collocation
from edgewise.pde.collocation import Collocation, balanced
from edgewise.pde.field import Unknown
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.residual_terms import ResidualTerm
from edgewise.train.solvers.orthogonal import Orthogonal
from helpers import assert_close

K = Unknown("k", 0.5)


def problem(shape=(2, 3, 1)) -> tuple[Collocation, torch.Tensor]:
    x = torch.rand(30, 2, dtype=torch.float64)
    pairs = torch.rand(10, 2, dtype=torch.float64)
    pairs = torch.cat([pairs * torch.tensor([0.0, 1.0]).double(), pairs * torch.tensor([0.0, 1.0]).double() + 0.5])
    second, value = Indices.closing([(2, 0), (0, 1)]), Indices.closing([(0, 0)])
    terms = [
        ResidualTerm("equation", x, x[:, :0], lambda u, x, g: u(1) - u[K] * u(0, 0) + u() ** 2, second),
        ResidualTerm("value", x[:12], x[:12, :1], lambda u, x, g: u() - g, value),
        ResidualTerm("pairs", pairs, pairs[:, :0], lambda u, x, g: u().chunk(2)[0] - u().chunk(2)[1], value, places=2),
    ]
    jets = KanJets(ew.KAN(shape, degree=4, seed=3))
    theta = torch.cat([jets.start(), torch.tensor([K.value], dtype=torch.float64)])
    return Collocation(jets, terms, [K], [1.0, 3.0, 0.5]), theta


def test_the_value_is_the_weighted_sum_of_mean_squares():
    it, theta = problem()
    constants = it.load(theta)
    want = sum(w * float(it.at(t, constants).square().mean()) for w, t in zip(it.weights, it.terms, strict=True))
    assert_close(it.value(theta), want)
    assert_close(Orthogonal.of(it, theta).value, want)


def test_the_gradient_is_that_of_differences():
    it, theta = problem()
    gradient, step = Orthogonal.of(it, theta).gradient, torch.randn_like(theta)
    h = 1e-6
    want = (it.value(theta + h * step) - it.value(theta - h * step)) / (2 * h)
    assert_close(float(gradient @ step), want, like="difference")


@pytest.mark.parametrize("block", [1, 4000, 10**9])
def test_blocks_do_not_change_the_model(monkeypatch, block):
    it, theta = problem()
    want = Orthogonal.of(it, theta)
    monkeypatch.setattr(collocation, "TUNED", dataclasses.replace(collocation.TUNED, block=block))
    got = Orthogonal.of(it, theta)
    assert_close(got.gradient, want.gradient)
    assert_close(got.curvature, want.curvature)


def test_balanced_terms_have_the_curvature_of_the_first():
    it, theta = problem()
    it.weights = balanced(it, theta)
    own = slice(len(theta) - 1)
    traces = [float(sum(b.jacobian[:, own].square().sum() for b in it.term_rows(t, theta))) / t.count for t in it.terms]
    for weight, trace in zip(it.weights, traces, strict=True):
        assert_close(weight * trace, traces[0])


def test_the_unit_of_an_unknown_constant_does_not_change_weights():
    it, theta = problem()
    want, equation = balanced(it, theta), it.terms[0]
    other = dataclasses.replace(equation, residual=lambda u, x, g: u(1) - 1e6 * u[K] * u(0, 0) + u() ** 2)
    it.terms[0], theta[-1] = other, 1e-6 * theta[-1]
    assert_close(torch.tensor(balanced(it, theta)), torch.tensor(want))


def test_a_term_without_curvature_keeps_a_weight():
    it, theta = problem()
    it.terms[1] = ResidualTerm("blind", it.terms[1].x, it.terms[1].given, lambda u, x, g: 0 * u(), it.terms[1].indices)
    assert all(math.isfinite(weight) for weight in balanced(it, theta))
