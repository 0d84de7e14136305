"""Columns as functions of a few others."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.structure.related.explicit import explained
from edgewise.structure.related.parts import parts_of
from edgewise.structure.related.writing import written

GENERATOR = np.random.default_rng(0)
A, B, C, D = GENERATOR.uniform(1, 2, (4, 500))
LAWS = {"a*b": A * B, "b + a**2": A**2 + B, "a/b": A / B, "sqrt(a + b)": np.sqrt(A + B), "log(a)": np.log(A)}


def parts(target):
    return parts_of(np.stack([A, B, C, D, target], 1), ("a", "b", "c", "d", "y"), 0)


@pytest.mark.parametrize("law", LAWS)
def test_a_column_is_explained_by_the_columns_of_its_law_and_written_as_it(law):
    import sympy

    table = parts(LAWS[law])
    found = explained(table, 4, range(5))
    assert found.parents == ((0,) if "b" not in law else (0, 1)) and found.left < 1e-3
    form = written(table, 4, found.parents, found.left)
    assert form is not None and sympy.simplify(form.expression - sympy.sympify(law)) == 0
    assert form.left(table.judging) < 1e-12


def test_noise_is_explained_by_nothing():
    found = explained(parts(GENERATOR.standard_normal(500)), 4, range(5))
    assert found.parents == () and found.left == 1.0
