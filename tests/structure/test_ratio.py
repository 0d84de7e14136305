"""Groups of columns that enter through one expression, against functions written down with them."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure import as_function, groups, probe, separable_ratio
from surrogates import KNOWN, Known, blocks_of, network, surrogate


def looked_at(known, error, seed=0):
    X = known.rows()
    names = tuple(f"x{k + 1}" for k in range(known.columns))
    return probe(surrogate(known.f, X, error, seed) if error else as_function(known.f, X, names), X)


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if not (known.sums or known.products)])
def test_smallest_groups_are_those_of_the_function(name, error):
    known = KNOWN[name]
    found = [set(one.columns) for one in groups(looked_at(known, error))]
    smallest = [one for one in found if not any(other < one for other in found)]
    assert sorted(map(sorted, smallest)) == sorted(map(list, blocks_of(known.groups)))


@pytest.mark.parametrize("error", [0.0, 1e-2])
@pytest.mark.parametrize("seed", range(3))
def test_random_networks_have_no_groups(seed, error):
    f, X = network(4, seed), np.random.default_rng(seed).uniform(-1, 1, (500, 4))
    assert not groups(probe(surrogate(f, X, error, seed) if error else as_function(f, X, tuple("abcd")), X))


@pytest.mark.parametrize("error", [0.0, 1e-3, 1e-2])
def test_a_function_of_a_sum_of_blocks_is_found_through_the_function(error):
    known = Known(lambda X: ((X[:, 0] * X[:, 1]).exp() + X[:, 2] ** 2 * X[:, 3]).log(), 4, low=0.5, high=1.5)
    looked = looked_at(known, error)
    assert separable_ratio(looked, [0, 1], [2, 3]).holds
    assert separable_ratio(looked, [0, 2], [1, 3]).fails
