"""Sums of functions of single columns that do not vary."""

from __future__ import annotations

import numpy as np

from edgewise.structure.related.implicit import conserved, left_over
from edgewise.structure.related.parts import parts_of


def parts(columns):
    X = np.stack(columns, 1)
    return parts_of(X, tuple(f"x{k}" for k in range(X.shape[1])), 0)


def test_the_columns_of_a_conserved_sum_are_found_among_others():
    generator = np.random.default_rng(0)
    direction = generator.standard_normal((600, 3))
    x, y, z = (direction / np.linalg.norm(direction, axis=1, keepdims=True)).T
    u, v = generator.standard_normal((2, 600))
    found = conserved(parts([u, x, y, v, z]), range(5))
    assert found is not None and found.columns == (1, 2, 4) and found.left < 1e-9


def test_the_functions_are_those_of_the_law_up_to_a_factor():
    generator = np.random.default_rng(1)
    a, b = generator.uniform(1, 3, (2, 800))
    table = parts([a, b, 5 / (a * b)])
    found = conserved(table, range(3))
    assert found is not None and found.left < 1e-3
    for term, column in zip(found.terms(table.judging).T, table.judging.T, strict=True):
        assert abs(np.corrcoef(term, np.log(column))[0, 1]) > 0.995


def test_independent_columns_have_no_conserved_sum():
    for seed in range(5):
        X = np.random.default_rng(seed).standard_normal((200, 4))
        assert conserved(parts(list(X.T)), range(4)) is None


def test_what_is_left_of_independent_terms_is_all():
    terms = np.random.default_rng(0).standard_normal((100_000, 3))
    assert abs(left_over(terms) - 1) < 0.02
    assert left_over(np.hstack([terms, -terms])) < 1e-20
