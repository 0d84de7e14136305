"""Polynomials of few terms and quotients of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from edgewise.discovery.proposals import Question
from edgewise.discovery.sparse import polynomials, rationals
from edgewise.discovery.yardstick import Yardstick


def asked(law, n: int = 400, noise: float = 0.0) -> Question:
    generator = torch.Generator().manual_seed(0)
    X = 0.5 + 2 * torch.rand(n, 2, dtype=torch.float64, generator=generator)
    g = law(*X.T)
    g = g + noise * torch.randn(n, dtype=torch.float64, generator=generator)
    size = float(g.square().mean().sqrt())
    return Question(X, g, torch.ones_like(g), Yardstick(n, noise, 1e-9 * size))


@pytest.mark.parametrize(
    "law, terms",
    [
        (lambda x, y: x**3 - 3 * x * y**2 + 2 * x * y - 1, 4),
        (lambda x, y: torch.sqrt(1 + x * y + 2 * x**2), 3),
        (lambda x, y: torch.exp(-((x - 1.3) ** 2) / (2 * y**2)) / y, 4),
    ],
)
def test_a_polynomial_under_an_output_is_found_to_round_off_with_no_term_too_many(law, terms):
    question = asked(law)
    best = polynomials(question)[0]
    assert question.error(best) < 1e-9
    inner: Any = best
    while not hasattr(inner, "parts"):
        inner = inner.base if hasattr(inner, "base") else inner.argument
    assert len(inner.parts) == terms


@pytest.mark.parametrize(
    "law",
    [
        lambda x, y: (x + y) / (1 + x * y),
        lambda x, y: y / (x + 3.3) - 1.2 / x**2,
        lambda x, y: (x**2 + y**2 - 1) / (2 * x + y + 0.75),
    ],
)
def test_a_quotient_is_found_to_round_off(law):
    question = asked(law)
    assert question.error(rationals(question)[0]) < 1e-9


def test_noise_has_neither():
    question = asked(lambda x, y: torch.zeros_like(x), noise=1.0)
    question = Question(question.X, question.g, question.factor, Yardstick(400, 0.0, 1e-9))
    assert polynomials(question) == rationals(question) == []
