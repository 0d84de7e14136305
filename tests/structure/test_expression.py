"""Whether columns enter only through an expression that is given."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure import as_function, depends_on, probe
from surrogates import surrogate

X = np.random.default_rng(0).uniform(1, 2, (500, 4))


def velocity(X):
    """(x1 + x2) / (1 + x1 x2 / x3^2), whose columns enter a function of it and x4."""
    z = (X[:, 0] + X[:, 1]) / (1 + X[:, 0] * X[:, 1] / X[:, 2] ** 2)
    return z.sin() * X[:, 3] + z


def slopes(X):
    u, v, c = X[:, 0], X[:, 1], X[:, 2]
    down = 1 + u * v / c**2
    return np.stack([(1 - v**2 / c**2) / down**2, (1 - u**2 / c**2) / down**2, (u + v) * 2 * u * v / c**3 / down**2], 1)


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
def test_an_expression_of_three_columns_is_confirmed(error):
    base = probe(surrogate(velocity, X, error) if error else as_function(velocity, X, tuple("abcd")), X).base
    assert depends_on(base, (0, 1, 2), slopes(base.X)).holds


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
def test_a_close_expression_is_refused(error):
    base = probe(surrogate(velocity, X, error) if error else as_function(velocity, X, tuple("abcd")), X).base
    wrong = slopes(base.X) * np.array([1.0, 1.5 if error > 1e-3 else 1.1, 1.0])
    assert depends_on(base, (0, 1, 2), wrong).fails
