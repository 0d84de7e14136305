"""Polynomials and surrogates: derivatives against autograd, values and gradients against the function."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.formulas.tree import values
from edgewise.discovery.linear_algebra.polynomials import Frame, count, exponents, feature_slopes, features
from edgewise.discovery.reductions.states import ReducedProblem
from edgewise.discovery.reductions.surrogate import SurrogateRows, surrogates
from edgewise.discovery.reductions.symmetries import scaled, translated


def rows(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return 1 + 2 * torch.rand(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_slopes_of_features_equal_those_of_autograd():
    U = (rows(20, 3) - 2).requires_grad_()
    powers = exponents(3, 4)
    assert len(powers) == count(3, 4)
    found = features(U, powers)
    for m in range(0, len(powers), 5):
        (want,) = torch.autograd.grad(found[:, m].sum(), U, retain_graph=True)
        got = torch.stack([feature_slopes(U.detach(), powers, i)[:, m] for i in range(3)], 1)
        assert torch.allclose(got, want, atol=1e-12)


def test_features_are_orthonormal_on_even_rows():
    u = torch.linspace(-1, 1, 20_001, dtype=torch.float64)[:, None]
    F = features(u, exponents(1, 6))
    assert torch.allclose(F.T @ F / len(u), torch.eye(7, dtype=torch.float64), atol=2e-3)


@pytest.mark.parametrize("logarithms", [False, True])
def test_frames_know_their_slopes(logarithms):
    X = rows(30, 2).requires_grad_()
    frame = Frame.of(X.detach(), logarithms=logarithms)
    (want,) = torch.autograd.grad(frame(X).sum(), X)
    assert torch.allclose(frame.slopes(X.detach()), want)
    assert float(frame(X.detach()).abs().max()) <= 1 + 1e-12


LAWS = {
    "its own values": lambda x: torch.sin(x[:, 0]) * x[:, 1] - x[:, 1] ** 2,
    "logarithm": lambda x: torch.exp(-x[:, 0] * x[:, 1]),
    "square": lambda x: (x[:, 0] ** 2 + x[:, 1] ** 2 - 2 * x[:, 0] * x[:, 1] * 0.99).sqrt(),
}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_surrogates_have_the_gradients_of_the_function_and_know_their_error(law):
    X, held = rows(2000, 2), rows(500, 2, seed=1)
    pair = surrogates(SurrogateRows(X, law(X), held, law(held)))
    assert pair is not None
    at = rows(50, 2, seed=2).requires_grad_()
    (want,) = torch.autograd.grad(law(at).sum(), at)
    at = at.detach()
    assert float((pair.fine.values(at) - law(at)).abs().max()) < 1e-5
    assert float((pair.fine.gradient(at) - want).abs().max()) < 1e-3 * float(want.abs().max())
    assert pair.fine.error == pytest.approx(float((pair.fine.values(held) - law(held)).square().mean().sqrt()))


def test_a_reduction_is_an_identity_of_the_function():
    def law(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] / x[:, 1] ** 2 * torch.exp(-((x[:, 2] - x[:, 3]) ** 2) / x[:, 1] ** 2)

    X, held = rows(3000, 4), rows(800, 4, seed=1)
    pair = surrogates(SurrogateRows(X, law(X), held, law(held)))
    assert pair is not None
    assert len(translated(ReducedProblem.whole(4), X[:300], pair)[0].columns) == 3
    state = scaled(ReducedProblem.whole(4), X[:300], pair)[0]
    assert len(state.columns) == 2
    moved = X.clone()  # another point with the same columns: then y over the prefactor is the same
    moved[:, 0] *= 3
    moved[:, 1:] *= 2
    for column in state.columns:
        assert torch.allclose(values(column, moved), values(column, X))
    ratio = law(X) / values(state.prefactor, X)
    assert torch.allclose(law(moved) / values(state.prefactor, moved), ratio)
