"""Pairs that enter through one expression, against expressions written down."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.structure import Powers, as_function, pairs, probe
from surrogates import KNOWN, network, surrogate

EXPRESSIONS = {
    "x1 x2": lambda a, b: a * b,
    "x1 x2^(-2)": lambda a, b: a / b**2,
    "x1^2 + x2^2": lambda a, b: a**2 + b**2,
    "x1^2 - 3 x2": lambda a, b: a**2 - 3 * b,
    "x1 - 2 x2": lambda a, b: a - 2 * b,
    "x1^(-1) + x2^(-1)": lambda a, b: 1 / a + 1 / b,
    "log(x1) + x2": lambda a, b: a.log() + b,
    "(x1 - 3/2)^2 + 2 (x2 - 2)^2": lambda a, b: (a - 1.5) ** 2 + 2 * (b - 2) ** 2,
}


def in_a_function(z):
    """f = sin(2 z) x3 + z, which no pair of columns but the first enters so."""
    return lambda X: (2 * z(X[:, 0], X[:, 1])).sin() * X[:, 2] + z(X[:, 0], X[:, 1])


@pytest.mark.parametrize("error", [0.0, 1e-3])
@pytest.mark.parametrize("words", EXPRESSIONS)
def test_the_expression_of_a_pair_is_found(words, error):
    f, X = in_a_function(EXPRESSIONS[words]), np.random.default_rng(0).uniform(1.0, 2.6, (600, 3))
    (pair,) = pairs(probe(surrogate(f, X, error) if error else as_function(f, X, ("x1", "x2", "x3")), X))
    assert pair.columns == (0, 1) and pair.powers is not None
    assert pair.powers.text(["x1", "x2"]) == words


@pytest.mark.parametrize("error", [0.0, 1e-2])
def test_other_expressions_are_sums_of_two_unknown_functions(error):
    X = np.random.default_rng(0).uniform(-1, 1, (600, 2))
    f = KNOWN["hello"].f
    (pair,) = pairs(probe(surrogate(f, X, error) if error else as_function(f, X, ("a", "b")), X))
    assert pair.powers is None and pair.words == f"{pair.names[0]} and {pair.names[1]} enter only as " + (
        f"A({pair.names[0]}) + B({pair.names[1]})"
    )


@pytest.mark.parametrize("error", [0.0, 1e-2])
@pytest.mark.parametrize("seed", range(3))
def test_random_networks_have_no_pairs(seed, error):
    f, X = network(3, seed), np.random.default_rng(seed).uniform(-1, 1, (500, 3))
    assert not pairs(probe(surrogate(f, X, error, seed) if error else as_function(f, X, tuple("abc")), X))


@pytest.mark.parametrize(
    "powers",
    [Powers((0, 0), -2), Powers((2, 3), 0.5), Powers((0, 1), 3), Powers((2, 2), -1, (0.25, -1)), Powers((-1, 0.5))],
)
def test_slopes_are_the_derivatives_of_values(powers):
    x = np.random.default_rng(0).uniform(1, 2, (20, 2))
    step = 1e-6
    for k in range(2):
        moved = np.eye(2)[k] * step
        difference = (powers.values(x + moved) - powers.values(x - moved)) / (2 * step)
        np.testing.assert_allclose(powers.slopes(x)[:, k], difference, rtol=1e-7)


def test_negative_numbers_have_whole_powers():
    X = np.random.default_rng(0).uniform(-2, 2, (600, 2))
    (pair,) = pairs(probe(as_function(lambda X: torch.tanh(X[:, 0] ** 3 + X[:, 1]), X, ("a", "b")), X))
    assert pair.powers is not None and pair.powers.text(["a", "b"]) == "a^3 + b"
