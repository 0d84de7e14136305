"""Combinations that vanish, against linear algebra."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from edgewise.structure.null_space import above_zero, directions, simple_number, simplest_basis, vanishing

GENERATOR = np.random.default_rng(0)


def parts_with(weights, error, n=300):
    """Parts (n, m), the last of which makes the combination with these weights vanish, up to errors of this size."""
    parts = GENERATOR.uniform(1, 2, (n, len(weights)))
    parts[:, -1] = -(parts[:, :-1] @ np.array(weights[:-1])) / weights[-1]
    return parts + error * GENERATOR.standard_normal(parts.shape), np.full(parts.shape, error)


@pytest.mark.parametrize("error", [1e-12, 1e-6, 1e-3])
def test_weights_come_out_as_the_fractions_that_they_are(error):
    parts, errors = parts_with((1, -2, 0.5), error)
    ((weights, evidence),) = vanishing(parts, errors, (0, 1, 2))
    assert evidence.holds and 0.5 < evidence.statistic < 1.5
    assert tuple(w / weights[0] for w in weights) == (1, -2, Fraction(1, 2))


def test_weights_that_are_no_fractions_stay_numbers():
    parts, errors = parts_with((1.0, 0.01234, 0.777), 1e-9)
    ((weights, evidence),) = vanishing(parts, errors, (0, 1, 2))
    assert evidence.holds
    assert [float(w / weights[0]) for w in weights] == pytest.approx([1.0, 0.01234, 0.777], rel=1e-6)


def test_independent_parts_have_none():
    parts = GENERATOR.uniform(1, 2, (300, 4))
    assert not [one for one in vanishing(parts, np.full(parts.shape, 1e-3), range(4)) if one[1].holds]


def test_sizes_are_root_mean_squares_in_units_of_the_error():
    parts, errors = parts_with((1, 1, 1), 1e-4, n=2000)
    found, sizes = directions(parts, errors)
    w = found[:, 0]
    assert sizes[0] == pytest.approx(1.0, rel=0.1)
    assert np.sqrt(np.mean((parts @ w) ** 2)) / (1e-4 * np.linalg.norm(w)) == pytest.approx(sizes[0], rel=1e-6)


def test_a_basis_is_written_by_its_simplest_vectors():
    basis = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]])
    mixed = basis @ np.array([[0.3, 0.7], [0.9, -0.2]])
    found = simplest_basis(mixed, (0, 1, 2))
    assert np.linalg.matrix_rank(np.hstack([found, basis])) == 2
    assert all(simple_number(entry) is not None for entry in found.ravel())


def test_errors_of_zero_are_those_of_others():
    assert above_zero(np.array([[0.0, 3.0], [1e-9, 0.0]])).min() == 1e-9
