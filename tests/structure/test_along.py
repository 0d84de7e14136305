"""Periods and mirrors along a column."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure import as_function, mirrors, periods, probe
from surrogates import network, surrogate


def looked_at(f, error, low=-2.0, high=2.3):
    X = np.random.default_rng(0).uniform(low, high, (600, 2))
    return probe(surrogate(f, X, error) if error else as_function(f, X, ("x1", "x2")), X)


PERIODS = {
    "a sine": (lambda X: (3 * X[:, 0]).sin() * X[:, 1], 2 * np.pi / 3),
    "inside a function": (lambda X: (2 * np.pi * X[:, 0]).sin().exp() + X[:, 1] ** 2, 1.0),
    "two waves": (lambda X: (5 * X[:, 0]).sin() + (10 * X[:, 0]).cos() / 2 + X[:, 1] ** 3, 2 * np.pi / 5),
    "a moving phase": (lambda X: (4 * X[:, 0] + 2 * X[:, 1] ** 2).cos(), np.pi / 2),
}


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("name", PERIODS)
def test_the_shortest_period_is_found(name, error):
    f, length = PERIODS[name]
    found = [one for one in periods(looked_at(f, error)) if one.columns == (0,)]
    assert len(found) == 1
    assert found[0].length == pytest.approx(length, rel=max(error, 1e-13))


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize(
    "f",
    [
        lambda X: (5 * X[:, 0]).sin() * (-0.3 * X[:, 0]).exp() * (1 + X[:, 1]),
        lambda X: (X[:, 0] ** 2).sin() + X[:, 1].exp(),
        lambda X: X[:, 0] * X[:, 1],
        *(network(2, seed) for seed in range(3)),
    ],
)
def test_what_does_not_repeat_has_no_period(f, error):
    assert not periods(looked_at(f, error))


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
def test_centres_are_found(error):
    found = mirrors(looked_at(lambda X: X[:, 1].sinh() / (1 + (X[:, 0] - 0.4) ** 2), error))
    assert [(one.columns, one.odd) for one in found] == [((0,), False), ((1,), True)]
    assert [one.centre for one in found] == pytest.approx([0.4, 0.0], abs=max(error, 1e-12))


def test_a_centre_may_differ_from_zero_by_little():
    found = mirrors(looked_at(lambda X: (X[:, 0] - 0.01).cosh() * X[:, 1], 0.0))
    assert found[0].centre == pytest.approx(0.01, abs=1e-12)


def test_a_surrogate_of_a_line_is_mirrored_nowhere():
    f, X = (lambda X: X[:, 0] * X[:, 1] + X[:, 0]), np.random.default_rng(0).uniform(1, 3, (600, 2))
    for seed in range(5):
        assert not mirrors(probe(surrogate(f, X, 1e-3, seed), X))


@pytest.mark.parametrize("error", [0.0, 1e-2])
@pytest.mark.parametrize("f", [lambda X: X[:, 0] * (1 + X[:, 1].exp()), *(network(2, seed) for seed in range(3))])
def test_lines_and_random_networks_are_mirrored_nowhere(f, error):
    assert not mirrors(looked_at(f, error))
