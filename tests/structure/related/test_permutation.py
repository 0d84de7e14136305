"""Permutation tests of relations."""

from __future__ import annotations

import numpy as np

from edgewise.structure.related.permutation import p_value_explicit, p_value_implicit


def test_p_values_of_independent_columns_are_uniform():
    generator = np.random.default_rng(0)
    pairs = generator.standard_normal((150, 2, 40))
    explicit = [p_value_explicit(one, other, seed) for seed, (one, other) in enumerate(pairs)]
    implicit = [p_value_implicit(generator.standard_normal((40, 3)), seed) for seed in range(150)]
    for values in (explicit, implicit):
        assert 0.02 < np.mean(np.array(values) < 0.1) < 0.2
        assert 0.4 < np.mean(values) < 0.6


def test_p_values_of_tied_columns_are_the_smallest_there_are():
    x = np.random.default_rng(0).standard_normal((60, 1))
    assert p_value_explicit(x[:, 0], x[:, 0] ** 3, 0) == 1 / 2000
    assert p_value_implicit(np.hstack([x, -x]), 0) == 1 / 2000
