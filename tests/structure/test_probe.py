"""Functions looked at on rows, and on rows with exchanged columns."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ConfigError, DataError
from edgewise.structure import as_function, grown, probe, probe_of, unused
from edgewise.structure.probe import column_names

X = np.random.default_rng(0).uniform(1, 2, (1000, 3))


def looked_at(f):
    return probe(as_function(f, X, ("a", "b", "c")), X)


def test_exchanged_rows_have_columns_of_one_donor_and_no_row_is_its_own():
    found = looked_at(lambda X: X.sum(1))
    assert len(found.base.X) == 600
    moved = found.exchanged([0, 2])
    np.testing.assert_array_equal(moved[:, 1], found.base.X[:, 1])
    np.testing.assert_array_equal(moved[:, [0, 2]], found.donors[:, [0, 2]])
    assert not (found.donors == found.base.X).all(1).any()
    np.testing.assert_array_equal(np.sort(found.donors, 0), np.sort(found.base.X, 0))


def test_noise_that_is_new_at_every_call_is_seen_as_an_error():
    generator = np.random.default_rng(1)
    noise = looked_at(lambda X: generator.standard_normal(len(X)))
    assert np.median(noise.base.f_error) == pytest.approx(1.0, rel=0.5)
    assert not any(found.holds for found in unused(noise))
    assert grown(looked_at(lambda X: X[:, 0] * X[:, 1] + 1e-3 * generator.standard_normal(len(X)))).formula == "a * b"


def test_columns_that_are_steps_are_taken_apart_by_values():
    assert grown(looked_at(lambda X: np.floor(3 * X[:, 0]) + X[:, 1])).formula == "f(a) + b"


@pytest.mark.parametrize("size", [1e-200, 1e70])
def test_functions_that_leave_the_range_of_numbers_are_refused(size):
    with pytest.raises(DataError, match="give it in other units"):
        looked_at(lambda X: size * X[:, 0])


def test_names_are_those_given_or_known():
    model = ew.fit(ew.KAN((3, 1)), X[:100], X[:100].sum(1), optimizer="evidence", progress=False).model
    assert probe_of(model, X, None, None, 0).base.names == model.input_names
    assert probe_of(model, X, None, ("p", "q", "r"), 0).base.names == ("p", "q", "r")
    with pytest.raises(ConfigError, match="3 different names"):
        column_names(X, 3, ("p", "p", "q"))
