"""Differences against exact derivatives, and the errors that they tell."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure.differences import gradient

X = np.random.default_rng(0).uniform(0.5, 2.0, (300, 1))
CASES = {
    "exp": (np.exp, np.exp),
    "a fast wave": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x)),
    "a pole nearby": (lambda x: 1 / (x - 0.45), lambda x: -1 / (x - 0.45) ** 2),
    "a line": (lambda x: 3 * x, lambda x: 3 + 0 * x),
    "many decades": (lambda x: np.exp(20 * x), lambda x: 20 * np.exp(20 * x)),
    "a constant": (lambda x: 0 * x + 2, lambda x: 0 * x),
}


@pytest.mark.parametrize("name", CASES)
def test_differences_are_as_good_as_they_say(name):
    f, slope = CASES[name]
    noise = 4 * np.finfo(float).eps * np.abs(f(X[:, 0]))
    found, error = gradient(lambda x: f(x[:, 0]), X, noise)
    wrong, size = np.abs(found - slope(X)), np.abs(slope(X)) + np.abs(f(X))
    assert np.mean(wrong <= error) > 0.97
    assert np.median(error / size) < 1e-8


@pytest.mark.parametrize("noise", [1e-10, 1e-6, 1e-3])
def test_noise_of_values_makes_steps_wide_and_errors_large(noise):
    generator = np.random.default_rng(1)
    found, error = gradient(
        lambda x: np.exp(x[:, 0]) + noise * generator.standard_normal(len(x)), X, np.full(len(X), noise)
    )
    assert np.mean(np.abs(found - np.exp(X)) <= 2 * error) > 0.95
    assert np.median(error) < 1000 * noise
